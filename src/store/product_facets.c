/* Facets: the rows that a list would look at, counted in one statement.
 *
 * The rows are looked at once, and what is needed of them is kept for the counts; those of attributes, which cost most,
 * are made from the pairs of key and value that they have in common. */
#include "store/product_facets_store.h"

#include "product_list_source.h"

#include "base/log.h"

#include <assert.h>
#include <string.h>

enum column { COLUMN_KIND, COLUMN_KEY, COLUMN_VALUE, COLUMN_LOW, COLUMN_HIGH, COLUMN_KEY_COUNT, COLUMN_COUNT };

/* The kind of the row that tells how many rows were looked at, and how many of them match; the others are those of
 * facet_kind. */
#define KIND_TOTAL 9

#define TOTAL_KIND TEXT_OF(KIND_TOTAL)
#define CATEGORIES_MAX TEXT_OF(FACET_CATEGORIES_MAX)
#define PRICES_MAX TEXT_OF(FACET_PRICES_MAX)
#define KEYS_MAX TEXT_OF(FACET_KEYS_MAX)
#define VALUES_MAX TEXT_OF(FACET_VALUES_MAX)

/* Bands of prices begin at 1, 2 and 5 times the powers of ten. */
#define BANDS                                                                                                          \
    "'{1,2,5,10,20,50,100,200,500,1e3,2e3,5e3,1e4,2e4,5e4,1e5,2e5,5e5,1e6,2e6,5e6,1e7,2e7,5e7,1e8,2e8,5e8,1e9,2e9,"    \
    "5e9,1e10,2e10,5e10,1e11,2e11,5e11,1e12,2e12,5e12,1e13,2e13,5e13}'::numeric[]"

/* What is counted of attributes: the pairs of key and value, of which lists count under each of their strings; of the
 * most frequent keys the most frequent values. */
#define PAIRS                                                                                                          \
    ", pair AS MATERIALIZED (SELECT key, value, count(*) AS n FROM looked, jsonb_each(attributes::jsonb) "             \
    "WHERE matches GROUP BY key, value)"                                                                               \
    ", frequent AS (SELECT key, sum(n) AS n FROM pair GROUP BY key ORDER BY n DESC, key LIMIT " KEYS_MAX ")"           \
    ", single AS (SELECT key, value, n FROM pair WHERE jsonb_typeof(value) <> 'array' "                                \
    "UNION ALL SELECT key, element, n FROM pair, LATERAL (SELECT DISTINCT jsonb_array_elements("                       \
    "CASE jsonb_typeof(value) WHEN 'array' THEN value ELSE '[]' END) AS element) elements)"                            \
    ", placed AS (SELECT single.key, single.value, sum(single.n) AS n, frequent.n AS key_n, "                          \
    "row_number() OVER (PARTITION BY single.key ORDER BY sum(single.n) DESC, single.value) AS place "                  \
    "FROM single JOIN frequent USING (key) GROUP BY single.key, single.value, frequent.n) "

#define TOTAL                                                                                                          \
    "(SELECT " TOTAL_KIND " AS kind, NULL AS key, NULL AS value, NULL AS low, NULL AS high, "                          \
    "count(*) AS key_n, count(*) FILTER (WHERE matches) AS n FROM looked)"

#define CATEGORIES                                                                                                     \
    "(SELECT 0, category_id::text, (SELECT name FROM category WHERE id = category_id), NULL, NULL, 0, n "              \
    "FROM (SELECT category_id, count(*) AS n FROM looked WHERE matches GROUP BY category_id "                          \
    "ORDER BY n DESC, category_id LIMIT " CATEGORIES_MAX ") counted ORDER BY n DESC, category_id)"

#define STATUSES                                                                                                       \
    "(SELECT 1, status, NULL, NULL, NULL, 0, n "                                                                       \
    "FROM (SELECT status, count(*) AS n FROM looked WHERE matches GROUP BY status) counted ORDER BY n DESC, status)"

#define PRICES                                                                                                         \
    "(SELECT 2, currency, NULL, min(price)::text, max(price)::text, 0, count(*) "                                      \
    "FROM (SELECT currency, price, width_bucket(price, " BANDS ") AS band FROM looked WHERE matches) priced "          \
    "GROUP BY currency, band ORDER BY currency, band LIMIT " PRICES_MAX ")"

#define ATTRIBUTES                                                                                                     \
    "(SELECT 3, key, value::text, NULL, NULL, key_n, n FROM placed WHERE place <= " VALUES_MAX " "                     \
    "ORDER BY key_n DESC, key, place)"

static const char counts[] =
    PAIRS TOTAL " UNION ALL " CATEGORIES " UNION ALL " STATUSES " UNION ALL " PRICES " UNION ALL " ATTRIBUTES;

static bool read_counts(const struct pg_result *result, size_t row, uint64_t *key_count, uint64_t *count_of_row)
{
    return text_to_u64(pg_value(result, row, COLUMN_KEY_COUNT), key_count) &&
           text_to_u64(pg_value(result, row, COLUMN_COUNT), count_of_row);
}

static enum status read_facets(struct scope *scope, const struct pg_result *result, struct product_facets *facets)
{
    const size_t rows = pg_rows(result);
    struct product_facets made = {.facet = arena_alloc(scope->arena, (rows + 1) * sizeof(struct facet))};
    uint64_t looked = LIST_SCAN_MAX;

    for (size_t row = 0; row < rows; row++) {
        struct facet *facet = &made.facet[made.facet_count];
        uint64_t kind = 0;

        *facet = (struct facet){.key = pg_value(result, row, COLUMN_KEY),
                                .value = pg_value(result, row, COLUMN_VALUE),
                                .low = pg_value(result, row, COLUMN_LOW),
                                .high = pg_value(result, row, COLUMN_HIGH)};
        if (!text_to_u64(pg_value(result, row, COLUMN_KIND), &kind) ||
            !read_counts(result, row, &facet->key_count, &facet->count)) {
            log_error("postgres: a facet has no kind or no count");
            return STATUS_INTERNAL;
        }
        if (kind == KIND_TOTAL) {
            looked = facet->key_count;
            made.count = facet->count;
        } else {
            facet->kind = (enum facet_kind)kind;
            made.facet_count++;
        }
    }
    made.complete = looked < LIST_SCAN_MAX;
    *facets = made;
    return STATUS_OK;
}

/* The rows of a source, counted. */
static enum status count(struct pg *pg, struct scope *scope, const struct list_request *request,
                         enum list_source source, struct product_facets *facets)
{
    struct list_statement statement;
    struct pg_result *result = NULL;

    list_statement_make(&statement, request, source, LIST_LOOKED, scope->arena);
    const size_t length = strlen(statement.sql);
    assert(length + sizeof counts <= sizeof statement.sql);
    memcpy(statement.sql + length, counts, sizeof counts);
    enum status status =
        pg_exec(pg, scope, statement.name, statement.sql, true, statement.values, statement.count, &result);
    return status == STATUS_OK ? read_facets(scope, result, facets) : status;
}

/* Where the rows come from in the first place. */
static enum status choose(struct pg *pg, struct scope *scope, const struct list_request *request,
                          enum list_source *source)
{
    enum status status = list_choose(pg, scope, request, source);

    if (status == STATUS_OK && *source == LIST_MERGE) {
        *source = LIST_FEW_BRANCH;
    }
    return status;
}

/* Counted anew, as the source had more rows than are looked at: all those of another filter, where the planner takes them
 * for so few and they are; else, where the newest have few products with the words of a search, those that the index of
 * words comes upon first; else the newest of all. */
static enum status count_again(struct pg *pg, struct scope *scope, const struct list_request *request,
                               enum list_source counted, struct product_facets *facets)
{
    struct product_facets whole = {0};
    enum list_source source = LIST_SCAN;
    uint64_t rows = UINT64_MAX;
    enum status status = list_choose_sorted(pg, scope, request, UINT32_C(1) << counted, &source, &rows);

    if (status == STATUS_OK && rows <= LIST_SORTED_GUESS_MAX) {
        status = count(pg, scope, request, source, &whole);
    }
    if (status == STATUS_OK && whole.complete) {
        *facets = whole;
        return STATUS_OK;
    }
    source = request->search != NULL && facets->count < LIST_RANKED_MAX ? LIST_FEW_SEARCH : LIST_SCAN;
    return status == STATUS_OK && source != counted ? count(pg, scope, request, source, facets) : status;
}

static enum status count_all(struct pg *pg, struct scope *scope, const struct list_request *request,
                             struct product_facets *facets)
{
    enum list_source source = LIST_SCAN;
    enum status status = choose(pg, scope, request, &source);

    if (status == STATUS_OK) {
        status = count(pg, scope, request, source, facets);
    }
    return status == STATUS_OK && !facets->complete ? count_again(pg, scope, request, source, facets) : status;
}

enum status product_facets_read(struct pg *pg, struct scope *scope, const struct product_query *query,
                                struct product_facets *facets, struct search_note *note)
{
    struct product_search search = {0};
    struct list_request request;
    struct product_facets made = {.complete = true};
    enum status status = list_prepare(pg, scope, query, &search, &request);

    if (status == STATUS_OK && !list_finds_nothing(&request)) {
        status = count_all(pg, scope, &request, &made);
    }
    if (status == STATUS_OK) {
        *facets = made;
        *note = search.note;
    }
    return status;
}

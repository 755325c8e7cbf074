/* Lists as SQL. Pure.
 *
 * Every statement has a bound on the rows that it looks at, whatever the table holds:
 *
 * Scan. The rows come from an index that has them in the order of the list behind what is equal for all of them (status;
 * category and status), beginning at the cursor. Several statuses are as many stretches of the index, which Merge Append
 * takes in turn. Where every filter is a part of that stretch the statement reads just the page. A filter that no index
 * orders (a price range in a list by name, currency, an attribute) is held against the rows as they come, and after
 * LIST_SCAN_MAX of them the scan stops: the second part of the statement, which runs only where the first did not fill
 * the page, and in its snapshot, tells at which row. The page is short then, perhaps empty, and the next one goes on
 * behind that row: no row is shown twice and none is left out.
 *
 * Merge. The categories of a subtree are known by number only when the request comes. From each of their stretches as many
 * rows are taken as make LIST_SCAN_MAX together, or the page where that is less. A stretch that was cut short hides what
 * lies behind its last row, so that the page ends with the nearest of these last rows, and the next begins there.
 *
 * Few. An id, a sku, a group, rare attributes or a narrow range yield few rows, which are cheaper to sort than to look for.
 * Ids and skus are few by their nature; of the others that is found out first, by a count that stops at LIST_FEW_MAX.
 *
 * By relevance no index has an order. The few rows of a filter are ranked and sorted; else the newest that match are,
 * LIST_RANKED_MAX of them or what the newest LIST_SCAN_MAX rows have, and where those end the list does. Of a word that so many products have, the newest are as good as the others.
 *
 * Each combination of filters is a statement of its own, planned for what it asks. Its name is made of the same bits as
 * the statement. */
#include "product_list_sql.h"

#include "domain/attribute.h"
#include "domain/product.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

/* Rows taken from each category of a subtree, in pages, where filters are held against them. */
#define MERGE_PAGES 20

#define TEXT_OF(number) TEXT_OF_EXPANDED(number)
#define TEXT_OF_EXPANDED(number) #number

enum parameter {
    P_CATEGORY,
    P_BRANCH,
    P_MIN_PRICE,
    P_MAX_PRICE,
    P_CURRENCY,
    P_SKU,
    P_GROUP,
    P_IDS,
    P_CREATED_AFTER,
    P_CREATED_BEFORE,
    P_UPDATED_AFTER,
    P_SEARCH,
    P_SEARCH_SOURCE,
    P_SEARCH_WANTED,
    P_SEARCH_EXACT,
    P_KEY,
    P_ID,
    P_LIMIT,
    P_ATTRIBUTE,
    P_COUNT = P_ATTRIBUTE + LIST_ATTRIBUTES_MAX
};

static_assert(P_COUNT <= PG_PARAMETERS_MAX, "a statement takes every filter at once");

/* A statement as it is put together. */
struct builder {
    struct list_statement *statement;
    const struct list_request *request;
    const struct product_filter *filter;
    struct arena *arena;
    enum list_source source;
    enum product_sort sort;
    bool ascending; /* of the scan, which for a page before the cursor runs against the order of the list */
    bool placed;    /* only what lies beyond the cursor */
    bool planned;   /* by how common words are, as what is counted has no bound */
    char *end;
    unsigned number[P_COUNT]; /* 0: not bound yet */
};

/* --- orders --- */

static const struct {
    const char *column;
    size_t at; /* of the columns of a row */
    bool by_category;
} orders[SORT_COUNT] = {
    [SORT_CREATED_AT] = {"created_at", PRODUCT_CREATED_AT, true},
    [SORT_UPDATED_AT] = {"updated_at", PRODUCT_UPDATED_AT, false},
    [SORT_PRICE] = {"price", PRODUCT_PRICE, true},
    [SORT_NAME] = {"name_order", PRODUCT_FIELD_COUNT, true},
    [SORT_RELEVANCE] = {"rank", PRODUCT_FIELD_COUNT, false},
};

size_t list_key_column(enum product_sort sort)
{
    return orders[sort].at;
}

bool list_order_by_category(enum product_sort sort)
{
    return orders[sort].by_category;
}

bool list_backward(const struct product_query *query)
{
    return query->has_cursor && query->cursor.backward;
}

/* --- text and values --- */

static void add(struct builder *b, const char *sql)
{
    const size_t length = strlen(sql);
    const size_t left = (size_t)(b->statement->sql + LIST_SQL_MAX - b->end);

    assert(length < left);
    memcpy(b->end, sql, length + 1);
    b->end += length;
}

/* {"key": value}, as JSON. The value is quoted unless raw. */
static char *put_pair(char *at, const struct attribute_filter *attribute, const char *before, const char *after)
{
    static const char hex[] = "0123456789abcdef";
    const bool raw = before[0] == '\0';

    *at++ = '{';
    *at++ = '"';
    at = mempcpy(at, attribute->key.data, attribute->key.length);
    at = stpcpy(stpcpy(at, "\":"), before);
    for (size_t i = 0; i < attribute->value.length; i++) {
        const char c = attribute->value.data[i];
        if (!raw && (c == '"' || c == '\\')) {
            *at++ = '\\';
            *at++ = c;
        } else if (!raw && (unsigned char)c < 0x20) {
            at = stpcpy(at, "\\u00");
            *at++ = hex[(unsigned char)c >> 4U];
            *at++ = hex[(unsigned char)c & 0xFU];
        } else {
            *at++ = c;
        }
    }
    at = stpcpy(at, after);
    *at++ = '}';
    return at;
}

/* What an attribute may be to match, as an array of JSON documents that it then contains: the string, an array with it,
 * and the number or boolean that is spelled so. */
static struct text attribute_value(struct arena *arena, const struct attribute_filter *attribute)
{
    const struct text value = attribute->value;
    char *made = arena_alloc(arena, 3 * (attribute->key.length + 6 * value.length + 16));
    char *at = made;

    *at++ = '[';
    at = put_pair(at, attribute, "\"", "\"");
    *at++ = ',';
    at = put_pair(at, attribute, "[\"", "\"]");
    if (text_equal(value, TEXT("true")) || text_equal(value, TEXT("false")) || attribute_number_valid(value)) {
        *at++ = ',';
        at = put_pair(at, attribute, "", "");
    }
    *at++ = ']';
    return (struct text){.data = made, .length = (size_t)(at - made)};
}

static struct text ids_value(struct arena *arena, const struct product_filter *filter)
{
    size_t length = 2;
    for (size_t i = 0; i < filter->id_count; i++) {
        length += filter->ids[i].length + 1;
    }
    char *made = arena_alloc(arena, length);
    char *at = made;
    for (size_t i = 0; i < filter->id_count; i++) {
        *at++ = i == 0 ? '{' : ',';
        at = mempcpy(at, filter->ids[i].data, filter->ids[i].length);
    }
    *at++ = '}';
    return (struct text){.data = made, .length = (size_t)(at - made)};
}

/* The value of a parameter; absent for a filter that was not given. */
static struct text value_of(const struct builder *b, size_t parameter)
{
    const struct product_filter *filter = b->filter;

    switch (parameter) {
    case P_CATEGORY:
        return filter->category_id;
    case P_BRANCH:
        return b->request->branch;
    case P_MIN_PRICE:
        return filter->min_price;
    case P_MAX_PRICE:
        return filter->max_price;
    case P_CURRENCY:
        return filter->currency;
    case P_SKU:
        return filter->sku;
    case P_GROUP:
        return filter->group_key;
    case P_IDS:
        return filter->id_count > 0 ? ids_value(b->arena, filter) : TEXT_ABSENT;
    case P_CREATED_AFTER:
        return filter->created_after;
    case P_CREATED_BEFORE:
        return filter->created_before;
    case P_UPDATED_AFTER:
        return filter->updated_after;
    case P_SEARCH:
        return b->request->search->match;
    case P_SEARCH_SOURCE:
        return b->request->search->source;
    case P_SEARCH_WANTED:
        return b->request->search->wanted;
    case P_SEARCH_EXACT:
        return b->request->search->exact;
    case P_KEY:
        return cursor_key(&b->request->query->cursor);
    case P_ID:
        return text_of(b->request->query->cursor.id);
    case P_LIMIT:
        /* One more than asked for tells whether another page follows. */
        return arena_printf(b->arena, "%u", b->request->query->limit + 1);
    default:
        return parameter - P_ATTRIBUTE < filter->attribute_count
                   ? attribute_value(b->arena, &filter->attributes[parameter - P_ATTRIBUTE])
                   : TEXT_ABSENT;
    }
}

/* Adds "$n" for a parameter, which is bound where it was not yet. */
static void add_parameter(struct builder *b, size_t parameter)
{
    char text[16];

    if (b->number[parameter] == 0) {
        b->statement->values[b->statement->count++] = value_of(b, parameter);
        b->number[parameter] = (unsigned)b->statement->count;
    }
    (void)snprintf(text, sizeof text, "$%u", b->number[parameter]);
    add(b, text);
}

/* --- conditions --- */

/* Filters that compare a column. */
static const struct {
    size_t parameter;
    const char *sql; /* before and behind the parameter */
    const char *behind;
    enum product_sort order; /* in which it is a stretch of the index; SORT_COUNT: in none */
} comparisons[] = {
    {P_MIN_PRICE, " AND price >= ", "", SORT_PRICE},
    {P_MAX_PRICE, " AND price <= ", "", SORT_PRICE},
    {P_CREATED_AFTER, " AND created_at > ", "", SORT_CREATED_AT},
    {P_CREATED_BEFORE, " AND created_at < ", "", SORT_CREATED_AT},
    {P_UPDATED_AFTER, " AND updated_at > ", "", SORT_UPDATED_AT},
    {P_CURRENCY, " AND currency = ", "", SORT_COUNT},
    {P_SKU, " AND sku IS NOT NULL AND lower(sku) = lower(", ")", SORT_COUNT},
    {P_GROUP, " AND group_key = ", "", SORT_COUNT},
    {P_IDS, " AND id = ANY (", "::uuid[])", SORT_COUNT},
    {P_SEARCH, " AND search @@ (", "::tsquery)", SORT_COUNT},
};

#define COMPARISON_COUNT (sizeof comparisons / sizeof comparisons[0])

static bool is_given(const struct product_filter *filter, size_t parameter)
{
    const struct text given[] = {
        [P_CATEGORY] = filter->category_id,
        [P_MIN_PRICE] = filter->min_price,
        [P_MAX_PRICE] = filter->max_price,
        [P_CURRENCY] = filter->currency,
        [P_SKU] = filter->sku,
        [P_GROUP] = filter->group_key,
        [P_IDS] = filter->ids[0],
        [P_CREATED_AFTER] = filter->created_after,
        [P_CREATED_BEFORE] = filter->created_before,
        [P_UPDATED_AFTER] = filter->updated_after,
        [P_SEARCH] = filter->search,
    };
    return given[parameter].data != NULL;
}

static void add_comparison(struct builder *b, size_t i)
{
    if (is_given(b->filter, comparisons[i].parameter)) {
        add(b, comparisons[i].sql);
        /* Behind SELECT the planner does not see the words: it would else now and then prefer to read the table. */
        add(b, comparisons[i].parameter == P_SEARCH && !b->planned ? "SELECT " : "");
        add_parameter(b, comparisons[i].parameter);
        add(b, comparisons[i].behind);
    }
}

static void add_attributes(struct builder *b)
{
    for (size_t i = 0; i < b->filter->attribute_count; i++) {
        static const char *const alternatives[] = {" AND (attributes::jsonb @> (",
                                                   "::jsonb -> 0) OR attributes::jsonb @> (",
                                                   "::jsonb -> 1) OR attributes::jsonb @> (", "::jsonb -> 2))"};
        add(b, alternatives[0]);
        for (size_t j = 1; j < sizeof alternatives / sizeof alternatives[0]; j++) {
            add_parameter(b, P_ATTRIBUTE + i);
            add(b, alternatives[j]);
        }
    }
}

/* " AND status IN ('active', 'draft')" */
static void add_statuses(struct builder *b)
{
    const uint32_t statuses = product_filter_statuses(b->filter);
    const char *before = " AND status IN ('";

    for (size_t i = 0; i < product_status_count; i++) {
        if ((statuses & UINT32_C(1) << i) != 0) {
            add(b, before);
            add(b, product_statuses[i]);
            before = "', '";
        }
    }
    add(b, "')");
}

/* The categories below one, itself included. UNION ends also where the tree has a cycle. */
static const char branch_before[] = "WITH RECURSIVE branch (id) AS (SELECT id FROM category WHERE id = ";
static const char branch_behind[] = " UNION SELECT c.id FROM category c JOIN branch ON c.parent_id = branch.id) "
                                    "SELECT id FROM branch";

/* A category as something that is looked up for each row: hashed, however many they are. IS TRUE keeps the planner from
 * making a join of it, which would lose the order. */
static void add_category(struct builder *b)
{
    switch (b->request->category) {
    case LIST_CATEGORY:
        add(b, " AND category_id = ");
        add_parameter(b, P_CATEGORY);
        break;
    case LIST_BRANCH:
        add(b, " AND (category_id IN (SELECT unnest(");
        add_parameter(b, P_BRANCH);
        add(b, "::uuid[]))) IS TRUE");
        break;
    case LIST_WIDE:
        add(b, " AND (category_id IN (");
        add(b, branch_before);
        add_parameter(b, P_CATEGORY);
        add(b, branch_behind);
        add(b, ")) IS TRUE");
        break;
    case LIST_ANYWHERE:
    default:
        break;
    }
}

/* Only rows beyond the cursor. */
static void add_place(struct builder *b)
{
    if (!b->placed) {
        return;
    }
    add(b, " AND (");
    add(b, orders[b->sort].column);
    add(b, b->ascending ? ", id) >" : ", id) <");
    add(b, b->request->query->cursor.inclusive ? "= (" : " (");
    add_parameter(b, P_KEY);
    add(b, ", ");
    add_parameter(b, P_ID);
    add(b, ")");
}

static void add_order(struct builder *b)
{
    add(b, " ORDER BY ");
    add(b, orders[b->sort].column);
    add(b, b->ascending ? ", id" : " DESC, id DESC");
}

/* Filters that are a stretch of the index, and the cursor. */
static void add_stretch(struct builder *b)
{
    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        if (comparisons[i].order == b->sort) {
            add_comparison(b, i);
        }
    }
    add_place(b);
}

static bool category_in_index(const struct builder *b)
{
    return b->request->category == LIST_CATEGORY && orders[b->sort].by_category;
}

/* True where a filter is held against the rows of the scan, and is no stretch of its index. */
static bool has_residue(const struct builder *b)
{
    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        if (comparisons[i].order != b->sort && is_given(b->filter, comparisons[i].parameter)) {
            return true;
        }
    }
    return b->filter->attribute_count > 0 ||
           (b->source == LIST_SCAN && b->request->category != LIST_ANYWHERE && !category_in_index(b));
}

/* The filters that are no stretch of the index. */
static void add_residue(struct builder *b)
{
    add(b, "true");
    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        if (comparisons[i].order != b->sort) {
            add_comparison(b, i);
        }
    }
    add_attributes(b);
    if (b->source == LIST_SCAN && !category_in_index(b)) {
        add_category(b);
    }
}

/* Every filter. */
static void add_all_filters(struct builder *b)
{
    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        add_comparison(b, i);
    }
    add_statuses(b);
    add_category(b);
    add_attributes(b);
}

/* --- pages --- */

static void add_columns(struct builder *b)
{
    for (size_t i = 0; i < product_schema.count; i++) {
        add(b, i == 0 ? "" : ", ");
        add(b, product_schema.fields[i].name);
    }
    if (orders[b->sort].at >= product_schema.count) {
        add(b, ", ");
        add(b, orders[b->sort].column);
    }
}

static void add_stream(struct builder *b, const char *status)
{
    add(b, "product WHERE status = '");
    add(b, status);
    add(b, "' AND deleted_at IS NULL");
    if (category_in_index(b)) {
        add_category(b);
    }
    add_stretch(b);
}

/* What stands behind FROM: one stretch of the index, or one for each status. Each of those has its order and its bound, so
 * that the planner merges them instead of sorting them together. */
static void add_streams(struct builder *b)
{
    const uint32_t statuses = product_filter_statuses(b->filter);
    const bool several = (statuses & (statuses - 1)) != 0;
    bool first = true;

    for (size_t i = 0; i < product_status_count; i++) {
        if ((statuses & UINT32_C(1) << i) != 0) {
            if (several) {
                add(b, first ? "((SELECT * FROM " : " UNION ALL (SELECT * FROM ");
            }
            add_stream(b, product_statuses[i]);
            if (several) {
                add_order(b);
                add(b, " LIMIT " TEXT_OF(LIST_SCAN_MAX) ")");
            }
            first = false;
        }
    }
    if (several) {
        add(b, ") product");
    }
}

static void add_limit(struct builder *b)
{
    add(b, " LIMIT ");
    add_parameter(b, P_LIMIT);
}

static void add_scan(struct builder *b)
{
    if (!has_residue(b)) {
        add(b, "SELECT ");
        add_columns(b);
        add(b, " FROM ");
        add_streams(b);
        add_order(b);
        add_limit(b);
        return;
    }
    b->statement->has_stop = true;
    add(b, "(SELECT ");
    add_columns(b);
    add(b, ", false FROM (SELECT * FROM ");
    add_streams(b);
    add_order(b);
    add(b, " LIMIT " TEXT_OF(LIST_SCAN_MAX) ") product WHERE ");
    add_residue(b);
    add_order(b);
    add_limit(b);
    add(b, ") UNION ALL (SELECT ");
    add_columns(b);
    add(b, ", true FROM ");
    add_streams(b);
    add_order(b);
    add(b, " OFFSET " TEXT_OF(LIST_SCAN_MAX) " - 1 LIMIT 1)");
    add_limit(b);
}

/* The statuses as rows. */
static void add_status_rows(struct builder *b)
{
    const uint32_t statuses = product_filter_statuses(b->filter);
    const char *before = "(VALUES ('";

    for (size_t i = 0; i < product_status_count; i++) {
        if ((statuses & UINT32_C(1) << i) != 0) {
            add(b, before);
            add(b, product_statuses[i]);
            before = "'), ('";
        }
    }
    add(b, "')) s (status)");
}

static void add_merge(struct builder *b)
{
    const char *key = orders[b->sort].column;

    b->statement->has_stop = true;
    add(b, "WITH stream AS MATERIALIZED (SELECT c.category, s.status FROM unnest(");
    add_parameter(b, P_BRANCH);
    add(b, "::uuid[]) c (category), ");
    add_status_rows(b);
    add(b, "), quota AS MATERIALIZED (SELECT greatest(1, least(");
    add_parameter(b, P_LIMIT);
    add(b, has_residue(b) ? "::bigint * " TEXT_OF(MERGE_PAGES) : "::bigint");
    add(b,
        ", " TEXT_OF(LIST_SCAN_MAX) " / greatest(1, count(*)))) AS size FROM stream), "
                                    "scanned AS MATERIALIZED (SELECT taken.* FROM stream CROSS JOIN LATERAL (SELECT ");
    add(b, key);
    add(b, " AS key, id, row_number() OVER () AS place, (");
    add_residue(b);
    add(b, ") AS matches FROM (SELECT * FROM product WHERE category_id = stream.category AND status = stream.status "
           "AND deleted_at IS NULL");
    add_stretch(b);
    add_order(b);
    add(b, " LIMIT (SELECT size FROM quota)) product) taken), "
           "stop AS MATERIALIZED (SELECT key, id FROM scanned WHERE place = (SELECT size FROM quota) ORDER BY ");
    add(b, b->ascending ? "key, id" : "key DESC, id DESC");
    add(b, " LIMIT 1) (SELECT ");
    add_columns(b);
    add(b, ", false FROM (SELECT key, id AS page_id FROM scanned WHERE matches IS TRUE AND (NOT EXISTS (SELECT FROM "
           "stop) OR (key, id) ");
    add(b, b->ascending ? "<=" : ">=");
    add(b, " (SELECT key, id FROM stop)) ORDER BY ");
    add(b, b->ascending ? "key, id" : "key DESC, id DESC");
    add_limit(b);
    add(b, ") page JOIN product ON product.id = page_id");
    add_order(b);
    add(b, ") UNION ALL (SELECT ");
    add_columns(b);
    add(b, ", true FROM product WHERE id = (SELECT id FROM stop))");
    add_limit(b);
}

/* --- the few rows of one filter --- */

/* The index that has a filter's rows together. The order is read from it, so that a bound on the rows is one on the
 * entries that are looked at; of attributes alone there is no order. Equality is written as a range of one value: that has
 * an order, which no other index has, so that even of a table without statistics the right one is read. */
static void add_few(struct builder *b, const char *limit)
{
    static const struct {
        enum parameter parameter;
        const char *from;
        const char *to;
        const char *order; /* NULL where the parameter comes once */
    } single[LIST_SOURCE_COUNT] = {
        [LIST_FEW_IDS] = {P_IDS, " AND id = ANY (", "::uuid[]) ORDER BY id", NULL},
        [LIST_FEW_SKU] = {P_SKU, " AND sku IS NOT NULL AND lower(sku) >= lower(", ") AND lower(sku) <= lower(",
                          ") ORDER BY lower(sku)"},
        [LIST_FEW_SEARCH] = {P_SEARCH_SOURCE, " AND search @@ (SELECT ", "::tsquery)", NULL},
        [LIST_FEW_GROUP] = {P_GROUP, " AND group_key IS NOT NULL AND group_key >= ", " AND group_key <= ",
                            " ORDER BY group_key, id"},
    };
    static const enum product_sort of[LIST_SOURCE_COUNT] = {
        [LIST_FEW_PRICES] = SORT_PRICE,
        [LIST_FEW_CREATED] = SORT_CREATED_AT,
        [LIST_FEW_UPDATED] = SORT_UPDATED_AT,
        [LIST_FEW_CATEGORY] = SORT_CREATED_AT,
    };

    if (b->source >= LIST_FEW_PRICES) {
        struct builder few = *b;

        few.sort = of[b->source];
        few.ascending = true;
        few.placed = false;
        add_streams(&few);
        add_order(&few);
        few.sort = b->sort;
        few.ascending = b->ascending;
        few.placed = b->placed;
        *b = few;
    } else if (b->source == LIST_FEW_BRANCH) {
        add(b, "(SELECT product.* FROM unnest(");
        add_parameter(b, P_BRANCH);
        add(b, "::uuid[]) c (category) CROSS JOIN ");
        add_status_rows(b);
        add(b, " CROSS JOIN LATERAL (SELECT * FROM product WHERE category_id = c.category AND status = s.status AND "
               "deleted_at IS NULL ORDER BY created_at DESC, id DESC LIMIT ");
        add(b, limit);
        add(b, ") product) product");
    } else {
        add(b, "product WHERE deleted_at IS NULL");
        if (single[b->source].from == NULL) {
            add_attributes(b);
        } else {
            add(b, single[b->source].from);
            add_parameter(b, single[b->source].parameter);
            add(b, single[b->source].to);
            if (single[b->source].order != NULL) {
                add_parameter(b, single[b->source].parameter);
                add(b, single[b->source].order);
            }
        }
    }
    add(b, " LIMIT ");
    add(b, limit);
}

/* --- by relevance --- */

/* How well a row matches, as a whole number, so that it can be a key: where the words stand (name, sku, description) and
 * how near to each other, and before that whether they are there as they were given, and not only longer ones. */
static void add_rank(struct builder *b)
{
    add(b, "(10000 * ts_rank('{0.02, 0.05, 0.2, 0.5}', search, (SELECT ");
    add_parameter(b, P_SEARCH_WANTED);
    add(b, "::tsquery)))::integer + CASE WHEN search @@ (SELECT ");
    add_parameter(b, P_SEARCH_EXACT);
    add(b, "::tsquery) THEN 10000 ELSE 0 END");
}

static void add_ranked_few(struct builder *b)
{
    add(b, "SELECT ");
    add_columns(b);
    add(b, " FROM (SELECT product.*, ");
    add_rank(b);
    add(b, " AS rank FROM (SELECT * FROM ");
    add_few(b, TEXT_OF(LIST_SCAN_MAX));
    add(b, ") product WHERE true");
    add_all_filters(b);
    add(b, ") product WHERE true");
    add_place(b);
    add_order(b);
    add_limit(b);
}

/* The newest rows that the index knows to match, and what follows of a statement of a scan. */
static void add_newest(struct builder *b)
{
    add(b, "(SELECT * FROM ");
    add_streams(b);
    add_order(b);
    add(b, " LIMIT " TEXT_OF(LIST_SCAN_MAX) ") product");
}

/* The keys of what was ranked are sorted, and the rows of the page are read anew. */
static void add_ranked_newest(struct builder *b)
{
    const struct builder order = *b;

    b->sort = SORT_CREATED_AT;
    b->ascending = false;
    b->placed = false;
    add(b, "WITH ranked AS MATERIALIZED (SELECT id, " TEXT_OF(LIST_RANK_NEWEST) " + ");
    add_rank(b);
    add(b, " AS rank FROM (SELECT * FROM ");
    add_newest(b);
    add(b, " WHERE ");
    add_residue(b);
    add(b, " LIMIT " TEXT_OF(LIST_RANKED_MAX) ") product");
    b->sort = order.sort;
    b->ascending = order.ascending;
    b->placed = order.placed;
    add(b, ") SELECT ");
    add_columns(b);
    add(b, " FROM (SELECT id AS page_id, rank FROM ranked WHERE true");
    add_place(b);
    add_order(b);
    add_limit(b);
    add(b, ") page JOIN product ON product.id = page_id");
    add_order(b);
}

/* --- for what is made of many rows --- */

static void add_looked(struct builder *b)
{
    add(b, "WITH looked AS MATERIALIZED (SELECT category_id, status, currency, price, attributes, (");
    if (b->source == LIST_SCAN) {
        add_residue(b);
        add(b, ") IS TRUE AS matches FROM ");
        add_newest(b);
    } else {
        add(b, "true");
        add_all_filters(b);
        add(b, ") IS TRUE AS matches FROM (SELECT * FROM ");
        add_few(b, TEXT_OF(LIST_SCAN_MAX));
        add(b, ") product");
    }
    add(b, ")");
}

static void add_few_page(struct builder *b)
{
    add(b, "SELECT ");
    add_columns(b);
    add(b, " FROM (SELECT * FROM ");
    add_few(b, TEXT_OF(LIST_SCAN_MAX));
    add(b, ") product WHERE true");
    add_all_filters(b);
    add_place(b);
    add_order(b);
    add_limit(b);
}

bool list_source_applies(const struct list_request *request, enum list_source source)
{
    const struct product_query *query = request->query;
    const struct product_filter *filter = &query->filter;

    switch (source) {
    case LIST_FEW_IDS:
        return filter->id_count > 0;
    case LIST_FEW_SKU:
        return filter->sku.data != NULL;
    case LIST_FEW_GROUP:
        return filter->group_key.data != NULL;
    case LIST_FEW_SEARCH:
        return filter->search.data != NULL && request->search->spread == SEARCH_FEW;
    case LIST_FEW_BRANCH:
        return request->category == LIST_BRANCH;
    case LIST_FEW_ATTRIBUTES:
        return filter->attribute_count > 0;
    case LIST_FEW_PRICES:
        return query->sort != SORT_PRICE && (filter->min_price.data != NULL || filter->max_price.data != NULL);
    case LIST_FEW_CREATED:
        return query->sort != SORT_CREATED_AT &&
               (filter->created_after.data != NULL || filter->created_before.data != NULL);
    case LIST_FEW_UPDATED:
        return query->sort != SORT_UPDATED_AT && filter->updated_after.data != NULL;
    case LIST_FEW_CATEGORY:
        return request->category == LIST_CATEGORY && !orders[query->sort].by_category;
    case LIST_MERGE:
        return request->category == LIST_BRANCH && orders[query->sort].by_category;
    case LIST_SCAN:
        return true;
    case LIST_SOURCE_COUNT:
    default:
        return false;
    }
}

/* --- names --- */

/* All that the text of a statement depends on, as one number. */
static uint64_t shape_of(const struct builder *b, enum list_ask ask)
{
    const struct product_query *query = b->request->query;
    const bool placed = ask == LIST_PAGE && query->has_cursor;
    uint64_t shape = ask;

    shape = shape << 4U | b->source;
    shape = shape << 3U | (ask == LIST_PAGE ? b->sort : SORT_CREATED_AT);
    shape = shape << 1U | (ask == LIST_PAGE && b->ascending);
    shape = shape << 1U | placed;
    shape = shape << 1U | (placed && query->cursor.inclusive);
    shape = shape << 3U | product_filter_statuses(b->filter);
    shape = shape << 2U | b->request->category;
    shape = shape << 4U | b->filter->attribute_count;
    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        shape = shape << 1U | is_given(b->filter, comparisons[i].parameter);
    }
    return shape;
}

void list_branch_statement(struct list_statement *statement, struct text category_id)
{
    statement->count = 1;
    statement->values[0] = category_id;
    statement->has_stop = false;
    (void)stpcpy(statement->name, "list_branch");
    (void)stpcpy(stpcpy(stpcpy(stpcpy(statement->sql, branch_before), "$1"), branch_behind),
                 " LIMIT " TEXT_OF(LIST_BRANCH_MAX) " + 1");
}

void list_statement_make(struct list_statement *statement, const struct list_request *request, enum list_source source,
                         enum list_ask ask, struct arena *arena)
{
    struct builder b = {
        .statement = statement,
        .request = request,
        .filter = &request->query->filter,
        .arena = arena,
        .source = source,
        .sort = request->query->sort,
        .ascending = request->query->ascending != list_backward(request->query),
        .placed = ask == LIST_PAGE && request->query->has_cursor,
        .planned = ask == LIST_COUNT || ask == LIST_ESTIMATE,
        .end = statement->sql,
    };

    statement->count = 0;
    statement->has_stop = false;
    (void)snprintf(statement->name, sizeof statement->name, "list_%llx", (unsigned long long)shape_of(&b, ask));
    switch (ask) {
    case LIST_PROBE:
        add(&b, "SELECT count(*) FROM (SELECT FROM ");
        add_few(&b, TEXT_OF(LIST_FEW_MAX) " + 1");
        add(&b, ") few");
        break;
    case LIST_COUNT:
        add(&b, "SELECT count(*) FROM product WHERE deleted_at IS NULL");
        add_all_filters(&b);
        break;
    case LIST_EXPORT:
        add(&b, "SELECT ");
        add_columns(&b);
        add(&b, " FROM product WHERE deleted_at IS NULL");
        add_all_filters(&b);
        add(&b, " ORDER BY id");
        break;
    case LIST_ESTIMATE:
        add(&b, "EXPLAIN SELECT FROM product WHERE deleted_at IS NULL");
        add_all_filters(&b);
        break;
    case LIST_LOOKED:
        b.sort = SORT_CREATED_AT;
        b.ascending = false;
        add_looked(&b);
        break;
    case LIST_PAGE:
    default:
        if (b.sort == SORT_RELEVANCE) {
            if (source == LIST_SCAN) {
                add_ranked_newest(&b);
            } else {
                add_ranked_few(&b);
            }
        } else if (source == LIST_SCAN) {
            add_scan(&b);
        } else if (source == LIST_MERGE) {
            add_merge(&b);
        } else {
            add_few_page(&b);
        }
        break;
    }
}

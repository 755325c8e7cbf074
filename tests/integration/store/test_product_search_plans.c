/* The plans of searches and facets: with every filter beside it, no search may look at more rows than its bound, and no
 * question may cost more to plan than the index of words is worth. */
#include "store/product_search.h"

#include "million.h"

#include "domain/timestamp.h"

/* --- statements --- */

enum { F_PRICE, F_CURRENCY, F_GROUP, F_AFTER, F_UPDATED, F_ATTRIBUTE, F_IDS, F_SKU, F_COUNT };

static void set_filters(struct product_filter *filter, unsigned bits)
{
    const struct text instant = {.data = "2026-01-03T00:00:00.000000Z", .length = TIMESTAMP_LENGTH};
    filter->min_price = bits >> F_PRICE & 1U ? TEXT("9.5") : TEXT_ABSENT;
    filter->currency = bits >> F_CURRENCY & 1U ? TEXT("EUR") : TEXT_ABSENT;
    filter->group_key = bits >> F_GROUP & 1U ? TEXT("G85") : TEXT_ABSENT;
    filter->created_after = bits >> F_AFTER & 1U ? instant : TEXT_ABSENT;
    filter->updated_after = bits >> F_UPDATED & 1U ? instant : TEXT_ABSENT;
    filter->attribute_count = bits >> F_ATTRIBUTE & 1U;
    filter->attributes[0] = (struct attribute_filter){TEXT("colour"), TEXT("red")};
    filter->ids[0] = bits >> F_IDS & 1U ? TEXT(PRODUCT) : TEXT_ABSENT;
    filter->id_count = bits >> F_IDS & 1U;
    filter->sku = bits >> F_SKU & 1U ? TEXT("s-256") : TEXT_ABSENT;
}

static void set_cursor(struct product_query *query)
{
    static const char *const keys[SORT_COUNT] = {[SORT_CREATED_AT] = "2026-01-02T00:00:00.000000Z",
                                                 [SORT_UPDATED_AT] = "2026-01-02T00:00:00.000000Z",
                                                 [SORT_PRICE] = "50",
                                                 [SORT_NAME] = "common",
                                                 [SORT_RELEVANCE] = "12345"};
    query->has_cursor = true;
    query->cursor = (struct cursor){.key_length = strlen(keys[query->sort]), .id = PRODUCT};
    memcpy(query->cursor.key, keys[query->sort], query->cursor.key_length);
}

static unsigned check_statement(struct database *database, const struct list_request *request, enum list_source source,
                                enum list_ask asked, bool run)
{
    struct list_statement statement;
    list_statement_make(&statement, request, source, asked, database->scope.arena);
    if (asked == LIST_LOOKED) {
        (void)strcat(statement.sql, " SELECT count(*) FROM looked");
    }
    check_plan(database, &statement);
    if (run) {
        check_run(database, &statement);
    }
    return 1;
}

/* What a list in the order of an index may come to with a source: what is looked at first, and what where that is short. */
static unsigned check_ordered(struct database *database, const struct list_request *request, enum list_source source,
                              bool run)
{
    if (source == LIST_SCAN || source == LIST_MERGE) {
        return check_statement(database, request, source, LIST_GLANCE, run) +
               check_statement(database, request, source, LIST_PAGE, run);
    }
    unsigned statements = 0;
    if (source <= LIST_FEW_SEARCH && list_source_applies(request, source)) {
        statements += check_statement(database, request, source, LIST_PAGE, run);
    }
    return source >= LIST_FEW_GROUP ? statements + check_statement(database, request, source, LIST_SORTED, run)
                                    : statements;
}

/* Where the rows of a request may come from, in the first place and where they are too many. */
static bool may_come_from(const struct list_request *request, enum list_source source, enum list_ask asked)
{
    if (source == LIST_MERGE && (asked == LIST_LOOKED || request->query->sort == SORT_RELEVANCE)) {
        return false;
    }
    if (source == LIST_FEW_BRANCH && asked != LIST_LOOKED) {
        return false;
    }
    if (source == LIST_FEW_SEARCH && asked == LIST_PAGE && request->query->sort != SORT_RELEVANCE) {
        return true; /* however many match: they are sorted where they are no more than the bound */
    }
    return list_source_applies(request, source);
}

static unsigned check_sources(struct database *database, const struct list_request *request, enum list_ask asked,
                              bool run)
{
    unsigned statements = 0;
    for (enum list_source source = LIST_SCAN; source < LIST_SOURCE_COUNT; source++) {
        if (!may_come_from(request, source, asked)) {
            continue;
        }
        if (asked == LIST_PAGE && request->query->sort != SORT_RELEVANCE) {
            statements += check_ordered(database, request, source, run);
        } else {
            statements += check_statement(database, request, source, asked, run);
        }
    }
    arena_reset(database->scope.arena);
    return statements;
}

/* A search as it would be planned, of few matches and of many. */
static struct product_search search_of(enum search_spread spread)
{
    const struct text few = TEXT("w17 & third");
    const struct text many = TEXT("common & thi:*");
    return (struct product_search){.spread = spread,
                                   .source = few,
                                   .match = spread == SEARCH_FEW ? few : many,
                                   .wanted = spread == SEARCH_FEW ? few : many,
                                   .exact = few};
}

/* All orders, both ways, with and without a cursor, and facets, in each kind of category. */
static unsigned check_filters(struct database *database, unsigned filters, bool searched, bool run)
{
    unsigned statements = 0;
    for (unsigned i = 0; i < 2U * 4U * 2U * 2U * (SORT_COUNT + 1U); i++) {
        const struct product_search search = search_of(i % 2 == 0 ? SEARCH_FEW : SEARCH_MANY);
        const unsigned order = i / 32;
        struct product_query query = {.limit = 50, .sort = (enum product_sort)(order % SORT_COUNT)};
        struct list_request request = {.query = &query, .category = (enum list_category)(i / 2 % 4), .search = &search};
        const enum list_ask asked = order == SORT_COUNT ? LIST_LOOKED : LIST_PAGE;

        if (run && (i / 8 & 1U) != 0) {
            continue; /* the other direction reads as much */
        }
        set_filters(&query.filter, filters);
        query.filter.search = searched ? TEXT("words") : TEXT_ABSENT;
        query.ascending = (i / 8 & 1U) != 0;
        if (request.category != LIST_ANYWHERE) {
            query.filter.category_id = request.category == LIST_CATEGORY ? TEXT(LEAF) : TEXT(ROOT);
        }
        if (request.category == LIST_BRANCH) {
            request.branch = TEXT("{" ROOT "," LEAF ",01900000-0000-7000-8000-000000000006}");
        }
        if ((i / 16 & 1U) != 0 && asked == LIST_PAGE) {
            set_cursor(&query);
        }
        if (searched || asked == LIST_LOOKED) {
            statements += check_sources(database, &request, asked, run);
        }
    }
    return statements;
}

static void every_search_is_bounded_by_its_plan(void **state)
{
    unsigned statements = 0;
    for (unsigned filters = 0; filters < 1U << F_COUNT; filters++) {
        if (bits_in(filters) <= 1 || filters + 1 == 1U << F_COUNT || filters + 1 == 1U << F_IDS) {
            statements += check_filters(*state, filters, true, false);
        }
    }
    print_message("%u statements\n", statements);
}

static void facets_are_bounded_by_their_plan(void **state)
{
    unsigned statements = 0;
    for (unsigned filters = 0; filters < 1U << F_COUNT; filters++) {
        if (bits_in(filters) <= 2) {
            statements += check_filters(*state, filters, false, false);
        }
    }
    print_message("%u statements\n", statements);
}

/* The planner's word is held against what really happens. */
static void what_is_run_looks_at_no_more_rows_than_the_bound(void **state)
{
    unsigned statements = 0;
    for (unsigned filters = 0; filters < 1U << F_COUNT; filters++) {
        if (bits_in(filters) <= 1) {
            statements += check_filters(*state, filters, true, true);
        }
    }
    print_message("%u statements\n", statements);
}

/* --- the plan of a search --- */

static struct product_search plan(struct database *database, const char *text)
{
    struct product_search search;
    assert_int_equal(product_search_plan(database->pg, &database->scope, text_of(text), &search), STATUS_OK);
    return search;
}

/* The pages of 8 KiB that are read for the plan of a search. */
static unsigned long pages_read(struct database *database, const char *terms, const char *kinds)
{
    static const char sql[] =
        "CREATE OR REPLACE FUNCTION pages_of(terms text[], kinds integer[]) RETURNS bigint LANGUAGE plpgsql AS $f$\n"
        "DECLARE\n"
        "    plan json;\n"
        "BEGIN\n"
        "    EXECUTE format('EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT * FROM search_plan(%L, %L, "
        "%s)',\n"
        "                   terms, kinds, 3000) INTO plan;\n"
        "    RETURN (plan->0->'Plan'->>'Shared Hit Blocks')::bigint + (plan->0->'Plan'->>'Shared Read "
        "Blocks')::bigint;\n"
        "END $f$";
    const char *question = arena_printf(database->scope.arena, "SELECT pages_of('{%s}', '{%s}')", terms, kinds).data;
    run_sql(database, sql);
    (void)ask(database, question); /* the first time the system's own tables are read */
    return strtoul(ask(database, question), NULL, 10);
}

static void a_plan_reads_a_bounded_part_of_the_index(void **state)
{
    static const struct {
        const char *terms;
        const char *kinds;
        unsigned long pages_most;
    } rows[] = {
        {"common", "0", 200},       /* known to be common: nothing is counted */
        {"third,comm", "0,2", 400}, /* and so are those that begin so */
        {"common", "1", 200},       /* all but */
        {"rare", "0", 3000},        /* a thousand */
        {"rare,third,common", "0,0,2", 3000},
        {"w17,third", "0,0", 3000},     /* 667 products, a page each at most, and their words' lists */
        {"left,right", "0,0", 400},     /* no product has both, which nothing tells beforehand */
        {"thrid", "0", 600},            /* misspelt */
        {"nothingofthekind", "0", 400}, /* and beyond help */
        {"third right", "0", 12000},    /* a phrase: 3,001 products are read to be sure */
    };
    struct database *database = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const unsigned long pages = pages_read(database, rows[i].terms, rows[i].kinds);
        if (pages > rows[i].pages_most) {
            fail_msg("%s: %lu pages", rows[i].terms, pages);
        }
    }
}

static void a_plan_knows_few_from_many(void **state)
{
    struct database *database = *state;
    assert_int_equal(plan(database, "rare").spread, SEARCH_FEW);
    assert_int_equal(plan(database, "rare third comm").spread, SEARCH_FEW);
    assert_int_equal(plan(database, "thrid rare").spread, SEARCH_FEW);
    assert_int_equal(plan(database, "rare nothingofthekind").spread, SEARCH_NOWHERE);
#if !defined(__SANITIZE_ADDRESS__)
    /* That these two never meet would have to be found out from long lists: the newest rows are looked at instead. */
    assert_int_equal(plan(database, "left right").spread, SEARCH_MANY);
    assert_int_equal(plan(database, "common").spread, SEARCH_MANY);
    assert_int_equal(plan(database, "-rare").spread, SEARCH_MANY);
    assert_int_equal(plan(database, "\"third right\"").spread, SEARCH_MANY);
    assert_int_equal(plan(database, "comon").spread, SEARCH_MANY);
#endif
    /* What comes from the index is the part without the word that may go on. */
    assert_text(plan(database, "rare third comm").source, "'rare' & 'third'");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_search_is_bounded_by_its_plan, million_take_time),
        cmocka_unit_test_setup(facets_are_bounded_by_their_plan, million_take_time),
        cmocka_unit_test_setup(what_is_run_looks_at_no_more_rows_than_the_bound, million_take_time),
        cmocka_unit_test_setup(a_plan_reads_a_bounded_part_of_the_index, million_take_time),
        cmocka_unit_test_setup(a_plan_knows_few_from_many, million_take_time),
    };
    return cmocka_run_group_tests(tests, million_set_up, million_tear_down);
}

/* Tests of store/product_list.h with a search, and of store/product_facets_store.h. */
#include "store/product_facets_store.h"
#include "store/product_list.h"

#include "../../../src/store/product_list_sql.h"
#include "../database.h"

#include "base/strbuf.h"
#include "domain/timestamp.h"

#define TEA "01900000-0000-7000-8000-000000000001"
#define GREEN "01900000-0000-7000-8000-000000000011"
#define COFFEE "01900000-0000-7000-8000-000000000002"

static int set_up(void **state)
{
    (void)catalogue_set_up(state);
    run_sql(*state, "INSERT INTO category (id, parent_id, name, slug) VALUES ('" TEA "', NULL, 'Tea', 'tea'), ('" GREEN
                    "', '" TEA "', 'Green', 'green'), ('" COFFEE "', NULL, 'Coffee', 'coffee')");
    return 0;
}

static int clear(void **state)
{
    (void)database_reset(state);
    run_sql(*state, "TRUNCATE product, search_word");
    return 0;
}

/* Every product has "common" in its name, every second one "even", every tenth "tenth" in its description alone. */
static void fill(struct database *database, unsigned count)
{
    run_sql(
        database,
        arena_printf(
            database->scope.arena,
            "INSERT INTO product (id, sku, name, description, price, currency, category_id, status, attributes, "
            "images, created_at, updated_at) "
            "SELECT ('01920000-0000-7000-8000-' || lpad(to_hex((n * 7919) %% 100003), 12, '0'))::uuid, 'Sku-' || n, "
            "CASE n %% 2 WHEN 0 THEN 'Even ' ELSE '' END || 'common ' || CASE n %% 3 WHEN 0 THEN 'third' ELSE "
            "'thirds' END, CASE n %% 10 WHEN 0 THEN 'The tenth, which is common' END, (n %% 50) + 0.5, "
            "(ARRAY['EUR', 'USD'])[n %% 2 + 1], (ARRAY['" TEA "', '" GREEN "', '" COFFEE
            "'])[n / 3 %% 3 + 1]::uuid, (ARRAY['active', 'active', 'active', 'draft'])[n / 5 %% 4 + 1], "
            "jsonb_build_object('size', n %% 7, 'colour', (ARRAY['red', 'green'])[n / 2 %% 2 + 1], 'tags', "
            "jsonb_build_array('t' || n %% 4, 'x', 'x')), '[]', "
            "timestamptz '2025-06-01' + (n / 7) * interval '1 s', timestamptz '2025-06-02' FROM "
            "generate_series(1, %u) n; ANALYZE product; SELECT search_learn_from(array_agg(search)) FROM product",
            count)
            .data);
}

static struct product_list read_list(struct database *database, const struct product_query *query)
{
    struct product_list list;
    assert_int_equal(product_list_read(database->pg, &database->scope, query, &list), STATUS_OK);
    return list;
}

/* As the catalog does. */
static void go_to(struct product_query *query, const struct product_place *place, bool backward)
{
    query->has_cursor = true;
    query->cursor = (struct cursor){.backward = backward, .key_length = place->key.length};
    memcpy(query->cursor.key, place->key.data, place->key.length);
    memcpy(query->cursor.id, place->id.data, UUID_TEXT_LENGTH);
}

/* The ids of a list, a line each, from all of its pages; and from its last row back to its first, where there is one. */
static struct text ids_of(struct database *database, struct product_query query, bool backward)
{
    struct product_list list = {.more = true};
    struct product_place last = {.key = TEXT_ABSENT};
    struct strbuf ids;

    strbuf_init(&ids, 1 << 24);
    while (list.more) {
        list = read_list(database, &query);
        assert_in_range(list.count, 0, query.limit);
        for (size_t i = 0; i < list.count && !backward; i++) {
            strbuf_append_text(&ids, list.products[i].value[PRODUCT_ID]);
            strbuf_append_char(&ids, '\n');
        }
        last = list.count > 0 ? list.last : last;
        if (list.more) {
            go_to(&query, &list.beyond, false);
        }
    }
    if (backward && last.key.data != NULL) {
        strbuf_append_text(&ids, last.id);
        strbuf_append_char(&ids, '\n');
        list.more = true;
        go_to(&query, &last, true);
        while (list.more) {
            list = read_list(database, &query);
            for (size_t i = list.count; i-- > 0;) {
                strbuf_append_text(&ids, list.products[i].value[PRODUCT_ID]);
                strbuf_append_char(&ids, '\n');
            }
            if (list.more) {
                go_to(&query, &list.beyond, true);
            }
        }
    }
    struct text copy = arena_copy(database->scope.arena, strbuf_text(&ids));
    strbuf_free(&ids);
    return copy;
}

static struct text ids_wanted(struct database *database, const char *where, const char *order)
{
    const char *sql = arena_printf(database->scope.arena,
                                   "SELECT coalesce(string_agg(id || E'\\n', '' ORDER BY %s), '') FROM product "
                                   "WHERE deleted_at IS NULL AND %s",
                                   order, where)
                          .data;
    return text_of(ask(database, sql));
}

#define COUNT_OF_IDS(ids) ((ids).length / (UUID_TEXT_LENGTH + 1))

static void assert_ids(struct text found, struct text wanted, const char *what)
{
    if (!text_equal(found, wanted)) {
        fail_msg("%s: %zu ids, not %zu:\n%.*s\nnot\n%.*s", what, COUNT_OF_IDS(found), COUNT_OF_IDS(wanted),
                 TEXT_PRINT(found), TEXT_PRINT(wanted));
    }
}

static int compare_lines(const void *a, const void *b)
{
    return memcmp(a, b, UUID_TEXT_LENGTH + 1);
}

static struct text sorted(struct arena *arena, struct text ids)
{
    char *copy = arena_string(arena, ids);
    qsort(copy, COUNT_OF_IDS(ids), UUID_TEXT_LENGTH + 1, compare_lines);
    return (struct text){.data = copy, .length = ids.length};
}

/* --- lists --- */

#define ACTIVE "status = 'active' AND "

static const struct {
    const char *search;
    const char *where;
    struct product_filter filter;
} searches[] = {
    {"even", ACTIVE "name LIKE 'Even%'", {.statuses = 0}},
    {"even", "name LIKE 'Even%'", {.statuses = 3}},
    {"commo", ACTIVE "true", {.statuses = 0}},
    {"tenth -even", ACTIVE "false", {.statuses = 0}},
    {"-tenth", ACTIVE "description IS NULL", {.statuses = 0}},
    {"-even tenth", ACTIVE "false", {.statuses = 0}},
    {"third", ACTIVE "true", {.statuses = 0}},
    {"\"common third\"", ACTIVE "name LIKE '%third'", {.statuses = 0}},
    {"even", ACTIVE "name LIKE 'Even%' AND currency = 'USD'", {.currency = {"USD", 3}}},
    {"even",
     ACTIVE "name LIKE 'Even%' AND price >= 10.5 AND price <= 20",
     {.min_price = {"10.5", 4}, .max_price = {"20", 2}}},
    {"even", "name LIKE 'Even%' AND category_id = '" GREEN "'", {.category_id = {GREEN, 36}, .statuses = 7}},
    {"even", ACTIVE "name LIKE 'Even%' AND category_id <> '" COFFEE "'", {.category_id = {TEA, 36}, .subtree = true}},
    {"even",
     ACTIVE "name LIKE 'Even%' AND attributes->>'colour' = 'red'",
     {.attributes = {{{"colour", 6}, {"red", 3}}}, .attribute_count = 1}},
    {"sku-1", ACTIVE "sku LIKE 'Sku-1%'", {.statuses = 0}},
    {"sku-1", ACTIVE "sku = 'Sku-10'", {.sku = {"SKU-10", 6}}},
    {"evven", ACTIVE "name LIKE 'Even%'", {.statuses = 0}},
};

static void every_order_shows_each_match_once(void **state)
{
    static const struct {
        enum product_sort sort;
        bool ascending;
        const char *order;
    } orders[] = {
        {SORT_CREATED_AT, false, "created_at DESC, id DESC"},
        {SORT_CREATED_AT, true, "created_at, id"},
        {SORT_PRICE, true, "price, id"},
        {SORT_NAME, false, "name_order DESC, id DESC"},
    };
    struct database *database = *state;
    fill(database, 700);
    run_sql(database, "UPDATE product SET deleted_at = now() WHERE price = 3.5");
    for (size_t i = 0; i < COUNT_OF(searches); i++) {
        struct product_query query = {.filter = searches[i].filter, .limit = 40};
        query.filter.search = text_of(searches[i].search);
        for (size_t j = 0; j < COUNT_OF(orders); j++) {
            query.sort = orders[j].sort;
            query.ascending = orders[j].ascending;
            assert_ids(ids_of(database, query, false), ids_wanted(database, searches[i].where, orders[j].order),
                       searches[i].search);
        }
        arena_reset(database->scope.arena);
        database_rearm(&database->scope);
    }
}

/* The one page that has all of them is the order that smaller pages must have, both ways. */
static void relevance_shows_each_match_once_from_both_ends(void **state)
{
    struct database *database = *state;
    fill(database, 600);
    for (size_t i = 0; i < COUNT_OF(searches); i++) {
        struct product_query query = {.filter = searches[i].filter, .limit = 500, .sort = SORT_RELEVANCE};
        query.filter.search = text_of(searches[i].search);
        const struct text whole = ids_of(database, query, false);
        const struct text wanted = ids_wanted(database, searches[i].where, "id");
        assert_ids(sorted(database->scope.arena, whole), sorted(database->scope.arena, wanted), searches[i].search);
        query.limit = 7;
        assert_ids(ids_of(database, query, false), whole, searches[i].search);
        struct text back = ids_of(database, query, true);
        assert_int_equal(back.length, whole.length);
        for (size_t at = 0; at < whole.length; at += UUID_TEXT_LENGTH + 1) {
            assert_memory_equal(back.data + at, whole.data + whole.length - at - (UUID_TEXT_LENGTH + 1),
                                UUID_TEXT_LENGTH + 1);
        }
        arena_reset(database->scope.arena);
        database_rearm(&database->scope);
    }
}

/* The skus of a page: "1 2". */
static const char *skus_found(struct database *database, const char *search)
{
    const struct product_query query = {.filter = {.search = text_of(search)}, .limit = 50, .sort = SORT_RELEVANCE};
    const struct product_list list = read_list(database, &query);
    struct text skus = TEXT("");
    for (size_t i = 0; i < list.count; i++) {
        skus = arena_printf(database->scope.arena, "%.*s%s%.*s", TEXT_PRINT(skus), i > 0 ? " " : "",
                            TEXT_PRINT(list.products[i].value[PRODUCT_SKU]));
    }
    return skus.data;
}

static void the_best_match_comes_first(void **state)
{
    struct database *database = *state;
    run_sql(
        database,
        "INSERT INTO product (id, sku, name, description, price, currency, category_id, status, attributes, images) "
        "SELECT ('01920000-0000-7000-8000-00000000000' || n)::uuid, sku, name, description, 1, 'EUR', '" TEA
        "', 'active', '{}', '[]' FROM (VALUES "
        "(1, 'A', 'Lamp', 'Stands beside a kettle'), (2, 'KETTLE', 'Pot', NULL), (3, 'C', 'Kettle', NULL), "
        "(4, 'D', 'Kettledrum', NULL), (5, 'E', 'Steel stand and a copper kettle', NULL), "
        "(6, 'F', 'Copper stand and a steel kettle', NULL)) goods (n, sku, name, description)");
    /* The name before the sku before the description; of equals the newest; longer words last. */
    assert_string_equal(skus_found(database, "kettle"), "F E C KETTLE A D");
    /* The nearer the words, the better. */
    assert_string_equal(skus_found(database, "steel kettle"), "F E");
    assert_string_equal(skus_found(database, "copper kettle"), "E F");
}

/* --- many --- */

static void of_many_matches_the_newest_are_ranked(void **state)
{
    struct database *database = *state;
    fill(database, LIST_SCAN_MAX + 8000);
    struct product_query query = {.filter = {.search = TEXT("common")}, .limit = 500, .sort = SORT_RELEVANCE};
    struct product_list list = read_list(database, &query);
    assert_true(list.note.newest_only);
    assert_true(list.more);
    const struct text found = ids_of(database, query, false);
    assert_int_equal(COUNT_OF_IDS(found), LIST_RANKED_MAX);
    assert_ids(sorted(database->scope.arena, found),
               sorted(database->scope.arena,
                      text_of(ask(database, "SELECT string_agg(id || E'\\n', '') FROM (SELECT id FROM product WHERE "
                                            "status = 'active' ORDER BY created_at DESC, id DESC LIMIT 2000) newest"))),
               "the newest");

    /* The pages behind the first are made from the same rows, also where few match by now. */
    go_to(&query, &list.beyond, false);
    run_sql(database,
            "UPDATE product SET deleted_at = now() WHERE created_at < '2025-06-01T01:00:00Z'; ANALYZE product");
    struct product_query first = query;
    first.has_cursor = false;
    assert_false(read_list(database, &first).note.newest_only);
    list = read_list(database, &query);
    assert_int_equal(list.count, 500);
    assert_memory_equal(list.products[0].value[PRODUCT_ID].data, found.data + (ptrdiff_t)500 * 37, 36);
}

/* As many as are too many to be looked at first, and none among the newest products. */
static void many_old_matches_are_found_too(void **state)
{
    struct database *database = *state;
    struct product_facets facets;
    struct search_note note;
    fill(database, LIST_SCAN_MAX + 16000);
    run_sql(database, "UPDATE product SET name = 'Quill ' || name, created_at = created_at - interval '20 years' WHERE "
                      "price = 7.5 OR price < 7; ANALYZE product");
    struct product_query query = {.filter = {.search = TEXT("quill")}, .limit = 500, .sort = SORT_RELEVANCE};
    const struct text wanted = ids_wanted(database, ACTIVE "name LIKE 'Quill%'", "id");
    const struct text whole = ids_of(database, query, false);
    assert_true(COUNT_OF_IDS(wanted) > 3000);
    assert_ids(sorted(database->scope.arena, whole), sorted(database->scope.arena, wanted), "quill");
    assert_int_equal(ids_of(database, query, true).length, whole.length);
    assert_false(read_list(database, &query).note.newest_only);

    database_rearm(&database->scope);
    assert_int_equal(product_facets_read(database->pg, &database->scope, &query, &facets, &note), STATUS_OK);
    assert_int_equal(facets.count, COUNT_OF_IDS(wanted));
    assert_true(facets.complete);
}

static void many_matches_are_listed_in_other_orders_to_the_end(void **state)
{
    struct database *database = *state;
    fill(database, 2 * LIST_SCAN_MAX);
    struct product_query query = {.filter = {.search = TEXT("common -\"even common\""), .currency = TEXT("USD")},
                                  .limit = 500};
    assert_ids(ids_of(database, query, false),
               ids_wanted(database, ACTIVE "name NOT LIKE 'Even%' AND currency = 'USD'", "created_at DESC, id DESC"),
               "odd");
    assert_false(read_list(database, &query).note.newest_only);
}

static void counts_are_of_what_is_found(void **state)
{
    struct database *database = *state;
    uint64_t count = 0;
    fill(database, 700);
    struct product_query query = {.filter = {.search = TEXT("even"), .statuses = 7}, .limit = 10};
    assert_int_equal(product_list_count(database->pg, &database->scope, &query, &count), STATUS_OK);
    assert_int_equal(count, 350);
    assert_int_equal(product_list_estimate(database->pg, &database->scope, &query, &count), STATUS_OK);
    assert_in_range(count, 300, 400);
    query.filter.search = TEXT("nothingofthekind");
    assert_int_equal(product_list_count(database->pg, &database->scope, &query, &count), STATUS_OK);
    assert_int_equal(count, 0);
    assert_int_equal(product_list_estimate(database->pg, &database->scope, &query, &count), STATUS_OK);
    assert_int_equal(count, 0);
}

/* --- facets --- */

/* A facet as a line: "0 key value low high 3". */
static const char *shown(struct database *database, const struct product_facets *facets)
{
    struct text lines = TEXT("");
    for (size_t i = 0; i < facets->facet_count; i++) {
        const struct facet *facet = &facets->facet[i];
        lines = arena_printf(database->scope.arena, "%.*s%d %.*s %.*s %.*s %.*s %llu %llu\n", TEXT_PRINT(lines),
                             (int)facet->kind, TEXT_PRINT(facet->key), TEXT_PRINT(facet->value), TEXT_PRINT(facet->low),
                             TEXT_PRINT(facet->high), (unsigned long long)facet->key_count,
                             (unsigned long long)facet->count);
    }
    return lines.data;
}

static struct product_facets read_facets(struct database *database, const struct product_query *query)
{
    struct product_facets facets;
    struct search_note note;
    assert_int_equal(product_facets_read(database->pg, &database->scope, query, &facets, &note), STATUS_OK);
    return facets;
}

/* The same from statements without a bound, of products that match a condition. */
static const char *wanted_facets(struct database *database, const char *where)
{
    static const char *const sql =
        "WITH matching AS (SELECT * FROM product WHERE deleted_at IS NULL AND %s), "
        "pairs AS (SELECT DISTINCT p.id, a.key, e.value FROM matching p, jsonb_each(p.attributes::jsonb) a, "
        "jsonb_array_elements(CASE jsonb_typeof(a.value) WHEN 'array' THEN a.value ELSE jsonb_build_array(a.value) "
        "END) e) "
        "SELECT coalesce(string_agg(line, '' ORDER BY kind, first, second, line), '') FROM ("
        "SELECT 0 AS kind, 0 AS first, -count(*) AS second, format(E'0 %%s %%s   0 %%s\\n', c.id, c.name, count(*)) AS "
        "line FROM matching p JOIN category c ON c.id = category_id GROUP BY c.id "
        "UNION ALL SELECT 1, 0, -count(*), format(E'1 %%s    0 %%s\\n', status, count(*)) FROM matching GROUP BY "
        "status "
        "UNION ALL SELECT 2, CASE currency WHEN 'EUR' THEN 1 ELSE 2 END, "
        "CASE WHEN price < 1 THEN 0 WHEN price < 2 THEN 1 WHEN price < 5 THEN 2 WHEN price < 10 THEN 3 "
        "WHEN price < 20 THEN 4 WHEN price < 50 THEN 5 ELSE 6 END AS band, "
        "format(E'2 %%s  %%s %%s 0 %%s\\n', currency, min(price), max(price), count(*)) FROM matching GROUP BY "
        "currency, "
        "band "
        "UNION ALL SELECT 3, CASE key WHEN 'colour' THEN 1 WHEN 'size' THEN 2 ELSE 3 END, -count(*), "
        "format(E'3 %%s %%s   %%s %%s\\n', key, value, (SELECT count(*) FROM matching), count(*)) FROM pairs "
        "GROUP BY key, value) lines";
    /* NOLINTNEXTLINE(clang-diagnostic-format-nonliteral): a constant */
    return ask(database, arena_printf(database->scope.arena, sql, where).data);
}

static void facets_count_what_the_list_shows(void **state)
{
    struct database *database = *state;
    fill(database, 700);
    run_sql(database, "UPDATE product SET deleted_at = now() WHERE price = 3.5");
    for (size_t i = 0; i < COUNT_OF(searches); i++) {
        struct product_query query = {.filter = searches[i].filter, .limit = 1};
        query.filter.search = text_of(searches[i].search);
        const struct product_facets facets = read_facets(database, &query);
        assert_true(facets.complete);
        assert_int_equal(facets.count, COUNT_OF_IDS(ids_wanted(database, searches[i].where, "id")));
        assert_string_equal(shown(database, &facets), wanted_facets(database, searches[i].where));
        arena_reset(database->scope.arena);
        database_rearm(&database->scope);
    }
}

static void facets_of_many_say_that_they_are_cut(void **state)
{
    struct database *database = *state;
    fill(database, LIST_SCAN_MAX * 2);
    struct product_query query = {.limit = 1};
    struct product_facets facets = read_facets(database, &query);
    assert_false(facets.complete);
    assert_int_equal(facets.count, LIST_SCAN_MAX);
    /* A category has fewer, and a subtree too. */
    query.filter.category_id = TEXT(TEA);
    facets = read_facets(database, &query);
    assert_true(facets.complete);
    assert_string_equal(shown(database, &facets), wanted_facets(database, ACTIVE "category_id = '" TEA "'"));
    query.filter.subtree = true;
    query.filter.statuses = 1;
    facets = read_facets(database, &query);
    assert_true(facets.complete);
    assert_string_equal(shown(database, &facets),
                        wanted_facets(database, "status = 'draft' AND category_id IN ('" TEA "', '" GREEN "')"));
    /* So has what is rare. */
    query = (struct product_query){.limit = 1};
    run_sql(database, "UPDATE product SET attributes = '{\"rare\": true}' WHERE sku IN ('Sku-1', 'Sku-2')");
    query.filter.attributes[0] = (struct attribute_filter){TEXT("rare"), TEXT("true")};
    query.filter.attribute_count = 1;
    facets = read_facets(database, &query);
    assert_true(facets.complete);
    assert_int_equal(facets.count, 2);
}

/* What is too much in the order of a list is counted whole where one filter has no more than can be looked at. */
static void facets_of_a_range_are_whole(void **state)
{
    static const struct {
        const char *where;
        struct product_filter filter;
    } ranges[] = {
        {ACTIVE "price BETWEEN 10.5 AND 29.5", {.min_price = {"10.5", 4}, .max_price = {"29.5", 4}}},
        {ACTIVE "price >= 30 AND currency = 'EUR'", {.min_price = {"30", 2}, .currency = {"EUR", 3}}},
        {"status = 'draft' AND price < 20", {.max_price = {"20", 2}, .statuses = 1}},
    };
    struct database *database = *state;

    fill(database, LIST_SCAN_MAX * 2);
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        const struct product_query query = {.limit = 1, .filter = ranges[i].filter};
        const struct product_facets facets = read_facets(database, &query);
        assert_true(facets.complete);
        assert_string_equal(shown(database, &facets), wanted_facets(database, ranges[i].where));
    }
}

static void facets_have_a_bound_on_their_number(void **state)
{
    struct database *database = *state;
    run_sql(database,
            "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images) "
            "SELECT gen_random_uuid(), 'P', 1, 'EUR', '" TEA "', 'active', (SELECT jsonb_object_agg('k' || k, "
            "k * 1000 + n) FROM generate_series(1, 50) k), '[]' FROM generate_series(1, 100) n");
    struct product_query query = {.limit = 1};
    const struct product_facets facets = read_facets(database, &query);
    assert_int_equal(facets.facet_count, 3 + FACET_KEYS_MAX * FACET_VALUES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_order_shows_each_match_once, clear),
        cmocka_unit_test_setup(relevance_shows_each_match_once_from_both_ends, clear),
        cmocka_unit_test_setup(the_best_match_comes_first, clear),
        cmocka_unit_test_setup(of_many_matches_the_newest_are_ranked, clear),
        cmocka_unit_test_setup(many_old_matches_are_found_too, clear),
        cmocka_unit_test_setup(many_matches_are_listed_in_other_orders_to_the_end, clear),
        cmocka_unit_test_setup(counts_are_of_what_is_found, clear),
        cmocka_unit_test_setup(facets_count_what_the_list_shows, clear),
        cmocka_unit_test_setup(facets_of_many_say_that_they_are_cut, clear),
        cmocka_unit_test_setup(facets_of_a_range_are_whole, clear),
        cmocka_unit_test_setup(facets_have_a_bound_on_their_number, clear),
    };
    return cmocka_run_group_tests(tests, set_up, database_tear_down);
}

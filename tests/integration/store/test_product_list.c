/* Tests of store/product_list.h: what pages show, in every order, from both ends. The plans are held in
 * test_product_list_plans.c. */
#include "store/product_list.h"

#include "../../../src/store/product_list_sql.h"
#include "../database.h"

#include "base/strbuf.h"
#include "domain/timestamp.h"

#define TEA "01900000-0000-7000-8000-000000000001"
#define GREEN "01900000-0000-7000-8000-000000000011"
#define SENCHA "01900000-0000-7000-8000-000000000111"
#define COFFEE "01900000-0000-7000-8000-000000000002"
#define NOWHERE "01900000-0000-7000-8000-0000000000ff"

static int set_up(void **state)
{
    (void)catalogue_set_up(state);
    run_sql(*state, "INSERT INTO category (id, parent_id, name, slug) VALUES ('" TEA "', NULL, 'Tea', 'tea'), ('" GREEN
                    "', '" TEA "', 'Green', 'green'), ('" SENCHA "', '" GREEN "', 'Sencha', 'sencha'), ('" COFFEE
                    "', NULL, 'Coffee', 'coffee')");
    return 0;
}

static int clear(void **state)
{
    (void)database_reset(state);
    run_sql(*state, "TRUNCATE product");
    return 0;
}

/* Products in these categories and statuses, seven to each point of time, with every kind of attribute. */
static void fill_with(struct database *database, unsigned count, const char *categories, const char *statuses)
{
    database->scope.deadline_ns = clock_deadline_in_ms(60000);
    run_sql(
        database,
        arena_printf(database->scope.arena,
                     "INSERT INTO product (id, sku, name, price, currency, category_id, status, attributes, images, "
                     "group_key, created_at, updated_at) "
                     "SELECT ('01920000-0000-7000-8000-' || lpad(to_hex((n * 7919) %% 100003), 12, '0'))::uuid, "
                     "'Sku-' || n, (ARRAY['Zoo', 'apple', '\u00c9clair', 'eclair', 'banana'])[n %% 5 + 1] || n %% 40, "
                     "(n %% 50) + 0.5, (ARRAY['EUR', 'USD'])[n %% 2 + 1], "
                     "(ARRAY[%s])[n / 3 %% 4 + 1]::uuid, (ARRAY[%s])[n / 5 %% 4 + 1], "
                     "jsonb_build_object('size', n %% 7, 'colour', (ARRAY['red', 'green'])[n / 2 %% 2 + 1], 'new', n "
                     "%% 3 = 0, 'tags', jsonb_build_array('t' || n %% 4, 'x')), '[]', 'G' || n / 10, "
                     "timestamptz '2025-06-01' + (n / 7) * interval '1 s', "
                     "timestamptz '2025-06-02' + (n * 31 %% 97) * interval '1 s' FROM generate_series(1, %u) n",
                     categories, statuses, count)
            .data);
}

static void fill(struct database *database, unsigned count)
{
    fill_with(database, count, "'" TEA "', '" GREEN "', '" SENCHA "', '" COFFEE "'",
              "'active', 'active', 'draft', 'archived'");
}

static enum status list_read(struct database *database, const struct product_query *query, struct product_list *list)
{
    return product_list_read(database->pg, &database->scope, query, list);
}

/* As the catalog does. */
static void go_to(struct product_query *query, const struct product_place *place, bool backward)
{
    query->has_cursor = true;
    query->cursor = (struct cursor){.backward = backward, .key_length = place->key.length};
    memcpy(query->cursor.key, place->key.data, place->key.length);
    memcpy(query->cursor.id, place->id.data, UUID_TEXT_LENGTH);
}

/* The ids of a list, a line each, from all of its pages. */
static struct text ids_of_pages(struct database *database, struct product_query query, bool backward)
{
    struct strbuf ids;
    struct product_list list = {.more = true};

    strbuf_init(&ids, 1 << 24);
    if (backward) {
        /* Before a row that stands behind all others. */
        static const char *const ends[][2] = {
            [SORT_CREATED_AT] = {"0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"},
            [SORT_UPDATED_AT] = {"0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"},
            [SORT_PRICE] = {"0", "99999999999999"},
            [SORT_NAME] = {"!", "\xf4\x8f\xbf\xbf"},
        };
        const struct product_place end = {.key = text_of(ends[query.sort][query.ascending]), .id = TEXT(NOWHERE)};
        go_to(&query, &end, true);
    }
    while (list.more) {
        assert_int_equal(list_read(database, &query, &list), STATUS_OK);
        assert_in_range(list.count, 0, query.limit);
        for (size_t i = 0; i < list.count; i++) {
            const size_t at = backward ? list.count - 1 - i : i;
            strbuf_append_text(&ids, list.products[at].value[PRODUCT_ID]);
            strbuf_append_char(&ids, '\n');
        }
        if (list.more) {
            go_to(&query, &list.beyond, backward);
        }
    }
    struct text copy = arena_copy(database->scope.arena, strbuf_text(&ids));
    strbuf_free(&ids);
    return copy;
}

static const char *const columns[] = {"created_at", "updated_at", "price", "name_order"};

/* The same from a statement that sorts the table. */
static struct text ids_wanted(struct database *database, const char *where, const struct product_query *query,
                              bool reversed)
{
    const char *direction = query->ascending != reversed ? "" : "DESC";
    const char *sql =
        arena_printf(database->scope.arena,
                     "SELECT coalesce(string_agg(id || E'\\n', '' ORDER BY %s %s, id %s), '') FROM product "
                     "WHERE deleted_at IS NULL AND %s",
                     columns[query->sort], direction, direction, where)
            .data;
    return text_of(ask(database, sql));
}

static void assert_pages(struct database *database, const char *where, struct product_query query)
{
    for (unsigned i = 0; i < 16; i++) {
        query.sort = (enum product_sort)(i / 4);
        query.ascending = (i & 1) != 0;
        const bool backward = (i & 2) != 0;
        const struct text wanted = ids_wanted(database, where, &query, backward);
        const struct text found = ids_of_pages(database, query, backward);
        if (!text_equal(found, wanted)) {
            fail_msg("%s, sort %s, ascending %d, backward %d: %zu ids, not %zu:\n%.*s\nnot\n%.*s", where,
                     columns[query.sort], query.ascending, backward, found.length / 37, wanted.length / 37,
                     TEXT_PRINT(found), TEXT_PRINT(wanted));
        }
    }
}

#define ACTIVE "status = 'active' AND "

static const struct {
    const char *where;
    struct product_filter filter;
} filters[] = {
    {ACTIVE "true", {.statuses = 0}},
    {"status = 'draft'", {.statuses = 1}},
    {"status <> 'active'", {.statuses = 5}},
    {"true", {.statuses = 7}},
    {ACTIVE "category_id = '" TEA "'", {.category_id = {TEA, UUID_TEXT_LENGTH}}},
    {ACTIVE "category_id = '" SENCHA "'", {.category_id = {SENCHA, UUID_TEXT_LENGTH}, .subtree = true}},
    {ACTIVE "category_id <> '" COFFEE "'", {.category_id = {TEA, UUID_TEXT_LENGTH}, .subtree = true}},
    {"category_id <> '" COFFEE "'", {.category_id = {TEA, UUID_TEXT_LENGTH}, .subtree = true, .statuses = 7}},
    {"category_id IN ('" GREEN "', '" SENCHA "') AND price >= 10 AND currency = 'EUR'",
     {.category_id = {GREEN, UUID_TEXT_LENGTH},
      .subtree = true,
      .statuses = 7,
      .min_price = {"10", 2},
      .currency = {"EUR", 3}}},
    {ACTIVE "false", {.category_id = {NOWHERE, UUID_TEXT_LENGTH}, .subtree = true}},
    {ACTIVE "price >= 10.5 AND price <= 20", {.min_price = {"10.50", 5}, .max_price = {"20", 2}}},
    {"status <> 'archived' AND price <= 7 AND category_id = '" TEA "'",
     {.max_price = {"7", 1}, .category_id = {TEA, UUID_TEXT_LENGTH}, .statuses = 3}},
    {ACTIVE "currency = 'USD'", {.currency = {"USD", 3}}},
    {ACTIVE "lower(sku) = 'sku-20'", {.sku = {"sKU-20", 6}}},
    {ACTIVE "group_key = 'G7'", {.group_key = {"G7", 2}}},
    {ACTIVE "id IN ('01920000-0000-7000-8000-000000001eef', '01920000-0000-7000-8000-000000003dde')",
     {.ids = {{"01920000-0000-7000-8000-000000001eef", UUID_TEXT_LENGTH},
              {"01920000-0000-7000-8000-000000003dde", UUID_TEXT_LENGTH},
              {NOWHERE, UUID_TEXT_LENGTH}},
      .id_count = 3}},
    {ACTIVE "attributes->>'colour' = 'red'", {.attributes = {{{"colour", 6}, {"red", 3}}}, .attribute_count = 1}},
    {ACTIVE "(attributes->>'size')::int = 3", {.attributes = {{{"size", 4}, {"3.0", 3}}}, .attribute_count = 1}},
    {ACTIVE "attributes->>'new' = 'true' AND (attributes->'tags')::jsonb ? 't1'",
     {.attributes = {{{"new", 3}, {"true", 4}}, {{"tags", 4}, {"t1", 2}}}, .attribute_count = 2}},
    {ACTIVE "false", {.attributes = {{{"colour", 6}, {"\"\\\n\x01", 4}}}, .attribute_count = 1}},
    {ACTIVE "created_at > '2025-06-01T00:00:07Z' AND created_at < '2025-06-01T00:00:20Z'",
     {.created_after = {"2025-06-01T00:00:07.000000Z", TIMESTAMP_LENGTH},
      .created_before = {"2025-06-01T00:00:20.000000Z", TIMESTAMP_LENGTH}}},
    {ACTIVE "updated_at > '2025-06-02T00:01:00Z'",
     {.updated_after = {"2025-06-02T00:01:00.000000Z", TIMESTAMP_LENGTH}}},
};

static void every_filter_in_every_order_shows_each_match_once_from_both_ends(void **state)
{
    static const uint32_t limits[] = {3, 50, 500};
    struct database *database = *state;
    fill(database, 300);
    run_sql(database, "UPDATE product SET deleted_at = now() WHERE price = 3.5");
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        for (size_t j = 0; j < COUNT_OF(limits); j++) {
            const struct product_query query = {.filter = filters[i].filter, .limit = limits[j]};
            assert_pages(database, filters[i].where, query);
        }
        arena_reset(database->scope.arena);
        database_rearm(&database->scope);
    }
}

/* More rows than one statement looks at, of which the filters take few or none: pages are short, and lead on. */
static void what_is_rare_is_found_behind_short_pages(void **state)
{
    struct database *database = *state;
    fill_with(database, 2 * LIST_SCAN_MAX + 5000, "'" TEA "', '" TEA "', '" TEA "', '" TEA "'",
              "'active', 'active', 'active', 'active'");
    /* 1,250 with the group, too many to be sorted; a few with the currency, which has no index. */
    run_sql(database, "UPDATE product SET group_key = 'many' WHERE substr(sku, 5)::int % 36 = 0");
    run_sql(database,
            "UPDATE product SET currency = 'CHF' WHERE sku IN ('Sku-1', 'Sku-20001', 'Sku-44990', 'Sku-44999')");
    /* And the rows on both sides of where a scan of each order stops. */
    for (unsigned i = 0; i < 8; i++) {
        const char *direction = i % 2 == 0 ? "" : "DESC";
        run_sql(database,
                arena_printf(database->scope.arena,
                             "UPDATE product SET currency = 'CHF' WHERE id IN (SELECT id FROM product ORDER BY "
                             "%s %s, id %s OFFSET %d LIMIT 2)",
                             columns[i / 2], direction, direction, LIST_SCAN_MAX - 1)
                    .data);
    }
    run_sql(database, "UPDATE product SET category_id = '" SENCHA "' WHERE substr(sku, 5)::int > 44000");
    static const struct {
        const char *where;
        struct product_filter filter;
    } rare[] = {
        {"group_key = 'many'", {.group_key = {"many", 4}}},
        {"currency = 'CHF'", {.currency = {"CHF", 3}}},
        {"currency = 'CHF'", {.currency = {"CHF", 3}, .category_id = {TEA, UUID_TEXT_LENGTH}, .subtree = true}},
        {"currency = 'JPY'", {.currency = {"JPY", 3}}},
    };
    for (size_t i = 0; i < COUNT_OF(rare); i++) {
        const struct product_query query = {.filter = rare[i].filter, .limit = 50};
        assert_pages(database, rare[i].where, query);
        arena_reset(database->scope.arena);
        database->scope.deadline_ns = clock_deadline_in_ms(60000);
    }
}

/* A filter of its own index answers at once what a scan would look for over many pages. */
static void a_rare_value_with_an_index_is_found_on_the_first_page(void **state)
{
    struct database *database = *state;
    fill_with(database, 2 * LIST_SCAN_MAX + 5000, "'" TEA "', '" TEA "', '" TEA "', '" TEA "'",
              "'active', 'active', 'active', 'active'");
    run_sql(database,
            "UPDATE product SET attributes = '{\"colour\": [\"mauve\"]}', price = 12345, category_id = '" SENCHA
            "', updated_at = '2025-07-01' WHERE sku IN ('Sku-2', 'Sku-3')");
    static const struct {
        struct product_filter filter;
        enum product_sort sort;
    } rare[] = {
        {{.attributes = {{{"colour", 6}, {"mauve", 5}}}, .attribute_count = 1}, SORT_NAME},
        {{.min_price = {"12345", 5}}, SORT_CREATED_AT},
        {{.updated_after = {"2025-06-30T00:00:00.000000Z", TIMESTAMP_LENGTH}}, SORT_CREATED_AT},
        {{.created_before = {"2025-06-01T00:00:01.000000Z", TIMESTAMP_LENGTH}, .min_price = {"1.6", 3}}, SORT_NAME},
        {{.category_id = {SENCHA, UUID_TEXT_LENGTH}}, SORT_UPDATED_AT},
    };
    for (size_t i = 0; i < COUNT_OF(rare); i++) {
        const struct product_query query = {.filter = rare[i].filter, .sort = rare[i].sort, .limit = 20};
        struct product_list list;
        assert_int_equal(list_read(database, &query, &list), STATUS_OK);
        assert_row(list.count > 0 && !list.more, "rare");
    }
}

static void a_list_without_matches_is_empty(void **state)
{
    struct product_list list = {.count = 1, .more = true};
    const struct product_query query = {.filter.category_id = TEXT(NOWHERE), .limit = 20};
    assert_int_equal(list_read(*state, &query, &list), STATUS_OK);
    assert_int_equal(list.count, 0);
    assert_false(list.more);
}

static void more_tells_exactly_whether_a_page_follows(void **state)
{
    struct database *database = *state;
    fill(database, 100);
    run_sql(database, "UPDATE product SET status = 'active'");
    for (unsigned i = 0; i < 6; i++) {
        struct product_query query = {.limit = 99 + i / 2};
        struct product_list list;
        query.filter.max_price = i % 2 == 0 ? TEXT_ABSENT : TEXT("1000");
        assert_int_equal(list_read(database, &query, &list), STATUS_OK);
        assert_int_equal(list.count, query.limit < 100 ? query.limit : 100);
        assert_int_equal(list.more, query.limit < 100);
    }
}

/* 500 products of a megabyte each must not fill a worker's memory. */
static void a_page_of_large_products_ends_early(void **state)
{
    static const uint32_t limits[] = {20, 500};
    struct database *database = *state;
    run_sql(database,
            "INSERT INTO product (id, name, description, price, currency, category_id, status, attributes, images) "
            "SELECT gen_random_uuid(), 'P' || n, 'd', 1, 'EUR', '" TEA "', 'active', "
            "jsonb_build_object('large', repeat('x', 1000000)), '[]' FROM generate_series(1, 60) n");
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        struct product_list list;
        const struct product_query query = {.limit = limits[i]};
        assert_int_equal(list_read(database, &query, &list), STATUS_OK);
        assert_int_equal(list.count, 8);
        assert_true(list.more);
        assert_true(text_equal(ids_of_pages(database, query, false), ids_wanted(database, "true", &query, false)));
        arena_reset(database->scope.arena);
        database_rearm(&database->scope);
    }
}

static void counts_are_exact_or_estimated(void **state)
{
    struct database *database = *state;
    fill(database, 300);
    run_sql(database, "ANALYZE product");
    for (size_t i = 0; i < COUNT_OF(filters); i++) {
        const struct product_query query = {.filter = filters[i].filter, .limit = 1};
        const char *sql = arena_printf(database->scope.arena,
                                       "SELECT count(*) FROM product WHERE deleted_at IS NULL AND %s", filters[i].where)
                              .data;
        uint64_t count = UINT64_MAX;
        uint64_t estimate = UINT64_MAX;
        assert_int_equal(product_list_count(database->pg, &database->scope, &query, &count), STATUS_OK);
        assert_int_equal(count, strtoull(ask(database, sql), NULL, 10));
        assert_int_equal(product_list_estimate(database->pg, &database->scope, &query, &estimate), STATUS_OK);
        assert_in_range(estimate, 0, 300);
    }
    const struct product_query all = {.filter.statuses = 7};
    uint64_t estimate = 0;
    assert_int_equal(product_list_estimate(database->pg, &database->scope, &all, &estimate), STATUS_OK);
    assert_in_range(estimate, 250, 300);
}

/* Letter case and accents do not count, and digits stand before letters. */
static void names_are_ordered_for_people(void **state)
{
    struct database *database = *state;
    const struct product_query query = {.sort = SORT_NAME, .ascending = true, .limit = 20};
    static const char *const wanted[] = {"10 cups", "2 cups", "apple",    "Banana",          "\u00c9clair",
                                         "eclairs", "Zoo",    "\xd0\x96", "\xd0\xb6\xd0\xb0"};
    struct product_list list;
    for (size_t i = COUNT_OF(wanted); i-- > 0;) {
        run_sql(database,
                arena_printf(database->scope.arena,
                             "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images) "
                             "VALUES (gen_random_uuid(), '%s', 1, 'EUR', '" TEA "', 'active', '{}', '[]')",
                             wanted[i])
                    .data);
    }
    assert_int_equal(list_read(database, &query, &list), STATUS_OK);
    assert_int_equal(list.count, COUNT_OF(wanted));
    for (size_t i = 0; i < COUNT_OF(wanted); i++) {
        assert_text(list.products[i].value[PRODUCT_NAME], wanted[i]);
    }
}

/* The longest names there are, of letters that become several. */
static void the_longest_name_can_be_ordered(void **state)
{
    struct database *database = *state;
    const struct product_query query = {.sort = SORT_NAME, .limit = 1};
    struct product_list list;
    run_sql(database, "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images) "
                      "SELECT gen_random_uuid(), repeat(letter, 200), 1, 'EUR', '" TEA "', 'active', '{}', '[]' "
                      "FROM unnest(ARRAY[U&'\\FDFA', U&'\\+01F600', U&'\\00C9']) letter");
    assert_int_equal(list_read(database, &query, &list), STATUS_OK);
    assert_int_equal(list.first.key.length, CURSOR_KEY_MAX);
    assert_pages(database, "true", (struct product_query){.limit = 1});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_filter_in_every_order_shows_each_match_once_from_both_ends, clear),
        cmocka_unit_test_setup(what_is_rare_is_found_behind_short_pages, clear),
        cmocka_unit_test_setup(a_rare_value_with_an_index_is_found_on_the_first_page, clear),
        cmocka_unit_test_setup(a_list_without_matches_is_empty, clear),
        cmocka_unit_test_setup(more_tells_exactly_whether_a_page_follows, clear),
        cmocka_unit_test_setup(a_page_of_large_products_ends_early, clear),
        cmocka_unit_test_setup(counts_are_exact_or_estimated, clear),
        cmocka_unit_test_setup(names_are_ordered_for_people, clear),
        cmocka_unit_test_setup(the_longest_name_can_be_ordered, clear),
    };
    return cmocka_run_group_tests(tests, set_up, database_tear_down);
}

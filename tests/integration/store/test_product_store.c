/* Tests of store/product_store.h and store/product_bulk.h. */
#include "store/product_bulk.h"
#include "store/product_store.h"

#include "product_fixture.h"

#include "domain/price.h"
#include "domain/timestamp.h"

/* --- one --- */

static void a_product_comes_back_as_it_was_stored(void **state)
{
    struct database *database = *state;
    struct record given = make_product(database, 1, TEA);
    struct record read;
    record_set(&given, PRODUCT_SKU, TEXT("Tea-100"));
    record_set(&given, PRODUCT_NAME, TEXT("Gr\xc3\xbcn \"{tea}\" \\ 'x', $1 \xf0\x9f\x8d\xb5"));
    record_set(&given, PRODUCT_DESCRIPTION, TEXT("two\nlines\tand"));
    record_set(&given, PRODUCT_ATTRIBUTES, TEXT("{\"a\": [\"x\", \"y\"], \"n\": 1.50, \"t\": true}"));
    record_set(&given, PRODUCT_IMAGES, TEXT("[\"https://example.com/a.jpg\"]"));
    record_set(&given, PRODUCT_GROUP_KEY, TEXT("TEA"));
    record_set(&given, PRODUCT_UPDATED_AT, TEXT("2025-06-02T10:00:00.000000Z"));

    assert_int_equal(insert_product(database, &given), STATUS_OK);
    assert_int_equal(product_store_get(database->pg, &database->scope, given.value[PRODUCT_ID], &read), STATUS_OK);
    for (size_t i = 0; i < PRODUCT_FIELD_COUNT; i++) {
        assert_row(text_equal(read.value[i], given.value[i]), product_schema.fields[i].name);
        assert_true(record_has(&read, i));
    }
}

static void what_is_null_comes_back_absent_and_prices_keep_their_scale(void **state)
{
    static const char *const prices[] = {"0.0001", "1", "1.0", "1.50", "99999999999999.9999", "0.10"};
    struct database *database = *state;
    for (unsigned i = 0; i < COUNT_OF(prices); i++) {
        struct record product = make_product(database, i, TEA);
        struct record read;
        record_set(&product, PRODUCT_PRICE, text_of(prices[i]));
        assert_int_equal(insert_product(database, &product), STATUS_OK);
        assert_int_equal(product_store_get(database->pg, &database->scope, product.value[PRODUCT_ID], &read),
                         STATUS_OK);
        assert_text(read.value[PRODUCT_PRICE], prices[i]);
        assert_text(read.value[PRODUCT_SKU], NULL);
        assert_text(read.value[PRODUCT_DESCRIPTION], NULL);
        assert_text(read.value[PRODUCT_GROUP_KEY], NULL);
    }
}

static void faults_of_a_product_have_statuses(void **state)
{
    struct database *database = *state;
    struct record first = make_product(database, 1, TEA);
    struct record second = make_product(database, 2, TEA);
    struct record lost = make_product(database, 3, NOWHERE);
    struct record free_of_charge = make_product(database, 4, TEA);
    struct record read;

    record_set(&first, PRODUCT_SKU, TEXT("Tea-100"));
    record_set(&second, PRODUCT_SKU, TEXT("tEA-100"));
    record_set(&free_of_charge, PRODUCT_PRICE, TEXT("0"));
    assert_int_equal(insert_product(database, &first), STATUS_OK);
    assert_int_equal(insert_product(database, &second), STATUS_CONFLICT);
    assert_string_equal(pg_constraint(database->pg), "product_sku_taken");
    assert_int_equal(insert_product(database, &lost), STATUS_NOT_FOUND);
    assert_string_equal(pg_constraint(database->pg), "product_category_exists");
    assert_int_equal(insert_product(database, &free_of_charge), STATUS_INVALID);
    assert_int_equal(product_store_get(database->pg, &database->scope, TEXT(NOWHERE), &read), STATUS_NOT_FOUND);
}

/* --- many --- */

static void many_go_in_at_once_and_only_once(void **state)
{
    struct database *database = *state;
    struct record products[300];
    uint64_t added = 0;
    for (unsigned i = 0; i < COUNT_OF(products); i++) {
        products[i] = make_product(database, i, i % 2 == 0 ? TEA : COFFEE);
        record_set(&products[i], PRODUCT_NAME, TEXT("a\"b\\c,{d} NULL"));
        record_set(&products[i], PRODUCT_DESCRIPTION, i % 3 == 0 ? TEXT_ABSENT : TEXT("NULL"));
        record_set(&products[i], PRODUCT_ATTRIBUTES, TEXT("{\"k\": \"a\\\"b\"}"));
        record_set(&products[i], PRODUCT_CREATED_AT, TEXT("2024-02-29T12:00:00.000001Z"));
        record_set(&products[i], PRODUCT_UPDATED_AT, TEXT("2024-03-01T12:00:00.000000Z"));
    }
    assert_int_equal(product_bulk_insert(database->pg, &database->scope, products, 200, &added), STATUS_OK);
    assert_int_equal(added, 200);
    assert_int_equal(product_bulk_insert(database->pg, &database->scope, products, 300, &added), STATUS_OK);
    assert_int_equal(added, 100);

    struct record read;
    assert_int_equal(product_store_get(database->pg, &database->scope, products[1].value[PRODUCT_ID], &read),
                     STATUS_OK);
    assert_text(read.value[PRODUCT_NAME], "a\"b\\c,{d} NULL");
    assert_text(read.value[PRODUCT_DESCRIPTION], "NULL");
    assert_text(read.value[PRODUCT_ATTRIBUTES], "{\"k\": \"a\\\"b\"}");
    assert_text(read.value[PRODUCT_CREATED_AT], "2024-02-29T12:00:00.000001Z");
    assert_int_equal(product_store_get(database->pg, &database->scope, products[0].value[PRODUCT_ID], &read),
                     STATUS_OK);
    assert_text(read.value[PRODUCT_DESCRIPTION], NULL);

    products[0] = make_product(database, 9999, TEA);
    products[0].value[PRODUCT_CREATED_AT] = products[0].value[PRODUCT_UPDATED_AT] = TEXT("2024-01-01T00:00:00Z");
    products[1] = products[0];
    record_set(&products[1], PRODUCT_ID, TEXT("01910000-0000-7000-8000-aaaaaaaaaaaa"));
    record_set(&products[1], PRODUCT_CATEGORY_ID, TEXT(NOWHERE));
    assert_int_equal(product_bulk_insert(database->pg, &database->scope, products, 2, &added), STATUS_NOT_FOUND);
    assert_int_equal(product_store_get(database->pg, &database->scope, products[0].value[PRODUCT_ID], &read),
                     STATUS_NOT_FOUND);
}

/* --- lists --- */

/* Seven products share each point of time, so that pages end within them; every third is not active. */
static void fill(struct database *database)
{
    run_sql(database,
            "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images, created_at) "
            "SELECT ('01920000-0000-7000-8000-' || lpad(to_hex((n * 7919) % 1009), 12, '0'))::uuid, 'P' || n, "
            "(n % 50) + 0.5, 'EUR', CASE n % 2 WHEN 0 THEN '" TEA "'::uuid ELSE '" COFFEE "'::uuid END, "
            "CASE n % 3 WHEN 0 THEN 'draft' ELSE 'active' END, '{}', '[]', "
            "timestamptz '2025-06-01' + (n / 7) * interval '1 us' FROM generate_series(1, 1000) n");
}

/* Pages through a list and counts its products; each must match, and stand behind the one before. */
static unsigned page_through(struct database *database, struct product_query query)
{
    unsigned seen = 0;
    bool more = true;
    char last[TIMESTAMP_LENGTH + UUID_TEXT_LENGTH + 1] = "";
    while (more) {
        struct record *products = NULL;
        size_t count = 0;
        assert_int_equal(product_store_list(database->pg, &database->scope, &query, &products, &count, &more),
                         STATUS_OK);
        assert_in_range(count, more ? 1 : 0, query.limit);
        for (size_t i = 0; i < count; i++) {
            const struct text *value = products[i].value;
            char at[sizeof(last)];
            (void)snprintf(at, sizeof(at), "%.*s%.*s", TEXT_PRINT(value[PRODUCT_CREATED_AT]),
                           TEXT_PRINT(value[PRODUCT_ID]));
            assert_true(last[0] == '\0' || strcmp(at, last) < 0);
            memcpy(last, at, sizeof(last));
            assert_text(value[PRODUCT_STATUS], "active");
            assert_true(query.filter.category_id.data == NULL ||
                        text_equal(query.filter.category_id, value[PRODUCT_CATEGORY_ID]));
            assert_true(query.filter.min_price.data == NULL ||
                        price_compare(value[PRODUCT_PRICE], query.filter.min_price) >= 0);
            assert_true(query.filter.max_price.data == NULL ||
                        price_compare(value[PRODUCT_PRICE], query.filter.max_price) <= 0);
            seen++;
        }
        if (count > 0) {
            query.has_cursor = true;
            assert_true(timestamp_to_micros(products[count - 1].value[PRODUCT_CREATED_AT], &query.cursor.at_us));
            (void)snprintf(query.cursor.id, sizeof(query.cursor.id), "%.*s",
                           TEXT_PRINT(products[count - 1].value[PRODUCT_ID]));
        }
    }
    return seen;
}

static void every_shape_of_list_pages_through_each_match_once(void **state)
{
    static const uint32_t limits[] = {1, 7, 50, 51, 500};
    struct database *database = *state;
    fill(database);
    for (unsigned shape = 0; shape < 8; shape++) {
        const char *sql =
            arena_printf(database->scope.arena, "SELECT count(*) FROM product WHERE status = 'active'%s%s%s",
                         shape & 1 ? " AND category_id = '" TEA "'" : "", shape & 2 ? " AND price >= 10.50" : "",
                         shape & 4 ? " AND price <= 20" : "")
                .data;
        const unsigned wanted = (unsigned)strtoul(ask(database, sql), NULL, 10);
        assert_in_range(wanted, 10, 700);
        for (size_t i = 0; i < COUNT_OF(limits); i++) {
            struct product_query query = {.limit = limits[i],
                                          .filter.category_id = shape & 1 ? TEXT(TEA) : TEXT_ABSENT,
                                          .filter.min_price = shape & 2 ? TEXT("10.50") : TEXT_ABSENT,
                                          .filter.max_price = shape & 4 ? TEXT("20") : TEXT_ABSENT};
            assert_int_equal(page_through(database, query), wanted);
        }
    }
}

static void a_list_without_matches_is_empty(void **state)
{
    struct database *database = *state;
    struct record *products = NULL;
    size_t count = 1;
    bool more = true;
    const struct product_query query = {.filter.category_id = TEXT(NOWHERE), .limit = 20};
    assert_int_equal(product_store_list(database->pg, &database->scope, &query, &products, &count, &more), STATUS_OK);
    assert_int_equal(count, 0);
    assert_false(more);
}

static void more_tells_exactly_whether_a_page_follows(void **state)
{
    struct database *database = *state;
    struct record *products = NULL;
    size_t count = 0;
    bool more = false;
    for (unsigned i = 0; i < 100; i++) {
        const struct record product = make_product(database, i, TEA);
        assert_int_equal(insert_product(database, &product), STATUS_OK);
    }
    for (uint32_t limit = 99; limit <= 101; limit++) {
        const struct product_query query = {.limit = limit};
        assert_int_equal(product_store_list(database->pg, &database->scope, &query, &products, &count, &more),
                         STATUS_OK);
        assert_int_equal(count, limit < 100 ? limit : 100);
        assert_int_equal(more, limit < 100);
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
        struct record *products = NULL;
        size_t count = 0;
        bool more = false;
        const struct product_query query = {.limit = limits[i]};
        assert_int_equal(product_store_list(database->pg, &database->scope, &query, &products, &count, &more),
                         STATUS_OK);
        assert_int_equal(count, 8);
        assert_true(more);
        assert_int_equal(page_through(database, query), 60);
        arena_reset(database->scope.arena);
    }
}

/* --- plans --- */

/* The plan that a prepared statement has, all of its lines as one. */
static const char *plan_of(struct database *database, const char *execution)
{
    static char names[32][16];
    static unsigned number;
    char *name = names[number % COUNT_OF(names)];
    const char *sql = arena_printf(database->scope.arena, "EXPLAIN EXECUTE %s", execution).data;
    const char *plan = "";
    struct pg_result *lines = NULL;

    (void)snprintf(name, sizeof(names[0]), "explain_%u", number++);
    assert_int_equal(pg_exec(database->pg, &database->scope, name, sql, true, NULL, 0, &lines), STATUS_OK);
    for (size_t i = 0; i < pg_rows(lines); i++) {
        plan = arena_printf(database->scope.arena, "%s%.*s\n", plan, TEXT_PRINT(pg_value(lines, i, 0))).data;
    }
    return plan;
}

/* However large the table is, a page must be read from an index in its order; also by a session that made its plans
 * while the table was empty, and known to be so. */
static void lists_are_read_from_an_index_in_order(void **state)
{
    static const struct {
        const char *execution;
        struct product_query query;
        const char *scan;
    } rows[] = {
        {"product_list(21)", {.limit = 20}, "Index Scan using product_newest on"},
        {"product_list_category('" TEA "', 21)",
         {.filter.category_id = {TEA, UUID_TEXT_LENGTH}, .limit = 20},
         "Index Scan using product_newest_in_category on"},
        {"product_list_category_min_max('" TEA "', 5, 20, 21)",
         {.filter.category_id = {TEA, UUID_TEXT_LENGTH},
          .filter.min_price = {"5", 1},
          .filter.max_price = {"20", 2},
          .limit = 20},
         "Index Scan using product_newest_in_category on"},
        {"product_list_category_cursor('" TEA "', '2025-06-01', '" TEA "', 21)",
         {.filter.category_id = {TEA, UUID_TEXT_LENGTH}, .limit = 20, .has_cursor = true, .cursor = {.id = TEA}},
         "Index Scan using product_newest_in_category on"},
        {"product_list_min_max_cursor(5, 20, '2025-06-01', '" TEA "', 21)",
         {.filter.min_price = {"5", 1},
          .filter.max_price = {"20", 2},
          .limit = 20,
          .has_cursor = true,
          .cursor = {.id = TEA}},
         "Index Scan using product_newest on"},
    };
    struct database *database = *state;
    run_sql(database, "ANALYZE product");
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT_OF(rows); i++) {
            struct record *products = NULL;
            size_t count = 0;
            bool more = false;
            assert_int_equal(
                product_store_list(database->pg, &database->scope, &rows[i].query, &products, &count, &more),
                STATUS_OK);
            const char *plan = plan_of(database, rows[i].execution);
            if (strstr(plan, rows[i].scan) == NULL || strstr(plan, "Sort") != NULL) {
                fail_msg("%s", plan);
            }
        }
        if (round == 0) {
            fill(database); /* the statistics stay those of an empty table */
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_product_comes_back_as_it_was_stored, products_clear),
        cmocka_unit_test_setup(what_is_null_comes_back_absent_and_prices_keep_their_scale, products_clear),
        cmocka_unit_test_setup(faults_of_a_product_have_statuses, products_clear),
        cmocka_unit_test_setup(many_go_in_at_once_and_only_once, products_clear),
        cmocka_unit_test_setup(every_shape_of_list_pages_through_each_match_once, products_clear),
        cmocka_unit_test_setup(a_list_without_matches_is_empty, products_clear),
        cmocka_unit_test_setup(more_tells_exactly_whether_a_page_follows, products_clear),
        cmocka_unit_test_setup(a_page_of_large_products_ends_early, products_clear),
        cmocka_unit_test_setup(lists_are_read_from_an_index_in_order, products_clear),
    };
    return cmocka_run_group_tests(tests, products_set_up, database_tear_down);
}

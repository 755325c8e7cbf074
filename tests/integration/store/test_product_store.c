/* Tests of store/product_store.h and store/product_bulk.h. */
#include "store/product_bulk.h"
#include "store/product_store.h"

#include "../database.h"

#include "domain/timestamp.h"

#define TEA "01900000-0000-7000-8000-000000000001"
#define COFFEE "01900000-0000-7000-8000-000000000002"
#define NOWHERE "01900000-0000-7000-8000-0000000000ff"

static int set_up(void **state)
{
    (void)catalogue_set_up(state);
    run_sql(*state, "INSERT INTO category (id, name, slug) VALUES ('" TEA "', 'Tea', 'tea'), ('" COFFEE
                    "', 'Coffee', 'coffee')");
    return 0;
}

static int clear(void **state)
{
    (void)database_reset(state);
    run_sql(*state, "TRUNCATE product");
    return 0;
}

static struct record make(struct database *database, unsigned number, const char *category)
{
    struct record product = {0};
    record_set(&product, PRODUCT_ID, arena_printf(database->scope.arena, "01910000-0000-7000-8000-%012x", number));
    record_set(&product, PRODUCT_NAME, arena_printf(database->scope.arena, "Product %u", number));
    record_set(&product, PRODUCT_PRICE, TEXT("19.990"));
    record_set(&product, PRODUCT_CURRENCY, TEXT("EUR"));
    record_set(&product, PRODUCT_CATEGORY_ID, text_of(category));
    record_set(&product, PRODUCT_STATUS, TEXT("active"));
    record_set(&product, PRODUCT_ATTRIBUTES, TEXT("{}"));
    record_set(&product, PRODUCT_IMAGES, TEXT("[]"));
    return product;
}

static enum status insert(struct database *database, const struct record *product)
{
    struct record stored;
    return product_store_insert(database->pg, &database->scope, product, &stored);
}

/* --- one --- */

static void a_product_comes_back_as_it_was_stored(void **state)
{
    struct database *database = *state;
    struct record given = make(database, 1, TEA);
    struct record stored;
    struct record read;
    record_set(&given, PRODUCT_SKU, TEXT("Tea-100"));
    record_set(&given, PRODUCT_NAME, TEXT("Gr\xc3\xbcn \"{tea}\" \\ 'x', $1 \xf0\x9f\x8d\xb5"));
    record_set(&given, PRODUCT_DESCRIPTION, TEXT("two\nlines\tand"));
    record_set(&given, PRODUCT_ATTRIBUTES, TEXT("{\"a\": [\"x\", \"y\"], \"n\": 1.50, \"t\": true}"));
    record_set(&given, PRODUCT_IMAGES, TEXT("[\"https://example.com/a.jpg\"]"));
    record_set(&given, PRODUCT_GROUP_KEY, TEXT("TEA"));

    assert_int_equal(product_store_insert(database->pg, &database->scope, &given, &stored), STATUS_OK);
    assert_int_equal(product_store_get(database->pg, &database->scope, given.value[PRODUCT_ID], &read), STATUS_OK);
    for (size_t i = 0; i < PRODUCT_FIELD_COUNT; i++) {
        const bool servers = i == PRODUCT_VERSION || i == PRODUCT_CREATED_AT || i == PRODUCT_UPDATED_AT;
        assert_true(text_equal(stored.value[i], read.value[i]));
        assert_row(servers || text_equal(stored.value[i], given.value[i]), product_schema.fields[i].name);
        assert_true(record_has(&read, i));
    }
    int64_t at_us = 0;
    assert_text(read.value[PRODUCT_VERSION], "1");
    assert_true(timestamp_to_micros(read.value[PRODUCT_CREATED_AT], &at_us));
    assert_in_range(clock_unix_us() - at_us, 0, 60000000);
}

static void what_is_null_comes_back_absent_and_prices_keep_their_scale(void **state)
{
    static const char *const prices[] = {"0.0001", "1", "1.0", "1.50", "99999999999999.9999", "0.10"};
    struct database *database = *state;
    for (unsigned i = 0; i < COUNT_OF(prices); i++) {
        struct record product = make(database, i, TEA);
        struct record read;
        record_set(&product, PRODUCT_PRICE, text_of(prices[i]));
        assert_int_equal(insert(database, &product), STATUS_OK);
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
    struct record first = make(database, 1, TEA);
    struct record second = make(database, 2, TEA);
    struct record lost = make(database, 3, NOWHERE);
    struct record free_of_charge = make(database, 4, TEA);
    struct record read;

    record_set(&first, PRODUCT_SKU, TEXT("Tea-100"));
    record_set(&second, PRODUCT_SKU, TEXT("tEA-100"));
    record_set(&free_of_charge, PRODUCT_PRICE, TEXT("0"));
    assert_int_equal(insert(database, &first), STATUS_OK);
    assert_int_equal(insert(database, &second), STATUS_CONFLICT);
    assert_string_equal(pg_constraint(database->pg), "product_sku_taken");
    assert_int_equal(insert(database, &lost), STATUS_NOT_FOUND);
    assert_string_equal(pg_constraint(database->pg), "product_category_exists");
    assert_int_equal(insert(database, &free_of_charge), STATUS_INVALID);
    assert_int_equal(product_store_get(database->pg, &database->scope, TEXT(NOWHERE), &read), STATUS_NOT_FOUND);
}

/* --- many --- */

static void many_go_in_at_once_and_only_once(void **state)
{
    struct database *database = *state;
    struct record products[300];
    uint64_t added = 0;
    for (unsigned i = 0; i < COUNT_OF(products); i++) {
        products[i] = make(database, i, i % 2 == 0 ? TEA : COFFEE);
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

    products[0] = make(database, 9999, TEA);
    products[0].value[PRODUCT_CREATED_AT] = products[0].value[PRODUCT_UPDATED_AT] = TEXT("2024-01-01T00:00:00Z");
    products[1] = products[0];
    record_set(&products[1], PRODUCT_ID, TEXT("01910000-0000-7000-8000-aaaaaaaaaaaa"));
    record_set(&products[1], PRODUCT_CATEGORY_ID, TEXT(NOWHERE));
    assert_int_equal(product_bulk_insert(database->pg, &database->scope, products, 2, &added), STATUS_NOT_FOUND);
    assert_int_equal(product_store_get(database->pg, &database->scope, products[0].value[PRODUCT_ID], &read),
                     STATUS_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_product_comes_back_as_it_was_stored, clear),
        cmocka_unit_test_setup(what_is_null_comes_back_absent_and_prices_keep_their_scale, clear),
        cmocka_unit_test_setup(faults_of_a_product_have_statuses, clear),
        cmocka_unit_test_setup(many_go_in_at_once_and_only_once, clear),
    };
    return cmocka_run_group_tests(tests, set_up, database_tear_down);
}

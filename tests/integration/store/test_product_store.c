/* Tests of store/product_store.h and store/product_bulk.h. */
#include "store/product_bulk.h"
#include "store/product_store.h"

#include "product_fixture.h"

#include "base/clock.h"

#include <unistd.h>

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

/* --- together --- */

/* Another request that reads while the first one waits for others, and again from within itself; and then requests without
 * an end that have nothing to read. */
struct others {
    struct gatherer gatherer;
    struct database *database;
    struct text ids[3];
    size_t read;
    size_t served;
    int64_t pause_us;
};

static bool serve(struct gatherer *gatherer, enum gathered kind)
{
    struct others *others = (struct others *)gatherer;
    const size_t number = others->read;
    struct arena *arena = arena_new(1024);
    struct scope scope = {.arena = arena, .deadline_ns = clock_deadline_in_ms(5000), .gatherer = gatherer};
    struct record read;

    assert_int_equal(kind, GATHER_READS);
    others->served++;
    (void)usleep((useconds_t)others->pause_us);
    if (number < COUNT_OF(others->ids)) {
        others->read++;
        assert_int_equal(product_store_get(others->database->pg, &scope, others->ids[number], &read),
                         number == 1 ? STATUS_NOT_FOUND : STATUS_OK);
        if (number != 1) {
            assert_text(read.value[PRODUCT_ID], others->ids[number].data);
        }
    }
    arena_free(arena);
    return others->served < 1000;
}

static void reads_that_join_have_each_their_own(void **state)
{
    struct database *database = *state;
    struct others others = {.gatherer.gather = serve, .database = database};
    struct record products[3];
    struct record read;

    for (unsigned i = 0; i < COUNT_OF(products); i++) {
        products[i] = make_product(database, i, TEA);
        assert_int_equal(insert_product(database, &products[i]), STATUS_OK);
    }
    /* So that it is prepared: the first time it is read alone. */
    assert_int_equal(product_store_get(database->pg, &database->scope, products[0].value[PRODUCT_ID], &read),
                     STATUS_OK);
    database->scope.gatherer = &others.gatherer;
    others.ids[0] = products[1].value[PRODUCT_ID];
    others.ids[1] = TEXT(NOWHERE);
    others.ids[2] = products[2].value[PRODUCT_ID];
    for (unsigned round = 0; round < 2; round++) {
        others.read = others.served = 0;
        assert_int_equal(product_store_get(database->pg, &database->scope, products[0].value[PRODUCT_ID], &read),
                         STATUS_OK);
        assert_text(read.value[PRODUCT_ID], products[0].value[PRODUCT_ID].data);
        assert_int_equal(others.read, 3);
        assert_in_range(others.served, 3, 2 * GATHERED_MAX);
    }
    database->scope.gatherer = NULL;
}

static void the_time_of_those_that_join_is_not_ones_own(void **state)
{
    struct database *database = *state;
    struct others others = {.gatherer.gather = serve, .database = database, .read = 3, .pause_us = 20000};
    struct record product = make_product(database, 1, TEA);
    struct record read;

    assert_int_equal(insert_product(database, &product), STATUS_OK);
    assert_int_equal(product_store_get(database->pg, &database->scope, product.value[PRODUCT_ID], &read), STATUS_OK);
    database->scope.gatherer = &others.gatherer;
    database->scope.deadline_ns = clock_deadline_in_ms(100);
    assert_int_equal(product_store_get(database->pg, &database->scope, product.value[PRODUCT_ID], &read), STATUS_OK);
    assert_in_range(others.served, 6, 2 * GATHERED_MAX);
    database->scope.gatherer = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_product_comes_back_as_it_was_stored, products_clear),
        cmocka_unit_test_setup(what_is_null_comes_back_absent_and_prices_keep_their_scale, products_clear),
        cmocka_unit_test_setup(faults_of_a_product_have_statuses, products_clear),
        cmocka_unit_test_setup(many_go_in_at_once_and_only_once, products_clear),
        cmocka_unit_test_setup(reads_that_join_have_each_their_own, products_clear),
        cmocka_unit_test_setup(the_time_of_those_that_join_is_not_ones_own, products_clear),
    };
    return cmocka_run_group_tests(tests, products_set_up, database_tear_down);
}

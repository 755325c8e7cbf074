/* Tests of store/product_write.h: a product's row, its row of the feed and the kept answer, all of them or none. */
#include "store/product_store.h"
#include "store/product_write.h"

#include "product_fixture.h"

/* How many rows there are of each kind: products, changes, kept answers. */
static const char *rows(struct database *database)
{
    return ask(database, "SELECT (SELECT count(*) FROM product) || ' ' || (SELECT count(*) FROM change) || ' ' || "
                         "(SELECT count(*) FROM idempotency)");
}

static struct product_write write_of(const struct record *record, const char *type, const char *key)
{
    return (struct product_write){.record = record,
                                  .json = TEXT("{\"the\":\"answer\"}"),
                                  .type = type,
                                  .idempotency = {.key = text_of(key), .request = TEXT("POST /x\n{}")}};
}

static enum status insert(struct database *database, const struct record *record, const char *key)
{
    const struct product_write write = write_of(record, "product.created", key);
    return product_write_insert(database->pg, &database->scope, &write);
}

static enum status update(struct database *database, const struct record *record, const char *fields, const char *key)
{
    struct product_write write = write_of(record, "product.updated", key);
    write.field_versions = text_of(fields);
    return product_write_update(database->pg, &database->scope, &write);
}

static void set_version(struct record *record, const char *version)
{
    record_set(record, PRODUCT_VERSION, text_of(version));
    record_set(record, PRODUCT_UPDATED_AT, TEXT("2025-06-02T10:00:00.000000Z"));
}

static struct stored_product load(struct database *database, const struct record *record)
{
    struct stored_product stored;
    assert_int_equal(product_write_load(database->pg, &database->scope, record->value[PRODUCT_ID], &stored), STATUS_OK);
    return stored;
}

/* --- what is written --- */

static void an_insert_brings_its_row_of_the_feed_and_its_answer(void **state)
{
    struct database *database = *state;
    const struct record product = make_product(database, 1, TEA);
    const struct record other = make_product(database, 2, TEA);

    assert_int_equal(insert(database, &product, NULL), STATUS_OK);
    assert_string_equal(rows(database), "1 1 0");
    assert_int_equal(insert(database, &other, "key"), STATUS_OK);
    assert_string_equal(rows(database), "2 2 1");
    assert_string_equal(ask(database,
                            "SELECT concat_ws('|', type, id, version, at AT TIME ZONE 'UTC', data) FROM change "
                            "ORDER BY xid, seq LIMIT 1"),
                        "product.created|01910000-0000-7000-8000-000000000001|1|2025-06-01 10:00:00.000001|"
                        "{\"the\":\"answer\"}");
    assert_string_equal(ask(database, "SELECT concat_ws('|', key, request = sha256('POST /x\n{}'), id, version, "
                                      "unchanged, body) FROM idempotency"),
                        "key|t|01910000-0000-7000-8000-000000000002|1|f|{\"the\":\"answer\"}");
    /* One transaction each. */
    assert_string_equal(ask(database, "SELECT count(*) FROM change c JOIN product p ON p.xmin = c.xmin"), "2");
    assert_string_equal(ask(database, "SELECT count(*) FROM change c JOIN idempotency i ON i.xmin = c.xmin"), "1");
    assert_string_equal(
        ask(database, "SELECT bool_and(xid::text::bigint & 4294967295 = xmin::text::bigint) FROM change"), "t");
}

static void an_update_is_of_the_version_before(void **state)
{
    struct database *database = *state;
    struct record product = make_product(database, 1, TEA);
    struct record read;

    assert_int_equal(insert(database, &product, NULL), STATUS_OK);
    record_set(&product, PRODUCT_NAME, TEXT("Renamed"));
    record_set(&product, PRODUCT_SKU, TEXT("S-1"));
    set_version(&product, "3");
    assert_int_equal(update(database, &product, "{\"name\":3}", "key"), STATUS_STALE);
    set_version(&product, "1");
    assert_int_equal(update(database, &product, "{\"name\":1}", "key"), STATUS_STALE);
    assert_string_equal(rows(database), "1 1 0");
    set_version(&product, "2");
    assert_int_equal(update(database, &product, "{\"name\":2,\"sku\":2}", "key"), STATUS_OK);
    assert_string_equal(rows(database), "1 2 1");
    assert_int_equal(update(database, &product, "{\"name\":2}", NULL), STATUS_STALE);
    assert_string_equal(rows(database), "1 2 1");

    assert_int_equal(product_store_get(database->pg, &database->scope, product.value[PRODUCT_ID], &read), STATUS_OK);
    for (size_t i = 0; i < PRODUCT_FIELD_COUNT; i++) {
        assert_row(text_equal(read.value[i], product.value[i]), product_schema.fields[i].name);
    }
    record_set(&product, PRODUCT_ID, TEXT(NOWHERE));
    assert_int_equal(update(database, &product, NULL, NULL), STATUS_STALE);
}

static void which_version_set_a_field_is_kept(void **state)
{
    struct database *database = *state;
    struct record product = make_product(database, 1, TEA);

    assert_int_equal(insert(database, &product, NULL), STATUS_OK);
    assert_text(load(database, &product).set_by, NULL);
    set_version(&product, "2");
    assert_int_equal(update(database, &product, "{\"price\":2,\"name\":2}", NULL), STATUS_OK);
    set_version(&product, "3");
    assert_int_equal(update(database, &product, NULL, NULL), STATUS_OK);
    set_version(&product, "4");
    assert_int_equal(update(database, &product, "{\"price\":4}", NULL), STATUS_OK);
    const struct stored_product stored = load(database, &product);
    assert_text(stored.set_by, "name:2,price:4");
    assert_int_equal(stored.version, 4);
    assert_false(stored.deleted);
}

static void a_deleted_product_gives_its_sku_free_and_can_be_restored(void **state)
{
    struct database *database = *state;
    struct record product = make_product(database, 1, TEA);
    struct record other = make_product(database, 2, TEA);
    struct record read;
    struct stored_product stored;

    record_set(&product, PRODUCT_SKU, TEXT("Sku-1"));
    record_set(&other, PRODUCT_SKU, TEXT("sKU-1"));
    assert_int_equal(insert(database, &product, NULL), STATUS_OK);
    set_version(&product, "2");
    struct product_write write = write_of(&product, "product.deleted", NULL);
    write.deleted = true;
    assert_int_equal(product_write_update(database->pg, &database->scope, &write), STATUS_OK);
    assert_true(load(database, &product).deleted);
    assert_int_equal(product_store_get(database->pg, &database->scope, product.value[PRODUCT_ID], &read), STATUS_GONE);
    assert_string_equal(ask(database, "SELECT deleted_at = updated_at FROM product"), "t");
    assert_int_equal(product_write_load_by_sku(database->pg, &database->scope, TEXT("SKU-1"), &stored),
                     STATUS_NOT_FOUND);

    assert_int_equal(insert(database, &other, NULL), STATUS_OK);
    assert_int_equal(product_write_load_by_sku(database->pg, &database->scope, TEXT("SKU-1"), &stored), STATUS_OK);
    assert_true(text_equal(stored.record.value[PRODUCT_ID], other.value[PRODUCT_ID]));
    set_version(&product, "3");
    assert_int_equal(update(database, &product, NULL, NULL), STATUS_CONFLICT);
    assert_string_equal(pg_constraint(database->pg), "product_sku_taken");
    run_sql(database, "DELETE FROM product WHERE sku = 'sKU-1'");
    assert_int_equal(update(database, &product, NULL, NULL), STATUS_OK);
    assert_false(load(database, &product).deleted);
}

static void what_is_not_there_is_not_loaded(void **state)
{
    struct database *database = *state;
    struct stored_product stored;
    assert_int_equal(product_write_load(database->pg, &database->scope, TEXT(NOWHERE), &stored), STATUS_NOT_FOUND);
    assert_int_equal(product_write_load_by_sku(database->pg, &database->scope, TEXT("none"), &stored),
                     STATUS_NOT_FOUND);
}

/* --- faults --- */

static void a_fault_leaves_nothing_behind(void **state)
{
    struct database *database = *state;
    struct record first = make_product(database, 1, TEA);
    struct record second = make_product(database, 2, TEA);
    struct record lost = make_product(database, 3, NOWHERE);
    struct record free_of_charge = make_product(database, 4, TEA);

    record_set(&first, PRODUCT_SKU, TEXT("Tea-100"));
    record_set(&second, PRODUCT_SKU, TEXT("tEA-100"));
    record_set(&free_of_charge, PRODUCT_PRICE, TEXT("0"));
    assert_int_equal(insert(database, &first, NULL), STATUS_OK);
    for (int keyed = 0; keyed < 2; keyed++) {
        const char *key = keyed ? "key" : NULL;
        assert_int_equal(insert(database, &second, key), STATUS_CONFLICT);
        assert_string_equal(pg_constraint(database->pg), "product_sku_taken");
        assert_int_equal(insert(database, &first, key), STATUS_CONFLICT);
        assert_string_equal(pg_constraint(database->pg), "product_pkey");
        assert_int_equal(insert(database, &lost, key), STATUS_NOT_FOUND);
        assert_string_equal(pg_constraint(database->pg), "product_category_exists");
        assert_int_equal(insert(database, &free_of_charge, key), STATUS_INVALID);
        assert_string_equal(rows(database), "1 1 0");
    }
    /* The key is free: all of the locks are gone with their transactions. */
    record_set(&second, PRODUCT_SKU, TEXT("Tea-200"));
    assert_int_equal(insert(database, &second, "key"), STATUS_OK);
}

static void a_dry_run_finds_the_same_and_changes_nothing(void **state)
{
    struct database *database = *state;
    struct record product = make_product(database, 1, TEA);
    const struct record lost = make_product(database, 2, NOWHERE);
    struct product_write write = write_of(&product, "product.created", "key");

    write.dry_run = true;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(product_write_insert(database->pg, &database->scope, &write), STATUS_OK);
        assert_string_equal(rows(database), "0 0 0");
    }
    write.record = &lost;
    assert_int_equal(product_write_insert(database->pg, &database->scope, &write), STATUS_NOT_FOUND);
    assert_string_equal(pg_constraint(database->pg), "product_category_exists");
    assert_int_equal(insert(database, &product, NULL), STATUS_OK);
    write.record = &product;
    assert_int_equal(product_write_insert(database->pg, &database->scope, &write), STATUS_CONFLICT);
    assert_string_equal(pg_constraint(database->pg), "product_pkey");
    write.type = "product.updated";
    assert_int_equal(product_write_update(database->pg, &database->scope, &write), STATUS_STALE);
    set_version(&product, "2");
    assert_int_equal(product_write_update(database->pg, &database->scope, &write), STATUS_OK);
    write.deleted = true;
    assert_int_equal(product_write_update(database->pg, &database->scope, &write), STATUS_OK);
    assert_string_equal(rows(database), "1 1 0");
    assert_string_equal(ask(database, "SELECT version FROM product WHERE deleted_at IS NULL"), "1");
}

/* --- keys --- */

static void a_key_is_used_once(void **state)
{
    struct database *database = *state;
    struct record first = make_product(database, 1, TEA);
    const struct record second = make_product(database, 2, TEA);

    assert_int_equal(insert(database, &first, "key"), STATUS_OK);
    assert_int_equal(insert(database, &second, "key"), STATUS_IN_PROGRESS);
    assert_string_equal(pg_constraint(database->pg), "idempotency_taken");
    set_version(&first, "2");
    assert_int_equal(update(database, &first, NULL, "key"), STATUS_IN_PROGRESS);
    assert_string_equal(pg_constraint(database->pg), "idempotency_taken");
    assert_string_equal(rows(database), "1 1 1");
    assert_string_equal(ask(database, "SELECT version FROM product"), "1");
}

/* A second connection whose transaction with the key is still open. */
static void while_a_key_is_in_use_nobody_waits(void **state)
{
    struct database *database = *state;
    struct record first = make_product(database, 1, TEA);
    const struct record second = make_product(database, 2, TEA);
    struct database other = {.pg = database_connect(0), .scope = database_scope()};
    const int64_t began_ns = clock_monotonic_ns();

    assert_int_equal(insert(database, &first, NULL), STATUS_OK);
    set_version(&first, "2");
    /* Held by the session, as a transaction cannot be left open here. */
    run_sql(&other, "SELECT pg_advisory_lock(hashtextextended('key', 0))");
    assert_int_equal(insert(database, &second, "key"), STATUS_IN_PROGRESS);
    assert_string_equal(pg_constraint(database->pg), "");
    assert_int_equal(update(database, &first, NULL, "key"), STATUS_IN_PROGRESS);
    struct product_write write = write_of(&first, NULL, "key");
    assert_int_equal(product_write_keep(database->pg, &database->scope, &write), STATUS_IN_PROGRESS);
    assert_true(clock_monotonic_ns() - began_ns < 5000 * CLOCK_NS_PER_MS);
    assert_string_equal(rows(database), "1 1 0");
    assert_int_equal(insert(database, &second, "another"), STATUS_OK);
    pg_free(other.pg);
    arena_free(other.scope.arena);
    for (int i = 0; i < 100 && insert(database, &second, "key") == STATUS_IN_PROGRESS; i++) {
        (void)usleep(20000);
    }
    assert_int_equal(update(database, &first, NULL, "key"), STATUS_OK);
    assert_string_equal(rows(database), "2 3 2");
}

static void an_answer_that_needed_no_change_is_kept(void **state)
{
    struct database *database = *state;
    struct record product = make_product(database, 1, TEA);
    struct product_write write = write_of(&product, NULL, "key");

    assert_int_equal(insert(database, &product, NULL), STATUS_OK);
    set_version(&product, "2");
    assert_int_equal(product_write_keep(database->pg, &database->scope, &write), STATUS_STALE);
    assert_string_equal(rows(database), "1 1 0");
    set_version(&product, "1");
    assert_int_equal(product_write_keep(database->pg, &database->scope, &write), STATUS_OK);
    assert_string_equal(rows(database), "1 1 1");
    assert_string_equal(ask(database, "SELECT unchanged FROM idempotency"), "t");
    assert_int_equal(product_write_keep(database->pg, &database->scope, &write), STATUS_IN_PROGRESS);
    assert_string_equal(pg_constraint(database->pg), "idempotency_taken");
}

/* The index of live skus is used although it is partial. */
static void a_sku_is_found_by_its_index(void **state)
{
    struct database *database = *state;
    struct stored_product stored;
    /* Of an empty table every index is as cheap as this one. */
    run_sql(database, "INSERT INTO product (id, sku, name, price, currency, category_id, status, attributes, images) "
                      "SELECT gen_random_uuid(), 'S' || n, 'P', 1, 'EUR', '" TEA "', 'active', '{}', '[]' FROM "
                      "generate_series(1, 1000) n; ANALYZE product");
    assert_int_equal(product_write_load_by_sku(database->pg, &database->scope, TEXT("s7"), &stored), STATUS_OK);
    assert_non_null(strstr(ask(database, "EXPLAIN EXECUTE product_load_by_sku('x')"), "product_sku_taken"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(an_insert_brings_its_row_of_the_feed_and_its_answer, products_clear),
        cmocka_unit_test_setup(an_update_is_of_the_version_before, products_clear),
        cmocka_unit_test_setup(which_version_set_a_field_is_kept, products_clear),
        cmocka_unit_test_setup(a_deleted_product_gives_its_sku_free_and_can_be_restored, products_clear),
        cmocka_unit_test_setup(what_is_not_there_is_not_loaded, products_clear),
        cmocka_unit_test_setup(a_fault_leaves_nothing_behind, products_clear),
        cmocka_unit_test_setup(a_dry_run_finds_the_same_and_changes_nothing, products_clear),
        cmocka_unit_test_setup(a_key_is_used_once, products_clear),
        cmocka_unit_test_setup(while_a_key_is_in_use_nobody_waits, products_clear),
        cmocka_unit_test_setup(an_answer_that_needed_no_change_is_kept, products_clear),
        cmocka_unit_test_setup(a_sku_is_found_by_its_index, products_clear),
    };
    return cmocka_run_group_tests(tests, products_set_up, database_tear_down);
}

/* Tests of store/product_batch_store.h: many products read and written at once, all of them or none. */
#include "store/product_batch_store.h"

#include "product_fixture.h"

#define KEY(name) ((struct idempotency){.key = TEXT(name), .request = TEXT("POST /x\n[]")})

static const struct idempotency no_key;

static const char *rows(struct database *database)
{
    return ask(database, "SELECT (SELECT count(*) FROM product) || ' ' || (SELECT count(*) FROM change) || ' ' || "
                         "(SELECT count(*) FROM idempotency)");
}

static struct batch_row row_of(const struct record *record, bool insert)
{
    return (struct batch_row){
        .write = {.record = record, .json = TEXT("{}"), .type = insert ? "product.created" : "product.updated"},
        .insert = insert,
    };
}

static enum status write_batch(struct database *database, const struct batch_row *batch, size_t count,
                               const struct idempotency *key)
{
    return product_batch_write(database->pg, &database->scope, batch, count, key, TEXT("[the answer]"), false, NULL);
}

static void set_version(struct record *record, const char *version)
{
    record_set(record, PRODUCT_VERSION, text_of(version));
    record_set(record, PRODUCT_UPDATED_AT, TEXT("2025-06-02T10:00:00.000000Z"));
}

/* --- writing --- */

static void all_rows_are_written_in_their_order(void **state)
{
    struct database *database = *state;
    struct record old = make_product(database, 9, TEA);
    struct record gone = make_product(database, 3, TEA);
    struct record first = make_product(database, 5, TEA);
    struct record second = make_product(database, 1, COFFEE);
    struct batch_row batch[4];

    assert_int_equal(insert_product(database, &old), STATUS_OK);
    assert_int_equal(insert_product(database, &gone), STATUS_OK);
    set_version(&old, "2");
    set_version(&gone, "2");
    record_set(&old, PRODUCT_NAME, TEXT("a \"quoted\", {braced} \\ and NULL"));
    record_set(&first, PRODUCT_NAME, TEXT("NULL"));
    record_set(&first, PRODUCT_DESCRIPTION, TEXT(""));
    record_set(&first, PRODUCT_SKU, TEXT("z"));
    record_set(&second, PRODUCT_SKU, TEXT("A"));
    batch[0] = row_of(&first, true);
    batch[1] = row_of(&old, false);
    batch[1].write.field_versions = TEXT("{\"name\":2}");
    batch[2] = row_of(&second, true);
    batch[3] = row_of(&gone, false);
    batch[3].write.deleted = true;
    batch[3].write.type = "product.deleted";
    assert_int_equal(write_batch(database, batch, 4, &KEY("key")), STATUS_OK);
    assert_string_equal(rows(database), "4 6 1");
    assert_string_equal(ask(database, "SELECT string_agg(type || ' ' || right(id::text, 1) || ' ' || version, ', ' "
                                      "ORDER BY seq) FROM change WHERE xid = (SELECT max(xid) FROM change)"),
                        "product.created 5 1, product.updated 9 2, product.created 1 1, product.deleted 3 2");
    assert_string_equal(ask(database, "SELECT name || field_version FROM product WHERE version = 2 AND deleted_at IS "
                                      "NULL"),
                        "a \"quoted\", {braced} \\ and NULL{\"name\": 2}");
    assert_string_equal(ask(database, "SELECT name || '|' || description || '|' || coalesce(group_key, '-') FROM "
                                      "product WHERE sku = 'z'"),
                        "NULL||-");
    assert_string_equal(ask(database, "SELECT count(*) FROM product WHERE deleted_at = updated_at AND version = 2"),
                        "1");
    assert_string_equal(ask(database, "SELECT body || ' ' || array_length(changed, 1) || ' ' || (id IS NULL) FROM "
                                      "idempotency"),
                        "[the answer] 2 true");
}

static void one_row_that_cannot_be_written_is_none(void **state)
{
    struct database *database = *state;
    struct record old = make_product(database, 9, TEA);
    struct record fresh = make_product(database, 1, TEA);
    struct record other = make_product(database, 2, TEA);
    struct batch_row batch[3];

    record_set(&old, PRODUCT_SKU, TEXT("old"));
    assert_int_equal(insert_product(database, &old), STATUS_OK);
    batch[0] = row_of(&fresh, true);
    batch[1] = row_of(&old, false);
    batch[2] = row_of(&other, true);
    /* Of another version, of none, with a taken sku, without its category. */
    set_version(&old, "3");
    assert_int_equal(write_batch(database, batch, 3, &KEY("key")), STATUS_STALE);
    set_version(&old, "2");
    record_set(&old, PRODUCT_ID, TEXT(NOWHERE));
    assert_int_equal(write_batch(database, batch, 3, &KEY("key")), STATUS_STALE);
    record_set(&old, PRODUCT_ID, TEXT("01910000-0000-7000-8000-000000000009"));
    record_set(&other, PRODUCT_SKU, TEXT("OLD"));
    assert_int_equal(write_batch(database, batch, 3, &KEY("key")), STATUS_CONFLICT);
    record_set(&other, PRODUCT_SKU, TEXT_ABSENT);
    record_set(&other, PRODUCT_CATEGORY_ID, TEXT(NOWHERE));
    assert_int_equal(write_batch(database, batch, 3, &KEY("key")), STATUS_NOT_FOUND);
    assert_string_equal(rows(database), "1 1 0");
    record_set(&other, PRODUCT_CATEGORY_ID, TEXT(COFFEE));
    assert_int_equal(write_batch(database, batch, 3, &KEY("key")), STATUS_OK);
    assert_string_equal(rows(database), "3 4 1");
}

/* What is new by itself goes another way than what is new among changes: all columns of both tables. */
static void new_products_are_the_same_alone_and_among_others(void **state)
{
    static const char all[] =
        "SELECT (SELECT string_agg(p::text, chr(10) ORDER BY id) FROM product p) || "
        "(SELECT string_agg(concat_ws(' ', type, id, version, at, data), chr(10) ORDER BY seq) FROM change)";
    struct database *database = *state;
    struct record first = make_product(database, 5, TEA);
    struct record second = make_product(database, 1, COFFEE);
    struct record third = make_product(database, 3, TEA);
    struct batch_row batch[3];
    const char *among = NULL;

    record_set(&first, PRODUCT_NAME, TEXT("a \"quoted\", {braced} \\ and NULL"));
    record_set(&first, PRODUCT_SKU, TEXT("z"));
    record_set(&first, PRODUCT_ATTRIBUTES, TEXT("{\"colour\": \"green\"}"));
    record_set(&second, PRODUCT_SKU, TEXT("A"));
    record_set(&second, PRODUCT_GROUP_KEY, TEXT("G"));
    record_set(&second, PRODUCT_CREATED_AT, TEXT("2025-05-01T10:00:00.000001Z"));
    record_set(&third, PRODUCT_DESCRIPTION, TEXT(""));
    batch[0] = row_of(&first, true);
    batch[0].write.json = TEXT("{\"name\": \"\\\\\"}");
    batch[1] = row_of(&second, true);
    batch[2] = row_of(&third, true);
    assert_int_equal(write_batch(database, batch, 3, &KEY("key")), STATUS_OK);
    among = ask(database, all);
    run_sql(database, "TRUNCATE product, change, idempotency");
    assert_int_equal(write_batch(database, batch, 3, &no_key), STATUS_OK);
    assert_string_equal(ask(database, all), among);
    assert_string_equal(rows(database), "3 3 0");
    assert_string_equal(ask(database, "SELECT string_agg(right(id::text, 1), '' ORDER BY seq) FROM change"), "513");
    assert_string_equal(ask(database, "SELECT string_agg(right(id::text, 1), '' ORDER BY ctid) FROM product"), "153");

    record_set(&third, PRODUCT_ID, TEXT("01910000-0000-7000-8000-000000000004"));
    batch[0] = batch[2];
    assert_int_equal(write_batch(database, batch, 2, &no_key), STATUS_CONFLICT);
    record_set(&second, PRODUCT_ID, TEXT("01910000-0000-7000-8000-000000000006"));
    assert_int_equal(write_batch(database, batch, 2, &no_key), STATUS_CONFLICT);
    record_set(&second, PRODUCT_SKU, TEXT_ABSENT);
    record_set(&second, PRODUCT_CATEGORY_ID, TEXT(NOWHERE));
    assert_int_equal(write_batch(database, batch, 2, &no_key), STATUS_NOT_FOUND);
    assert_string_equal(rows(database), "3 3 0");
}

static void a_key_is_for_one_batch(void **state)
{
    struct database *database = *state;
    const struct record first = make_product(database, 1, TEA);
    const struct record second = make_product(database, 2, TEA);
    const struct batch_row one = row_of(&first, true);
    const struct batch_row two = row_of(&second, true);
    struct pg *other = database_connect(0);
    struct database holder = {.pg = other, .scope = database_scope()};

    /* The first request with it is running; it has come through. */
    (void)ask(&holder, "SELECT pg_advisory_lock(hashtextextended('key', 0)) IS NULL");
    assert_int_equal(write_batch(database, &one, 1, &KEY("key")), STATUS_IN_PROGRESS);
    assert_string_equal(rows(database), "0 0 0");
    pg_free(other);
    arena_free(holder.scope.arena);
    while (strcmp(ask(database, "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0") != 0) {
    }
    assert_int_equal(write_batch(database, &one, 1, &KEY("key")), STATUS_OK);
    assert_int_equal(write_batch(database, &two, 1, &KEY("key")), STATUS_IN_PROGRESS);
    assert_string_equal(pg_constraint(database->pg), "idempotency_taken");
    assert_int_equal(write_batch(database, NULL, 0, &KEY("key")), STATUS_IN_PROGRESS);
    assert_string_equal(rows(database), "1 1 1");
    /* An answer without an effect is kept too. */
    assert_int_equal(write_batch(database, NULL, 0, &KEY("other")), STATUS_OK);
    assert_string_equal(rows(database), "1 1 2");
}

static void a_dry_run_finds_what_would_be(void **state)
{
    struct database *database = *state;
    struct record product = make_product(database, 1, TEA);
    const struct batch_row row = row_of(&product, true);

    assert_int_equal(product_batch_write(database->pg, &database->scope, &row, 1, &KEY("key"), TEXT("[]"), true, NULL),
                     STATUS_OK);
    record_set(&product, PRODUCT_CATEGORY_ID, TEXT(NOWHERE));
    assert_int_equal(product_batch_write(database->pg, &database->scope, &row, 1, &no_key, TEXT("[]"), true, NULL),
                     STATUS_NOT_FOUND);
    assert_string_equal(rows(database), "0 0 0");
}

/* --- reading --- */

static void products_are_found_by_id_and_by_sku_each_once(void **state)
{
    struct database *database = *state;
    struct record live = make_product(database, 1, TEA);
    struct record plain = make_product(database, 2, TEA);
    struct record gone = make_product(database, 3, TEA);
    const struct text ids[] = {TEXT("01910000-0000-7000-8000-000000000001"), TEXT(NOWHERE),
                               TEXT("01910000-0000-7000-8000-000000000003"),
                               TEXT("01910000-0000-7000-8000-000000000001")};
    const struct text skus[] = {TEXT("LIVE"), TEXT("live"), TEXT("gone"), TEXT("none")};
    const struct text categories[] = {TEXT(TEA), TEXT(NOWHERE), TEXT(TEA)};
    struct batch_keys keys = {
        .ids = ids, .id_count = 4, .skus = skus, .sku_count = 4, .categories = categories, .category_count = 3};
    struct batch_found found;

    record_set(&live, PRODUCT_SKU, TEXT("Live"));
    record_set(&gone, PRODUCT_SKU, TEXT("gone"));
    assert_int_equal(insert_product(database, &live), STATUS_OK);
    assert_int_equal(insert_product(database, &plain), STATUS_OK);
    assert_int_equal(insert_product(database, &gone), STATUS_OK);
    run_sql(database, "UPDATE product SET deleted_at = now() WHERE sku = 'gone'");
    assert_int_equal(product_batch_load(database->pg, &database->scope, &keys, 1 << 20, &found), STATUS_OK);
    assert_int_equal(found.product_count, 2);
    for (size_t i = 0; i < 2; i++) {
        const bool is_live = text_equal(found.products[i].record.value[PRODUCT_SKU], TEXT("Live"));
        assert_int_equal(found.products[i].deleted, !is_live);
        assert_int_equal(found.products[i].version, 1);
    }
    assert_int_equal(found.category_count, 1);
    assert_text(found.categories[0], TEA);

    assert_int_equal(product_batch_load(database->pg, &database->scope, &keys, 100, &found), STATUS_TOO_LARGE);
    keys = (struct batch_keys){0};
    assert_int_equal(product_batch_load(database->pg, &database->scope, &keys, 100, &found), STATUS_OK);
    assert_int_equal(found.product_count + found.category_count, 0);
}

/* --- plans --- */

/* Rows of product that were read until now, by whoever. */
static unsigned long rows_read(struct database *database)
{
    run_sql(database, "SELECT pg_stat_force_next_flush()");
    return strtoul(ask(database, "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables "
                                 "WHERE relid = 'product'::regclass"),
                   NULL, 10);
}

/* The first batch of a session is often the first there ever was: what was planned for an empty table is kept. */
static void what_was_planned_for_an_empty_table_looks_rows_up_when_it_is_full(void **state)
{
    struct database *database = *state;
    struct record product = make_product(database, 1, TEA);
    struct batch_row batch = row_of(&product, true);
    const struct text sku = TEXT("s-1500");
    const struct batch_keys keys = {.ids = &product.value[PRODUCT_ID], .id_count = 1, .skus = &sku, .sku_count = 1};
    struct batch_found found;

    run_sql(database, "VACUUM product");
    assert_int_equal(product_batch_load(database->pg, &database->scope, &keys, 1 << 20, &found), STATUS_OK);
    assert_int_equal(found.product_count, 0);
    assert_int_equal(write_batch(database, &batch, 1, &no_key), STATUS_OK);
    set_version(&product, "2");
    batch = row_of(&product, false);
    assert_int_equal(write_batch(database, &batch, 1, &no_key), STATUS_OK);
    run_sql(database,
            "INSERT INTO product (id, sku, name, price, currency, category_id, status, attributes, images) "
            "SELECT ('01910000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'S-' || n, 'Name', 1, 'EUR', '" TEA
            "', 'active', '{}', '[]' FROM generate_series(2, 3000) n");

    const unsigned long before = rows_read(database);
    assert_int_equal(product_batch_load(database->pg, &database->scope, &keys, 1 << 20, &found), STATUS_OK);
    assert_int_equal(found.product_count, 2);
    assert_in_range(rows_read(database) - before, 1, 20);

    const unsigned long written_before = rows_read(database);
    set_version(&product, "3");
    assert_int_equal(write_batch(database, &batch, 1, &no_key), STATUS_OK);
    assert_in_range(rows_read(database) - written_before, 1, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(all_rows_are_written_in_their_order, products_clear),
        cmocka_unit_test_setup(one_row_that_cannot_be_written_is_none, products_clear),
        cmocka_unit_test_setup(new_products_are_the_same_alone_and_among_others, products_clear),
        cmocka_unit_test_setup(a_key_is_for_one_batch, products_clear),
        cmocka_unit_test_setup(a_dry_run_finds_what_would_be, products_clear),
        cmocka_unit_test_setup(products_are_found_by_id_and_by_sku_each_once, products_clear),
        cmocka_unit_test_setup(what_was_planned_for_an_empty_table_looks_rows_up_when_it_is_full, products_clear),
    };
    return cmocka_run_group_tests(tests, products_set_up, database_tear_down);
}

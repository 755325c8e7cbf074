/* Tests of store/purge_store.h: what is removed when there is much of it. What may be removed is held in
 * tests/service/test_purge.py. */
#include "store/purge_store.h"

#include "product_fixture.h"

#define JOB "01930000-0000-7000-8000-000000000001"
#define IMPORT "01930000-0000-7000-8000-000000000002"
#define ROWS "3000"
#define BATCH 10

static const struct job_hold hold = {{JOB, sizeof JOB - 1}, {"1", 1}};

static const struct {
    enum purge_what what;
    const char *table;
    const char *vacuum;
    const char *fill;
} rows[] = {
    {PURGE_PRODUCTS, "product", "VACUUM product",
     "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images, deleted_at) "
     "SELECT gen_random_uuid(), 'Name', 1, 'EUR', '" TEA "', 'active', '{}', '[]', now() - n * interval '1 minute' "
     "FROM generate_series(1, " ROWS ") n"},
    {PURGE_CHANGES, "change", "VACUUM change",
     "INSERT INTO change (type, id, version, at, data) SELECT 'product.created', gen_random_uuid(), 1, "
     "now() - interval '1 hour', '{}' FROM generate_series(1, " ROWS ")"},
    {PURGE_LINES, "import_line", "VACUUM import_line",
     "INSERT INTO import (id, state, format, mode, on_error, dry_run) "
     "VALUES ('" IMPORT "', 'abandoned', 'ndjson', 'upsert', 'skip', false); "
     "INSERT INTO import_line (import, number, line, content) "
     "SELECT '" IMPORT "', n, n, '{}' FROM generate_series(1, " ROWS ") n"},
};

static int clear(void **state)
{
    (void)products_clear(state);
    run_sql(*state, "TRUNCATE job, import, import_line");
    run_sql(*state, "INSERT INTO job (id, kind, state, fence, lease_until) VALUES ('" JOB
                    "', 'purge', 'running', 1, 'infinity')");
    return 0;
}

/* Rows of the table that were read until now, by whoever. */
static unsigned long rows_read(struct database *database, const char *table)
{
    struct scope *scope = &database->scope;

    run_sql(database, "SELECT pg_stat_force_next_flush()");
    return strtoul(ask(database, arena_printf(scope->arena,
                                              "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM "
                                              "pg_stat_user_tables WHERE relid = '%s'::regclass",
                                              table)
                                     .data),
                   NULL, 10);
}

/* The first purge of a runner is often of empty tables: what was planned then is kept. */
static void what_was_planned_for_an_empty_table_finds_its_rows_when_it_is_full(void **state)
{
    struct database *database = *state;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t removed = 0;
        bool more = false;

        run_sql(database, rows[i].vacuum);
        assert_int_equal(
            purge_store_batch(database->pg, &database->scope, &hold, rows[i].what, 1, BATCH, &removed, &more),
            STATUS_OK);
        assert_int_equal(removed, 0);
        assert_false(more);
        run_sql(database, rows[i].fill);

        const unsigned long before = rows_read(database, rows[i].table);
        assert_int_equal(
            purge_store_batch(database->pg, &database->scope, &hold, rows[i].what, 1, BATCH, &removed, &more),
            STATUS_OK);
        assert_int_equal(removed, BATCH);
        assert_true(more);
        assert_row(rows_read(database, rows[i].table) - before <= 5L * BATCH, rows[i].table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_planned_for_an_empty_table_finds_its_rows_when_it_is_full, clear),
    };
    return cmocka_run_group_tests(tests, products_set_up, database_tear_down);
}

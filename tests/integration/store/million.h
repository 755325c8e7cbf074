/* A million products for the tests of plans, with the settings of a worker's session; on a build with sanitizers, which
 * change nothing about plans, a few thousand.
 *
 * They are made once for all programs: in a schema whose name tells what it is made of, which stays in the database. */
#ifndef TESTS_MILLION_H
#define TESTS_MILLION_H

#include "plan_check.h"

#include "base/hash.h"

#include <sys/wait.h>

#if defined(__SANITIZE_ADDRESS__)
#define PRODUCTS "5000"
#else
#define PRODUCTS "1000000"
#endif

#define ROOT "01900000-0000-7000-8000-000000000001"
#define LEAF "01900000-0000-7000-8000-000000000005"
#define PRODUCT "01910000-0000-7000-8000-000000000100"

#define MILLION_MS 300000

/* Indexes are built when the products are there, and the words of a name are looked up, as there are few names. A category
 * in 300 has 60 below it; a hundredth of the products each are drafts and archived. "common" is in every name, "third" in
 * every third, "w17" in one of 500, "rare" in one of a thousand; "left" and "right" are in half of them each, and never
 * together. */
static const char million_begin[] =
    "ALTER TABLE product DROP CONSTRAINT product_category_exists, ALTER COLUMN search DROP EXPRESSION;"
    "ALTER TABLE product SET UNLOGGED;"
    "CREATE TABLE built AS SELECT row_number() OVER (ORDER BY indexname) AS n, indexname, indexdef FROM pg_indexes "
    "WHERE schemaname = current_schema AND tablename = 'product' AND indexname <> 'product_pkey';"
    "DO $$ DECLARE one record; BEGIN FOR one IN SELECT * FROM built LOOP EXECUTE 'DROP INDEX ' || one.indexname; "
    "END LOOP; END $$;"
    "INSERT INTO category (id, name, slug, parent_id) "
    "SELECT ('01900000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'C' || n, 'c' || n, "
    "CASE WHEN n BETWEEN 2 AND 60 THEN '" ROOT "'::uuid END FROM generate_series(1, 300) n;"
    "CREATE TABLE named AS SELECT n AS place, name, search_vector(name, NULL, NULL) AS search FROM generate_series(0, "
    "2999) n, "
    "concat('Common ', CASE n % 3 WHEN 0 THEN 'third ' END, CASE n % 2 WHEN 0 THEN 'left ' ELSE 'right ' END, "
    "'w', n % 500, CASE n % 1000 WHEN 0 THEN ' rare' END) name;"
    "CREATE UNIQUE INDEX named_key ON named (place);"
    "INSERT INTO search_word (word) SELECT word FROM ts_stat('SELECT search FROM named') WHERE word ~ '^[^0-9]{4,40}$'";

/* What two sessions do beside each other, each a half. */
static const char million_fill[] =
    "SET synchronous_commit = off;"
    "INSERT INTO product (id, sku, name, price, currency, category_id, status, attributes, images, group_key, "
    "created_at, updated_at, search) "
    "SELECT ('01910000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid, 'S-' || n, name, "
    "(n % 9973 + 1) * 0.01, (ARRAY['EUR', 'USD', 'GBP'])[n % 3 + 1], "
    "('01900000-0000-7000-8000-' || lpad(to_hex(n * 31 % 300 + 1), 12, '0'))::uuid, "
    "CASE n / 7 % 100 WHEN 0 THEN 'draft' WHEN 1 THEN 'archived' ELSE 'active' END, "
    "json_build_object('colour', (ARRAY['red', 'green', 'blue'])[n % 3 + 1], 'size', n / 3 % 20, 'serial', n), '[]', "
    "'G' || n / 3, timestamptz '2026-01-01T00:00:00Z' + n * interval '1 second', "
    "timestamptz '2026-01-01T00:00:00Z' + n * 7919 % 1000003 * interval '1 second', named.search "
    "FROM (SELECT current_setting('million.half')::bigint AS half) h, "
    "generate_series(half * " PRODUCTS " / 2 + 1, (half + 1) * " PRODUCTS " / 2) m (n) "
    "JOIN named ON place = n % 3000";

static const char million_index[] = "SET maintenance_work_mem = '256MB';"
                                    "DO $$ DECLARE one record; BEGIN FOR one IN SELECT * FROM built WHERE n % 2 = "
                                    "current_setting('million.half')::bigint LOOP "
                                    "EXECUTE one.indexdef; END LOOP; END $$";

/* The last ones wait in the lists of the indexes of words and attributes, as in a table that is written to. */
static const char million_end[] =
    "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images, group_key, created_at, "
    "updated_at, search) "
    "SELECT overlay(id::text PLACING '0192' FROM 1 FOR 4)::uuid, name, price, currency, category_id, status, "
    "attributes, "
    "images, group_key, created_at, updated_at, search FROM product ORDER BY id LIMIT 250;"
    "DROP TABLE named, built; ANALYZE product, category, search_word";

static inline void million_in_halves(const char *sql)
{
    pid_t pids[2];

    for (unsigned half = 0; half < 2; half++) {
        pids[half] = fork();
        if (pids[half] == 0) {
            struct database database = {.pg = database_connect(0), .scope = database_scope()};
            database.scope.deadline_ns = clock_deadline_in_ms(MILLION_MS);
            run_sql(&database, half == 0 ? "SET million.half = 0" : "SET million.half = 1");
            run_sql(&database, sql);
            pg_free(database.pg);
            arena_free(database.scope.arena);
            _exit(0);
        }
    }
    for (unsigned half = 0; half < 2; half++) {
        int ended = -1;
        assert_int_equal(waitpid(pids[half], &ended, 0), pids[half]);
        assert_int_equal(ended, 0);
    }
}

/* A number that is another one where anything that makes the products is. */
static inline uint64_t million_hash(void)
{
    static const char *const parts[] = {million_begin, million_fill, million_index, million_end, check_functions};
    static char sql[1 << 20];
    uint64_t hash = HASH_START;
    glob_t found = {0};

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        hash = hash_add(hash, text_of(parts[i]));
    }
    assert_int_equal(glob("migrations/*.sql", 0, NULL, &found), 0);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        FILE *file = fopen(found.gl_pathv[i], "rbe");
        assert_non_null(file);
        hash = hash_add(hash, (struct text){.data = sql, .length = fread(sql, 1, sizeof sql, file)});
        (void)fclose(file);
    }
    globfree(&found);
    return hash;
}

/* cmocka's group set-up: the state is a struct database. */
static inline int million_set_up(void **state)
{
    struct database *database = calloc(1, sizeof *database);
    char schema[40];
    char options[80];

    (void)snprintf(schema, sizeof schema, "million_%llx_%.4s", (unsigned long long)million_hash(), PRODUCTS);
    (void)snprintf(options, sizeof options, "-c search_path=%s", schema);
    (void)setenv("PGOPTIONS", options, 1);
    database->pg = database_connect(0);
    database->scope = database_scope();
    database->scope.deadline_ns = clock_deadline_in_ms(MILLION_MS);
    run_sql(database, "SELECT pg_advisory_lock(hashtext('million'))");
    if (strcmp(ask(database, "SELECT coalesce(obj_description(to_regnamespace(current_setting('search_path')), "
                             "'pg_namespace'), '')"),
               "ready") != 0) {
        run_sql(database, arena_printf(database->scope.arena, "DROP SCHEMA IF EXISTS %s CASCADE; CREATE SCHEMA %s",
                                       schema, schema)
                              .data);
        run_migrations(database, "migrations/*.sql");
        run_sql(database, million_begin);
        million_in_halves(million_fill);
        million_in_halves(million_index);
        run_sql(database, million_end);
        run_sql(database, check_functions);
        run_sql(database, arena_printf(database->scope.arena, "COMMENT ON SCHEMA %s IS 'ready'", schema).data);
    }
    run_sql(database, "SELECT pg_advisory_unlock(hashtext('million'))");
    *state = database;
    return 0;
}

static inline int million_tear_down(void **state)
{
    struct database *database = *state;

    pg_free(database->pg);
    arena_free(database->scope.arena);
    free(database);
    return 0;
}

static inline int million_take_time(void **state)
{
    struct database *database = *state;
    arena_reset(database->scope.arena);
    database->scope.deadline_ns = clock_deadline_in_ms(MILLION_MS);
    return 0;
}

static inline unsigned bits_in(unsigned number)
{
    unsigned count = 0;
    for (; number != 0; number &= number - 1) {
        count++;
    }
    return count;
}

#endif

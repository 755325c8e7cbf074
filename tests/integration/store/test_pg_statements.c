/* Tests of store/pg.h: values, statuses, prepared statements, scripts. */
#include "../database.h"

static const char *const no_text = NULL;

static enum status exec(struct database *database, const char *name, const char *sql, bool reads,
                        struct pg_result **result)
{
    return pg_exec(database->pg, &database->scope, name, sql, reads, NULL, 0, result);
}

static void values_come_back_as_text(void **state)
{
    struct database *database = *state;
    const struct text parameters[] = {
        {.data = "caf\xc3\xa9 and what is not meant", .length = 5}, TEXT(""), text_of(no_text), TEXT("1.50")};
    struct pg_result *result = NULL;

    assert_int_equal(pg_exec(database->pg, &database->scope, "values",
                             "SELECT $1::text, $2::text, $3::text, $4::numeric UNION ALL SELECT 'x', 'y', 'z', 2", true,
                             parameters, 4, &result),
                     STATUS_OK);
    assert_int_equal(pg_rows(result), 2);
    assert_text(pg_value(result, 0, 0), "caf\xc3\xa9");
    assert_text(pg_value(result, 0, 1), "");
    assert_text(pg_value(result, 0, 2), NULL);
    assert_text(pg_value(result, 0, 3), "1.50");
    assert_text(pg_value(result, 1, 2), "z");
    assert_true(database->scope.store_ns > 0);
}

static void rows_that_were_touched_are_counted(void **state)
{
    struct database *database = *state;
    struct pg_result *result = NULL;
    run_sql(database, "CREATE TABLE counted (n int)");
    assert_int_equal(exec(database, "fill", "INSERT INTO counted SELECT generate_series(1, 7)", false, &result),
                     STATUS_OK);
    assert_int_equal(pg_affected(result), 7);
    assert_int_equal(pg_rows(result), 0);
}

static void a_parameter_with_a_nul_is_refused(void **state)
{
    struct database *database = *state;
    const struct text cut = {.data = "a\0b", .length = 3};
    struct text many[PG_PARAMETERS_MAX + 1] = {{0}};
    struct pg_result *result = NULL;
    assert_int_equal(pg_exec(database->pg, &database->scope, "cut", "SELECT $1::text", true, &cut, 1, &result),
                     STATUS_INVALID);
    assert_int_equal(
        pg_exec(database->pg, &database->scope, "cut", "SELECT $1::text", true, many, COUNT_OF(many), &result),
        STATUS_INVALID);
}

static void constraints_have_statuses_and_names(void **state)
{
    static const struct {
        const char *name;
        const char *sql;
        enum status status;
        const char *constraint;
    } rows[] = {
        {"key", "INSERT INTO child VALUES (1, NULL, 'a'), (1, NULL, 'b')", STATUS_CONFLICT, "child_key"},
        {"reference", "INSERT INTO child VALUES (2, 9, 'a')", STATUS_NOT_FOUND, "child_parent_exists"},
        {"check", "INSERT INTO child VALUES (3, NULL, '')", STATUS_INVALID, "child_named"},
        {"null", "INSERT INTO child VALUES (4, NULL, NULL)", STATUS_INVALID, ""},
        {"form", "SELECT 'x'::int", STATUS_INVALID, ""},
        {"fine", "INSERT INTO child VALUES (5, NULL, 'a')", STATUS_OK, ""},
    };
    struct database *database = *state;
    run_sql(database, "CREATE TABLE child (id int CONSTRAINT child_key PRIMARY KEY, "
                      "parent int CONSTRAINT child_parent_exists REFERENCES child, "
                      "name text NOT NULL CONSTRAINT child_named CHECK (name <> ''))");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct pg_result *result = NULL;
        assert_row(exec(database, rows[i].name, rows[i].sql, false, &result) == rows[i].status, rows[i].name);
        assert_string_equal(pg_constraint(database->pg), rows[i].constraint);
    }
    assert_string_equal(ask(database, "SELECT count(*) FROM child"), "1");
}

/* The rows are complete before the constraint fails: the failure must win. */
static void a_constraint_that_fails_at_the_end_is_a_failure(void **state)
{
    struct database *database = *state;
    struct pg_result *result = NULL;
    run_sql(database, "CREATE TABLE late (n int CONSTRAINT late_unique UNIQUE DEFERRABLE INITIALLY DEFERRED)");
    assert_int_equal(exec(database, "late", "INSERT INTO late VALUES (1), (1) RETURNING n", false, &result),
                     STATUS_CONFLICT);
    assert_string_equal(pg_constraint(database->pg), "late_unique");
}

static void raised_errors_have_the_status_of_their_sqlstate(void **state)
{
    static const struct {
        const char *sqlstate;
        enum status status;
    } rows[] = {{"23505", STATUS_CONFLICT},  {"57P03", STATUS_UNAVAILABLE}, {"53300", STATUS_UNAVAILABLE},
                {"25006", STATUS_READ_ONLY}, {"57014", STATUS_DEADLINE},    {"42703", STATUS_INTERNAL}};
    struct database *database = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char message[100] = "";
        const char *sql = arena_printf(database->scope.arena,
                                       "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '%s', MESSAGE = 'told so'; END $$",
                                       rows[i].sqlstate)
                              .data;
        assert_row(pg_run_script(database->pg, &database->scope, sql, message, sizeof(message)) == rows[i].status,
                   rows[i].sqlstate);
        assert_string_equal(message, "told so");
    }
}

/* --- tried again --- */

static void a_transaction_that_loses_a_race_is_run_again(void **state)
{
    struct database *database = *state;
    struct pg_result *result = NULL;
    run_sql(database, "CREATE SEQUENCE tries; CREATE TABLE won (n bigint);"
                      "CREATE FUNCTION lose(times int, code text) RETURNS bigint LANGUAGE plpgsql AS $$ "
                      "DECLARE n bigint := nextval('tries'); BEGIN INSERT INTO won VALUES (n); "
                      "IF n <= times THEN RAISE EXCEPTION USING ERRCODE = code; END IF; RETURN n; END $$");
    assert_int_equal(exec(database, "lose_3", "SELECT lose(3, '40001')", false, &result), STATUS_OK);
    assert_text(pg_value(result, 0, 0), "4");
    assert_string_equal(ask(database, "SELECT count(*) FROM won"), "1");

    run_sql(database, "ALTER SEQUENCE tries RESTART");
    assert_int_equal(exec(database, "lose_ever", "SELECT lose(100, '40P01')", false, &result), STATUS_UNAVAILABLE);
    assert_string_equal(ask(database, "SELECT last_value FROM tries"), "4");
}

static void what_a_pooler_dropped_is_prepared_again(void **state)
{
    struct database *database = *state;
    struct pg_result *result = NULL;
    assert_int_equal(exec(database, "once", "SELECT 41", true, &result), STATUS_OK);
    run_sql(database, "DISCARD ALL");
    assert_int_equal(exec(database, "once", "SELECT 41", true, &result), STATUS_OK);
    assert_text(pg_value(result, 0, 0), "41");
    run_sql(database, "DEALLOCATE ALL; PREPARE other AS SELECT 1");
    assert_int_equal(exec(database, "other", "SELECT 42", true, &result), STATUS_OK);
    assert_text(pg_value(result, 0, 0), "42");
}

static void a_plan_that_a_migration_outdated_is_made_again(void **state)
{
    struct database *database = *state;
    struct pg_result *result = NULL;
    run_sql(database, "CREATE TABLE changing (n int); INSERT INTO changing VALUES (7)");
    assert_int_equal(exec(database, "changing", "SELECT * FROM changing", true, &result), STATUS_OK);
    run_sql(database, "ALTER TABLE changing ADD more text DEFAULT 'new'");
    assert_int_equal(exec(database, "changing", "SELECT * FROM changing", true, &result), STATUS_OK);
    assert_text(pg_value(result, 0, 1), "new");
}

static void a_statement_is_prepared_once(void **state)
{
    struct database *database = *state;
    struct pg_result *result = NULL;
    for (int i = 0; i < 5; i++) {
        assert_int_equal(exec(database, "often", "SELECT 1", true, &result), STATUS_OK);
    }
    assert_string_equal(ask(database,
                            "SELECT count(*) || ' ' || sum(generic_plans + custom_plans) FROM pg_prepared_statements "
                            "WHERE name = 'often'"),
                        "1 5");
}

static void more_statements_than_are_kept_still_run(void **state)
{
    struct database *database = *state;
    static char names[200][16];
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            struct pg_result *result = NULL;
            (void)snprintf(names[i], sizeof(names[i]), "many_%zu", (i * 7919) % COUNT_OF(names));
            const char *sql = arena_printf(database->scope.arena, "SELECT '%s'", names[i]).data;
            assert_int_equal(exec(database, names[i], sql, true, &result), STATUS_OK);
            assert_text(pg_value(result, 0, 0), names[i]);
            memset(names[i], 'x', sizeof(names[i]) - 1); /* a name need not outlive its call */
            /* What was run last is prepared, however many came before. */
            assert_int_equal(i % 50 == 49 &&
                                 strtoul(ask(database, "SELECT count(*) FROM pg_prepared_statements"), NULL, 10) > 128,
                             0);
        }
    }
    run_sql(database, "DISCARD ALL");
}

/* --- large answers and parameters --- */

static void a_read_stops_at_its_bound(void **state)
{
    static const char sql[] = "SELECT repeat('x', 1000), n FROM generate_series(100, 599) n";
    struct database *database = *state;
    struct pg_result *result = NULL;
    bool full = false;

    assert_int_equal(pg_read_bounded(database->pg, &database->scope, "bounded", sql, 10030, NULL, 0, 0, &result, &full),
                     STATUS_OK);
    assert_true(full);
    assert_int_equal(pg_rows(result), 10);
    assert_text(pg_value(result, 9, 1), "109");

    assert_int_equal(pg_read_bounded(database->pg, &database->scope, "bounded", sql, 1, NULL, 0, 0, &result, &full),
                     STATUS_OK);
    assert_int_equal(pg_rows(result), 1);

    assert_int_equal(
        pg_read_bounded(database->pg, &database->scope, "bounded", sql, (size_t)1 << 30, NULL, 0, 0, &result, &full),
        STATUS_OK);
    assert_false(full);
    assert_int_equal(pg_rows(result), 500);
    assert_text(pg_value(result, 499, 1), "599");

    assert_int_equal(
        pg_read_bounded(database->pg, &database->scope, "none", "SELECT 1 WHERE false", 1, NULL, 0, 0, &result, &full),
        STATUS_OK);
    assert_int_equal(pg_rows(result), 0);
    assert_int_equal(pg_read_bounded(database->pg, &database->scope, "breaks",
                                     "SELECT 6 / (3 - n) FROM "
                                     "generate_series(1, 5) n",
                                     1000, NULL, 0, 0, &result, &full),
                     STATUS_INVALID);
}

/* Larger than the buffers of a socket, so that sending has to wait for the server to read. */
static void a_large_parameter_goes_and_comes_back(void **state)
{
    enum { SIZE = 16 << 20 };
    struct database *database = *state;
    char *bytes = arena_alloc(database->scope.arena, SIZE);
    const struct text large = {.data = memset(bytes, 'x', SIZE), .length = SIZE};
    struct pg_result *result = NULL;
    assert_int_equal(pg_exec(database->pg, &database->scope, "large", "SELECT $1::text", true, &large, 1, &result),
                     STATUS_OK);
    assert_true(text_equal(pg_value(result, 0, 0), large));
}

/* --- scripts --- */

static void a_script_is_one_transaction(void **state)
{
    struct database *database = *state;
    char message[100] = "";
    assert_int_equal(pg_run_script(database->pg, &database->scope,
                                   "CREATE TABLE half (n int); INSERT INTO half VALUES (1); SELECT 1 / 0", message,
                                   sizeof(message)),
                     STATUS_INVALID);
    assert_string_equal(message, "division by zero");
    assert_string_equal(ask(database, "SELECT to_regclass('half')"), "");
}

static void a_script_cannot_leave_a_transaction_open(void **state)
{
    struct database *database = *state;
    assert_int_equal(pg_run_script(database->pg, &database->scope, "BEGIN; CREATE TABLE left_open (n int)", NULL, 0),
                     STATUS_INTERNAL);
    assert_string_equal(ask(database, "SELECT to_regclass('left_open')"), "");
}

static void copy_is_refused_and_does_not_hang(void **state)
{
    struct database *database = *state;
    struct pg_result *result = NULL;
    run_sql(database, "CREATE TABLE copied (n int)");
    assert_int_not_equal(pg_run_script(database->pg, &database->scope, "COPY copied FROM STDIN", NULL, 0), STATUS_OK);
    assert_int_not_equal(pg_run_script(database->pg, &database->scope, "COPY copied TO STDOUT", NULL, 0), STATUS_OK);
    assert_int_equal(exec(database, "after_copy", "SELECT 1", true, &result), STATUS_OK);
}

static void the_session_has_its_settings(void **state)
{
    struct database *database = *state;
    struct pg *own = database->pg;
    database->pg = database_connect(1500);
    assert_string_equal(ask(database, "SELECT current_setting('TimeZone')"), "UTC");
    assert_string_equal(ask(database, "SELECT split_part(current_setting('DateStyle'), ',', 1)"), "ISO");
    assert_string_equal(ask(database, "SELECT current_setting('client_encoding')"), "UTF8");
    assert_string_equal(ask(database, "SELECT current_setting('application_name')"), "test");
    assert_string_equal(ask(database, "SELECT current_setting('statement_timeout')"), "1500ms");
    assert_string_equal(ask(database, "SELECT current_setting('lock_timeout')"), "1500ms");
    assert_string_equal(ask(database, "SELECT current_setting('idle_in_transaction_session_timeout')"), "1500ms");
    assert_string_equal(ask(database, "SELECT current_setting('client_connection_check_interval')"), "1s");
    pg_free(database->pg);
    database->pg = own;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(values_come_back_as_text, database_reset),
        cmocka_unit_test_setup(rows_that_were_touched_are_counted, database_reset),
        cmocka_unit_test_setup(a_parameter_with_a_nul_is_refused, database_reset),
        cmocka_unit_test_setup(constraints_have_statuses_and_names, database_reset),
        cmocka_unit_test_setup(a_constraint_that_fails_at_the_end_is_a_failure, database_reset),
        cmocka_unit_test_setup(raised_errors_have_the_status_of_their_sqlstate, database_reset),
        cmocka_unit_test_setup(a_transaction_that_loses_a_race_is_run_again, database_reset),
        cmocka_unit_test_setup(what_a_pooler_dropped_is_prepared_again, database_reset),
        cmocka_unit_test_setup(a_plan_that_a_migration_outdated_is_made_again, database_reset),
        cmocka_unit_test_setup(a_statement_is_prepared_once, database_reset),
        cmocka_unit_test_setup(more_statements_than_are_kept_still_run, database_reset),
        cmocka_unit_test_setup(a_read_stops_at_its_bound, database_reset),
        cmocka_unit_test_setup(a_large_parameter_goes_and_comes_back, database_reset),
        cmocka_unit_test_setup(a_script_is_one_transaction, database_reset),
        cmocka_unit_test_setup(a_script_cannot_leave_a_transaction_open, database_reset),
        cmocka_unit_test_setup(copy_is_refused_and_does_not_hang, database_reset),
        cmocka_unit_test_setup(the_session_has_its_settings, database_reset),
    };
    return cmocka_run_group_tests(tests, database_set_up, database_tear_down);
}

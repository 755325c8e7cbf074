/* Tests of store/pg.h: statements that are rolled back, the database's clock, and who serves the connection. */
#include "../database.h"

#include <sys/wait.h>

static enum status rehearse(struct database *database, const char *sql, struct pg_result **result)
{
    return pg_rehearse(database->pg, &database->scope, sql, NULL, 0, 0, result);
}

static const char *count(struct database *database)
{
    return ask(database, "SELECT count(*) FROM rehearsed");
}

static int clear(void **state)
{
    (void)database_reset(state);
    run_sql(*state,
            "DROP TABLE IF EXISTS rehearsed; CREATE TABLE rehearsed (n int CONSTRAINT rehearsed_key PRIMARY KEY)");
    return 0;
}

static void what_was_rehearsed_is_answered_and_undone(void **state)
{
    struct database *database = *state;
    struct pg_result *result = NULL;
    const struct text parameters[] = {TEXT("41"), TEXT("1")};

    for (int i = 0; i < 3; i++) {
        assert_int_equal(pg_rehearse(database->pg, &database->scope,
                                     "INSERT INTO rehearsed SELECT $1::int + $2::int RETURNING n, 'caf\xc3\xa9'",
                                     parameters, 2, 0, &result),
                         STATUS_OK);
        assert_int_equal(pg_rows(result), 1);
        assert_text(pg_value(result, 0, 0), "42");
        assert_text(pg_value(result, 0, 1), "caf\xc3\xa9");
        assert_string_equal(count(database), "0");
    }
    assert_int_equal(rehearse(database, "INSERT INTO rehearsed VALUES (1), (2)", &result), STATUS_OK);
    assert_int_equal(pg_rows(result), 0);
    assert_int_equal(rehearse(database, "DROP TABLE rehearsed", &result), STATUS_OK);
    assert_string_equal(count(database), "0");
    assert_true(database->scope.store_ns > 0);
}

static void errors_inside_are_told_and_the_connection_stays(void **state)
{
    static const struct {
        const char *sql;
        enum status status;
        const char *constraint;
    } rows[] = {
        {"INSERT INTO rehearsed VALUES (1), (1)", STATUS_CONFLICT, "rehearsed_key"},
        {"SELECT 1 / 0", STATUS_INVALID, ""},
        {"SELEKT", STATUS_INTERNAL, ""},
        {"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$", STATUS_UNAVAILABLE, ""},
        {"COPY rehearsed TO STDOUT", STATUS_UNAVAILABLE, NULL},
    };
    struct database *database = *state;
    const char *pid = ask(database, "SELECT pg_backend_pid()");
    struct pg_result *result = NULL;

    for (size_t i = 0; i < COUNT_OF(rows) - 1; i++) {
        assert_row(rehearse(database, rows[i].sql, &result) == rows[i].status, rows[i].sql);
        assert_string_equal(pg_constraint(database->pg), rows[i].constraint);
        assert_string_equal(ask(database, "SELECT pg_backend_pid()"), pid);
        assert_string_equal(ask(database, "SELECT pg_current_xact_id_if_assigned()"), "");
        assert_string_equal(count(database), "0");
    }
    /* Nobody here speaks COPY: it must not hang, and what comes after it is well. */
    assert_int_not_equal(rehearse(database, rows[COUNT_OF(rows) - 1].sql, &result), STATUS_OK);
    assert_string_equal(count(database), "0");
}

static void a_constraint_that_fails_at_the_end_is_not_reached(void **state)
{
    struct database *database = *state;
    struct pg_result *result = NULL;
    run_sql(database, "ALTER TABLE rehearsed DROP CONSTRAINT rehearsed_key, ADD CONSTRAINT late UNIQUE (n) DEFERRABLE "
                      "INITIALLY IMMEDIATE");
    assert_int_equal(rehearse(database, "INSERT INTO rehearsed VALUES (1), (1) RETURNING n", &result), STATUS_CONFLICT);
    assert_string_equal(pg_constraint(database->pg), "late");
}

static void a_statement_that_ends_the_transaction_itself_stays_alone(void **state)
{
    struct database *database = *state;
    struct pg_result *result = NULL;
    assert_int_equal(rehearse(database, "ROLLBACK", &result), STATUS_OK);
    assert_int_equal(rehearse(database, "INSERT INTO rehearsed VALUES (1)", &result), STATUS_OK);
    assert_string_equal(count(database), "0");
}

static void past_the_deadline_it_is_given_up_and_undone(void **state)
{
    struct database *database = *state;
    const char *pid = ask(database, "SELECT pg_backend_pid()");
    struct pg_result *result = NULL;
    const int64_t began_ns = clock_monotonic_ns();

    database->scope.deadline_ns = clock_deadline_in_ms(150);
    assert_int_equal(
        rehearse(database, "WITH slept AS (SELECT pg_sleep(0.6)) INSERT INTO rehearsed SELECT 1 FROM slept", &result),
        STATUS_DEADLINE);
    assert_in_range((clock_monotonic_ns() - began_ns) / CLOCK_NS_PER_MS, 149, 590);
    database_rearm(&database->scope);
    assert_string_not_equal(ask(database, "SELECT pg_backend_pid()"), pid);
    (void)usleep(800 * 1000);
    assert_string_equal(count(database), "0");
}

static void a_connection_that_was_cut_is_replaced(void **state)
{
    struct database *database = *state;
    struct database other = {.pg = database_connect(0), .scope = database_scope()};
    struct pg_result *result = NULL;
    const char *pid = ask(&other, "SELECT pg_backend_pid()");

    run_sql(database, arena_printf(database->scope.arena, "SELECT pg_terminate_backend(%s, 2000)", pid).data);
    assert_int_equal(rehearse(&other, "INSERT INTO rehearsed VALUES (1)", &result), STATUS_OK);
    assert_string_equal(count(database), "0");
    pg_free(other.pg);
    arena_free(other.scope.arena);
}

static void a_session_that_the_server_ends_is_unavailable_and_undone(void **state)
{
    (void)state;
    struct database other = {.pg = database_connect(0), .scope = database_scope()};
    struct pg_result *result = NULL;
    const char *pid = ask(&other, "SELECT pg_backend_pid()");
    const pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        struct database killer = {.pg = database_connect(0), .scope = database_scope()};
        (void)usleep(300 * 1000);
        run_sql(&killer, arena_printf(killer.scope.arena, "SELECT pg_terminate_backend(%s, 2000)", pid).data);
        _exit(0);
    }
    assert_int_equal(
        rehearse(&other, "WITH slept AS (SELECT pg_sleep(2)) INSERT INTO rehearsed SELECT 1 FROM slept", &result),
        STATUS_UNAVAILABLE);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_string_equal(count(&other), "0");
    pg_free(other.pg);
    arena_free(other.scope.arena);
}

/* Larger than the buffers of a socket, in both directions. */
static void large_values_go_and_come_back(void **state)
{
    enum { SIZE = 8 << 20 };
    struct database *database = *state;
    char *bytes = arena_alloc(database->scope.arena, SIZE);
    const struct text large = {.data = memset(bytes, 'x', SIZE), .length = SIZE};
    const struct text cut = {.data = "a\0b", .length = 3};
    struct pg_result *result = NULL;

    assert_int_equal(pg_rehearse(database->pg, &database->scope, "SELECT $1::text", &large, 1, 0, &result), STATUS_OK);
    assert_true(text_equal(pg_value(result, 0, 0), large));
    assert_int_equal(pg_rehearse(database->pg, &database->scope, "SELECT $1::text", &cut, 1, 0, &result),
                     STATUS_INVALID);
    assert_string_equal(count(database), "0");
}

/* --- clock and backend --- */

static int64_t database_us(struct database *database)
{
    return strtoll(ask(database, "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"), NULL, 10);
}

static void the_clock_is_the_databases(void **state)
{
    struct database *database = *state;
    int64_t last_us = 0;
    for (int i = 0; i < 100; i++) {
        int64_t now_us = 0;
        const int64_t before_us = database_us(database);
        assert_int_equal(pg_now(database->pg, &database->scope, &now_us), STATUS_OK);
        assert_in_range(now_us - before_us + 50000, 0, 150000);
        assert_true(now_us >= last_us);
        last_us = now_us;
    }
}

/* A function that stands before the system's makes the database's clock an hour fast. */
static void a_database_whose_clock_differs_is_followed(void **state)
{
    struct database *database = *state;
    struct database other = {.scope = database_scope()};
    const char *path = arena_string(database->scope.arena, text_of(getenv("PGOPTIONS")));
    int64_t now_us = 0;

    run_sql(database, "CREATE FUNCTION clock_timestamp() RETURNS timestamptz LANGUAGE sql AS "
                      "$$ SELECT pg_catalog.clock_timestamp() + interval '1 hour' $$");
    (void)setenv("PGOPTIONS", arena_printf(database->scope.arena, "%s,pg_catalog", path).data, 1);
    other.pg = database_connect(0);
    assert_int_equal(pg_now(other.pg, &other.scope, &now_us), STATUS_OK);
    assert_in_range(now_us - INT64_C(3600000000) - clock_unix_us() + 500000, 0, 1000000);
    (void)setenv("PGOPTIONS", path, 1);
    pg_free(other.pg);
    arena_free(other.scope.arena);
}

static void a_server_that_is_not_there_tells_no_time(void **state)
{
    struct database other = {.pg = pg_new(&(struct pg_options){.url = "postgresql:///x?host=/nowhere", .name = "test"}),
                             .scope = database_scope()};
    int64_t now_us = -7;
    (void)state;
    assert_int_equal(pg_now(other.pg, &other.scope, &now_us), STATUS_UNAVAILABLE);
    assert_int_equal(now_us, -7);
    assert_int_equal(pg_backend(other.pg).pid, 0);
    pg_free(other.pg);
    arena_free(other.scope.arena);
}

static void the_backend_is_told_and_the_clock_survives_a_reconnect(void **state)
{
    struct database *database = *state;
    struct database other = {.pg = database_connect(0), .scope = database_scope()};
    int64_t now_us = 0;

    assert_int_equal(pg_backend(other.pg).pid, 0);
    assert_int_equal(pg_connect(other.pg, &other.scope), STATUS_OK);
    const struct pg_backend first = pg_backend(other.pg);
    assert_int_equal(first.pid, strtol(ask(&other, "SELECT pg_backend_pid()"), NULL, 10));
    assert_int_equal(first.start_us, strtoll(ask(&other, "SELECT (extract(epoch FROM backend_start) * 1000000)::bigint "
                                                         "FROM pg_stat_activity WHERE pid = pg_backend_pid()"),
                                             NULL, 10));

    run_sql(database, arena_printf(database->scope.arena, "SELECT pg_terminate_backend(%d, 2000)", first.pid).data);
    assert_int_equal(pg_now(other.pg, &other.scope, &now_us), STATUS_OK);
    assert_in_range(now_us - database_us(database) + 100000, 0, 200000);
    (void)ask(&other, "SELECT 1");
    const struct pg_backend second = pg_backend(other.pg);
    assert_int_not_equal(second.pid, first.pid);
    assert_true(second.start_us >= first.start_us);
    pg_free(other.pg);
    arena_free(other.scope.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_was_rehearsed_is_answered_and_undone, clear),
        cmocka_unit_test_setup(errors_inside_are_told_and_the_connection_stays, clear),
        cmocka_unit_test_setup(a_constraint_that_fails_at_the_end_is_not_reached, clear),
        cmocka_unit_test_setup(a_statement_that_ends_the_transaction_itself_stays_alone, clear),
        cmocka_unit_test_setup(past_the_deadline_it_is_given_up_and_undone, clear),
        cmocka_unit_test_setup(a_connection_that_was_cut_is_replaced, clear),
        cmocka_unit_test_setup(a_session_that_the_server_ends_is_unavailable_and_undone, clear),
        cmocka_unit_test_setup(large_values_go_and_come_back, clear),
        cmocka_unit_test_setup(the_clock_is_the_databases, clear),
        cmocka_unit_test_setup(the_backend_is_told_and_the_clock_survives_a_reconnect, clear),
        cmocka_unit_test_setup(a_database_whose_clock_differs_is_followed, clear),
        cmocka_unit_test_setup(a_server_that_is_not_there_tells_no_time, clear),
    };
    return cmocka_run_group_tests(tests, database_set_up, database_tear_down);
}

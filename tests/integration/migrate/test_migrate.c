/* Tests of migrate/migrate.h against a schema of its own. */
#include "migrate/migrate.h"

#include "../database.h"

#include <sys/wait.h>

#define SENTENCE_MAX 500

static int clear(void **state)
{
    struct database *database = *state;
    (void)database_reset(state);
    run_sql(database, arena_printf(database->scope.arena, "DROP SCHEMA test_%d CASCADE; CREATE SCHEMA test_%d",
                                   (int)getpid(), (int)getpid())
                          .data);
    return 0;
}

/* Three migrations, of which the second has all that makes quoting difficult. */
static struct migration three[] = {
    {.number = 1, .name = "0001_first.sql"},
    {.number = 2, .name = "0002_second.sql"},
    {.number = 3, .name = "0003_third.sql"},
};

static struct migration_set set_of(size_t count)
{
    three[0].sql = text_of("CREATE TABLE first (n int); -- no newline at the end");
    three[1].sql =
        text_of("CREATE TABLE second (t text DEFAULT 'it''s $1 $do$ %s');\n"
                "CREATE FUNCTION g() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN $do$caf\xc3\xa9$do$; END $$;\n"
                "INSERT INTO second VALUES (g()); SELECT * FROM second;\n");
    three[2].sql = text_of("ALTER TABLE second ADD n int; UPDATE second SET n = 3; CREATE INDEX ON second (n);");
    return (struct migration_set){.item = three, .count = count};
}

static enum status run(struct database *database, struct migration_set set, unsigned *applied, char *error)
{
    error[0] = '\0';
    return migrate_run(database->pg, &database->scope, &set, NULL, applied, error, SENTENCE_MAX);
}

static enum status check(struct database *database, struct migration_set set, char *error)
{
    error[0] = '\0';
    return migrate_check(database->pg, &database->scope, &set, error, SENTENCE_MAX);
}

static unsigned reported;

static void report(const struct migration *migration)
{
    reported++;
    assert_int_equal(migration->number, reported);
}

static void what_is_pending_is_run_once(void **state)
{
    struct database *database = *state;
    const struct migration_set two = set_of(2);
    char error[SENTENCE_MAX];
    unsigned applied = 9;

    reported = 0;
    assert_int_equal(migrate_run(database->pg, &database->scope, &two, report, &applied, error, sizeof(error)),
                     STATUS_OK);
    assert_int_equal(applied, 2);
    assert_int_equal(reported, 2);
    assert_int_equal(run(database, two, &applied, error), STATUS_OK);
    assert_int_equal(applied, 0);
    assert_int_equal(run(database, set_of(3), &applied, error), STATUS_OK);
    assert_int_equal(applied, 1);
    assert_string_equal(ask(database, "SELECT t || n FROM second"), "caf\xc3\xa9"
                                                                    "3");
}

static void the_status_tells_each(void **state)
{
    struct database *database = *state;
    struct migration_row *rows = NULL;
    char error[SENTENCE_MAX];
    unsigned applied = 0;
    size_t count = 0;
    struct migration_set set = set_of(3);

    assert_int_equal(migrate_status(database->pg, &database->scope, &set, &rows, &count), STATUS_OK);
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].state, MIGRATION_PENDING);
    assert_string_equal(rows[0].applied_at, "");
    assert_int_equal(run(database, set, &applied, error), STATUS_OK);

    three[1].sql = text_of("SELECT 'changed'");
    set.count = 2;
    assert_int_equal(migrate_status(database->pg, &database->scope, &set, &rows, &count), STATUS_OK);
    assert_int_equal(count, 3);
    assert_int_equal(rows[0].state, MIGRATION_APPLIED);
    assert_int_equal(strlen(rows[0].applied_at), 27);
    assert_int_equal(rows[1].state, MIGRATION_CHANGED);
    assert_int_equal(rows[2].state, MIGRATION_UNKNOWN);
    assert_string_equal(rows[2].name, "0003_third.sql");
    assert_int_equal(rows[2].number, 3);
}

static void the_set_built_in_fits_its_checksums(void **state)
{
    struct database *database = *state;
    char error[SENTENCE_MAX];
    unsigned applied = 0;
    const struct migration_set set = migrations_built_in();
    assert_int_equal(run(database, set, &applied, error), STATUS_OK);
    assert_int_equal(applied, set.count);
    assert_int_equal(check(database, set, error), STATUS_OK);

    /* What was noted is what the database computes of the text. */
    struct migration *copies = arena_alloc(database->scope.arena, set.count * sizeof(*copies));
    for (size_t i = 0; i < set.count; i++) {
        copies[i] = set.item[i];
        copies[i].checksum = NULL;
    }
    assert_int_equal(check(database, (struct migration_set){copies, set.count}, error), STATUS_OK);
}

static void a_changed_file_is_refused_by_name(void **state)
{
    struct database *database = *state;
    char error[SENTENCE_MAX];
    unsigned applied = 0;
    assert_int_equal(run(database, set_of(2), &applied, error), STATUS_OK);
    struct migration_set set = set_of(3);
    three[0].sql = text_of("CREATE TABLE first (n int); -- a comment was mended");
    assert_int_equal(run(database, set, &applied, error), STATUS_INVALID);
    assert_non_null(strstr(error, "0001_first.sql"));
    assert_int_equal(applied, 0);
    assert_string_equal(ask(database, "SELECT count(*) FROM wares_migration"), "2");
    assert_int_equal(check(database, set, error), STATUS_INVALID);
}

static void a_newer_database_is_refused_by_name(void **state)
{
    struct database *database = *state;
    char error[SENTENCE_MAX];
    unsigned applied = 0;
    assert_int_equal(run(database, set_of(3), &applied, error), STATUS_OK);
    assert_int_equal(run(database, set_of(2), &applied, error), STATUS_INVALID);
    assert_non_null(strstr(error, "0003_third.sql"));
}

static void a_file_that_fails_is_rolled_back_and_those_before_it_stay(void **state)
{
    struct database *database = *state;
    char error[SENTENCE_MAX];
    unsigned applied = 0;
    struct migration_set set = set_of(3);
    three[1].sql = text_of("CREATE TABLE half (n int UNIQUE); INSERT INTO half VALUES (1), (1)");
    assert_int_equal(run(database, set, &applied, error), STATUS_INTERNAL);
    assert_non_null(strstr(error, "0002_second.sql"));
    assert_non_null(strstr(error, "duplicate key"));
    assert_int_equal(applied, 1);
    assert_string_equal(ask(database, "SELECT to_regclass('half')"), "");
    assert_string_equal(ask(database, "SELECT string_agg(name, ' ') FROM wares_migration"), "0001_first.sql");

    assert_int_equal(run(database, set_of(3), &applied, error), STATUS_OK);
    assert_int_equal(applied, 2);
}

static void a_file_cannot_end_its_transaction(void **state)
{
    static const char *const files[] = {
        "CREATE TABLE half (n int); COMMIT; CREATE TABLE other (n int)",
        "CREATE TABLE half (n int); COMMIT; BEGIN; CREATE TABLE other (n int)",
        "CREATE TABLE half (n int); ROLLBACK",
        "CREATE TABLE half (n int); END",
        "BEGIN; CREATE TABLE half (n int); COMMIT",
        "CREATE TABLE half (n int); DO $$ BEGIN COMMIT; END $$",
    };
    struct database *database = *state;
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        char error[SENTENCE_MAX];
        unsigned applied = 0;
        struct migration_set set = set_of(1);
        three[0].sql = text_of(files[i]);
        assert_row(run(database, set, &applied, error) == STATUS_INTERNAL, files[i]);
        assert_non_null(strstr(error, "0001_first.sql"));
        assert_int_equal(applied, 0);
        assert_string_equal(ask(database, "SELECT to_regclass('half')"), "");
        assert_string_equal(ask(database, "SELECT to_regclass('wares_migration')"), "");
    }
}

static void processes_that_migrate_at_once_run_each_file_once(void **state)
{
    enum { PROCESSES = 8 };
    struct database *database = *state;
    unsigned total = 0;
    struct migration_set set = set_of(3);
    three[0].sql = text_of("SELECT pg_sleep(0.3); CREATE TABLE first (n int); INSERT INTO first VALUES (1)");

    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            /* The locks are waited for longer than the session's timeouts. */
            struct database own = {.pg = database_connect(100), .scope = database_scope()};
            char error[SENTENCE_MAX];
            unsigned applied = 0;
            const enum status status = run(&own, set, &applied, error);
            if (status != STATUS_OK) {
                print_error("%s: %s\n", status_name(status), error);
            }
            _exit(status == STATUS_OK ? (int)applied : 100);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int ended = 0;
        assert_true(wait(&ended) > 0);
        assert_true(WIFEXITED(ended) && WEXITSTATUS(ended) <= 3);
        total += (unsigned)WEXITSTATUS(ended);
    }
    assert_int_equal(total, 3);
    assert_string_equal(ask(database, "SELECT count(*) FROM first"), "1");
    assert_string_equal(ask(database, "SELECT count(*) FROM wares_migration"), "3");
}

static void a_worker_is_told_what_is_wrong_with_the_schema(void **state)
{
    struct database *database = *state;
    char error[SENTENCE_MAX];
    unsigned applied = 0;

    assert_int_equal(check(database, set_of(2), error), STATUS_INVALID);
    assert_non_null(strstr(error, "older"));
    assert_non_null(strstr(error, "0 of 2"));
    assert_int_equal(run(database, set_of(2), &applied, error), STATUS_OK);
    assert_int_equal(check(database, set_of(2), error), STATUS_OK);
    assert_int_equal(check(database, set_of(3), error), STATUS_INVALID);
    assert_non_null(strstr(error, "older"));
    assert_int_equal(check(database, set_of(1), error), STATUS_INVALID);
    assert_non_null(strstr(error, "newer"));
    struct migration_set set = set_of(2);
    three[1].sql = text_of("SELECT 2");
    assert_int_equal(check(database, set, error), STATUS_INVALID);
    assert_non_null(strstr(error, "another text"));
}

static void a_database_that_is_away_is_told(void **state)
{
    struct database away = {.pg = pg_new(&(struct pg_options){.url = "host=/nowhere", .name = "test"}),
                            .scope = database_scope()};
    struct migration_row *rows = NULL;
    size_t count = 0;
    char error[SENTENCE_MAX];
    unsigned applied = 0;
    const struct migration_set set = set_of(2);
    (void)state;
    assert_int_equal(run(&away, set, &applied, error), STATUS_UNAVAILABLE);
    assert_non_null(strstr(error, "/nowhere"));
    assert_int_equal(check(&away, set, error), STATUS_UNAVAILABLE);
    assert_non_null(strstr(error, "/nowhere"));
    assert_int_equal(migrate_status(away.pg, &away.scope, &set, &rows, &count), STATUS_UNAVAILABLE);
    pg_free(away.pg);
    arena_free(away.scope.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_pending_is_run_once, clear),
        cmocka_unit_test_setup(the_status_tells_each, clear),
        cmocka_unit_test_setup(the_set_built_in_fits_its_checksums, clear),
        cmocka_unit_test_setup(a_changed_file_is_refused_by_name, clear),
        cmocka_unit_test_setup(a_newer_database_is_refused_by_name, clear),
        cmocka_unit_test_setup(a_file_that_fails_is_rolled_back_and_those_before_it_stay, clear),
        cmocka_unit_test_setup(a_file_cannot_end_its_transaction, clear),
        cmocka_unit_test_setup(processes_that_migrate_at_once_run_each_file_once, clear),
        cmocka_unit_test_setup(a_worker_is_told_what_is_wrong_with_the_schema, clear),
        cmocka_unit_test_setup(a_database_that_is_away_is_told, database_reset),
    };
    return cmocka_run_group_tests(tests, database_set_up, database_tear_down);
}

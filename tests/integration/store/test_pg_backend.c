/* Tests of what store/pg.h tells of backends and databases. */
#include "../database.h"

#include <signal.h>

static bool is_gone(struct database *database, struct pg_backend backend)
{
    return pg_backend_is_gone(database->pg, &database->scope, backend);
}

static void a_backend_is_there_until_it_has_ended(void **state)
{
    struct database *database = *state;
    struct pg *other = database_connect(0);
    struct pg_backend backend;

    assert_int_equal(pg_connect(other, &database->scope), STATUS_OK);
    backend = pg_backend(other);
    assert_true(backend.pid != 0 && backend.start_us != 0);
    assert_false(is_gone(database, backend));
    assert_false(is_gone(database, pg_backend(database->pg)));
    pg_free(other);
    for (int i = 0; i < 500 && !is_gone(database, backend); i++) {
        (void)usleep(10000);
    }
    assert_true(is_gone(database, backend));
}

/* The pid may have been given to another since. */
static void a_backend_of_another_start_is_another(void **state)
{
    struct database *database = *state;
    struct pg_backend backend = pg_backend(database->pg);

    backend.start_us--;
    assert_true(is_gone(database, backend));
}

static void what_cannot_be_found_out_is_there(void **state)
{
    struct database *database = *state;

    database->scope.deadline_ns = clock_monotonic_ns();
    assert_false(is_gone(database, (struct pg_backend){.pid = 1, .start_us = 1}));
}

static void an_identity_is_the_databases(void **state)
{
    struct database *database = *state;
    struct pg *other = database_connect(0);
    struct text one;
    struct text same;
    struct text third;

    assert_int_equal(pg_database_identity(database->pg, &database->scope, &one), STATUS_OK);
    assert_int_equal(pg_database_identity(other, &database->scope, &same), STATUS_OK);
    assert_true(one.length > 10 && text_equal(one, same));
    pg_free(other);
    other = pg_new(&(struct pg_options){.url = "dbname=postgres", .name = "test"});
    if (pg_database_identity(other, &database->scope, &third) == STATUS_OK) {
        assert_false(text_equal(one, third));
    }
    pg_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_backend_is_there_until_it_has_ended, database_reset),
        cmocka_unit_test_setup(a_backend_of_another_start_is_another, database_reset),
        cmocka_unit_test_setup(what_cannot_be_found_out_is_there, database_reset),
        cmocka_unit_test_setup(an_identity_is_the_databases, database_reset),
    };
    return cmocka_run_group_tests(tests, database_set_up, database_tear_down);
}

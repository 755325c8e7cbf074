/* Tests of src/server/restart.c: the pauses before a worker is started again. */
#include "../../../src/server/restart.h"

#include "../base/check.h"

static void a_worker_of_age_is_started_at_once(void **state)
{
    struct restart restart = {0};

    (void)state;
    assert_int_equal(restart_pause_ms(&restart, RESTART_YOUNG_MS), 0);
    assert_int_equal(restart_pause_ms(&restart, INT64_MAX), 0);
}

static void pauses_double_up_to_a_bound(void **state)
{
    static const int64_t expected[] = {100, 200, 400, 800, 1600, 3200, 5000, 5000};
    struct restart restart = {0};

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_int_equal(restart_pause_ms(&restart, RESTART_YOUNG_MS - 1), expected[i]);
    }
}

static void a_fair_age_makes_up_for_it(void **state)
{
    struct restart restart = {0};

    (void)state;
    assert_int_equal(restart_pause_ms(&restart, 0), RESTART_PAUSE_MIN_MS);
    assert_int_equal(restart_pause_ms(&restart, 0), 2 * RESTART_PAUSE_MIN_MS);
    assert_int_equal(restart_pause_ms(&restart, RESTART_YOUNG_MS), 0);
    assert_int_equal(restart_pause_ms(&restart, 0), RESTART_PAUSE_MIN_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_worker_of_age_is_started_at_once),
        cmocka_unit_test(pauses_double_up_to_a_bound),
        cmocka_unit_test(a_fair_age_makes_up_for_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

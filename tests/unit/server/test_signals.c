/* Tests of src/server/signals.c. */
#include "../../../src/server/signals.h"

#include "../base/check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void signals_are_taken_when_asked_for(void **state)
{
    const int fd = signals_open(true);
    struct signals_seen seen;

    (void)state;
    assert_true(fd >= 0);
    seen = signals_take(fd);
    assert_false(seen.stop || seen.hangup || seen.reopen || seen.child);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    seen = signals_take(fd);
    assert_true(seen.hangup && seen.reopen);
    assert_false(seen.stop || seen.child);
    assert_int_equal(raise(SIGTERM), 0);
    assert_true(signals_take(fd).stop);
    assert_int_equal(raise(SIGINT), 0);
    assert_true(signals_take(fd).stop);
    assert_false(signals_take(fd).stop);
    assert_int_equal(close(fd), 0);
}

static void the_death_of_a_child_is_one(void **state)
{
    const int fd = signals_open(true);
    const pid_t child = fork();
    struct signals_seen seen = {0};

    (void)state;
    if (child == 0) {
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    seen = signals_take(fd);
    assert_true(seen.child);
    assert_int_equal(close(fd), 0);
}

static void a_reset_child_ends_by_term(void **state)
{
    const int fd = signals_open(false);
    const pid_t child = fork();
    int how = 0;

    (void)state;
    if (child == 0) {
        signals_reset();
        (void)raise(SIGTERM);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    assert_int_equal(WTERMSIG(how), SIGTERM);
    assert_int_equal(close(fd), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_are_taken_when_asked_for),
        cmocka_unit_test(the_death_of_a_child_is_one),
        cmocka_unit_test(a_reset_child_ends_by_term),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

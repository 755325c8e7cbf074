/* Tests of base/signals.h. */
#include "base/signals.h"

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

static void what_comes_before_the_descriptor_waits_for_it(void **state)
{
    struct signals_seen seen;
    int fd;

    (void)state;
    assert_true(signals_block());
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    fd = signals_open(false);
    seen = signals_take(fd);
    assert_true(seen.stop && seen.hangup && seen.reopen);
    assert_int_equal(close(fd), 0);
}

static void a_reset_child_keeps_what_comes_for_its_program(void **state)
{
    const int fd = signals_open(true);
    const pid_t child = fork();
    int how = 0;

    (void)state;
    if (child == 0) {
        struct signals_seen seen;
        signals_reset();
        (void)raise(SIGTERM);
        (void)raise(SIGUSR1);
        seen = signals_take(fd);
        _exit(seen.stop && seen.reopen ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFEXITED(how));
    assert_int_equal(WEXITSTATUS(how), 0);
    assert_int_equal(close(fd), 0);
}

static void a_stop_ends_the_process_where_it_is_let(void **state)
{
    const pid_t child = fork();
    int how = 0;

    (void)state;
    if (child == 0) {
        if (!signals_block()) {
            _exit(1);
        }
        signals_let_stop_end(true);
        (void)raise(SIGHUP);
        (void)raise(SIGUSR1);
        signals_let_stop_end(false);
        (void)raise(SIGTERM);
        signals_let_stop_end(true);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    assert_int_equal(WTERMSIG(how), SIGTERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_are_taken_when_asked_for),
        cmocka_unit_test(the_death_of_a_child_is_one),
        cmocka_unit_test(what_comes_before_the_descriptor_waits_for_it),
        cmocka_unit_test(a_reset_child_keeps_what_comes_for_its_program),
        cmocka_unit_test(a_stop_ends_the_process_where_it_is_let),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of src/server/watchdog.c. */
#include "../../../src/server/watchdog.h"

#include "../base/check.h"
#include "base/clock.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define LIMIT_MS INT64_C(100)

static int open_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends);
}

static void a_read_that_takes_too_long_is_ended(void **state)
{
    struct watchdog *watchdog = watchdog_start(LIMIT_MS);
    const int64_t start_ns = clock_monotonic_ns();
    int ends[2];
    char byte;

    (void)state;
    assert_int_equal(open_pair(ends), 0);
    watchdog_watch(watchdog, ends[0], start_ns);
    assert_int_equal(read(ends[0], &byte, 1), 0);
    assert_true(clock_monotonic_ns() - start_ns >= LIMIT_MS * CLOCK_NS_PER_MS);
    assert_true(clock_monotonic_ns() - start_ns < 5 * LIMIT_MS * CLOCK_NS_PER_MS);
    assert_true(watchdog_release(watchdog));
    (void)close(ends[0]);
    (void)close(ends[1]);
    watchdog_stop(watchdog);
}

static void what_ends_in_time_is_left_alone(void **state)
{
    struct watchdog *watchdog = watchdog_start(LIMIT_MS);
    int ends[2];
    char byte = 'x';

    (void)state;
    assert_int_equal(open_pair(ends), 0);
    watchdog_watch(watchdog, ends[0], clock_monotonic_ns());
    assert_false(watchdog_release(watchdog));
    (void)usleep((useconds_t)(2 * LIMIT_MS * 1000));
    assert_int_equal(write(ends[1], &byte, 1), 1);
    assert_int_equal(read(ends[0], &byte, 1), 1);

    /* A long pause between requests does not count for the next. */
    watchdog_watch(watchdog, ends[0], clock_monotonic_ns());
    assert_int_equal(write(ends[1], &byte, 1), 1);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_false(watchdog_release(watchdog));
    (void)close(ends[0]);
    (void)close(ends[1]);
    watchdog_stop(watchdog);
}

static void a_process_that_hangs_ends_itself(void **state)
{
    const int64_t start_ns = clock_monotonic_ns();
    int how = 0;
    pid_t child = fork();

    (void)state;
    if (child == 0) {
        const struct rlimit no_core = {0};
        (void)setrlimit(RLIMIT_CORE, &no_core);
        (void)close(STDERR_FILENO);
        watchdog_watch(watchdog_start(LIMIT_MS), STDIN_FILENO, clock_monotonic_ns());
        for (;;) {
            (void)pause();
        }
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how));
    assert_int_equal(WTERMSIG(how), SIGABRT);
    assert_true(clock_monotonic_ns() - start_ns >= 2 * LIMIT_MS * CLOCK_NS_PER_MS);
}

static void it_stops_promptly(void **state)
{
    struct watchdog *watchdog = watchdog_start(INT64_C(3600) * 1000);
    const int64_t start_ns = clock_monotonic_ns();

    (void)state;
    watchdog_stop(watchdog);
    watchdog_stop(NULL);
    assert_true(clock_monotonic_ns() - start_ns < 200 * CLOCK_NS_PER_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_read_that_takes_too_long_is_ended),
        cmocka_unit_test(what_ends_in_time_is_left_alone),
        cmocka_unit_test(a_process_that_hangs_ends_itself),
        cmocka_unit_test(it_stops_promptly),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

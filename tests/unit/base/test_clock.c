/* Tests of base/clock.h. */
#include "base/clock.h"

#include "check.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void monotonic_time_goes_on(void **state)
{
    (void)state;
    int64_t before = clock_monotonic_ns();
    for (unsigned i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_ns();
        assert_true(now >= before);
        before = now;
    }
}

static void a_deadline_lies_ahead(void **state)
{
    (void)state;
    int64_t before = clock_monotonic_ns();
    int64_t deadline = clock_deadline_in_ms(250);
    int64_t after = clock_monotonic_ns();
    assert_true(deadline >= before + 250 * CLOCK_NS_PER_MS);
    assert_true(deadline <= after + 250 * CLOCK_NS_PER_MS);
    assert_int_equal(clock_deadline_in_ms(INT64_MAX), CLOCK_FOREVER);
    assert_int_equal(clock_deadline_in_ms(INT64_MAX / CLOCK_NS_PER_MS), CLOCK_FOREVER);
}

static void a_poll_timeout_is_rounded_up(void **state)
{
    (void)state;
    int64_t now = clock_monotonic_ns();
    assert_int_equal(clock_poll_timeout(now), 0);
    assert_int_equal(clock_poll_timeout(0), 0);
    assert_int_equal(clock_poll_timeout(INT64_MIN), 0);
    /* Less than a millisecond ahead must not become 0, which would be a busy loop. */
    unsigned ones = 0;
    for (unsigned i = 0; i < 100; i++) {
        int timeout = clock_poll_timeout(clock_monotonic_ns() + 900 * CLOCK_NS_PER_US);
        assert_in_range(timeout, 0, 1);
        ones += timeout == 1;
    }
    assert_true(ones > 0);
    int timeout = clock_poll_timeout(clock_deadline_in_ms(100000));
    assert_in_range(timeout, 95000, 100000);
    assert_int_equal(clock_poll_timeout(CLOCK_FOREVER), INT_MAX);
}

static void wall_time_is_the_systems(void **state)
{
    (void)state;
    int64_t before = time(NULL);
    int64_t now = clock_unix_us() / 1000000;
    assert_in_range(now, before, before + 5);
}

static void formats_known_times(void **state)
{
    (void)state;
    static const struct {
        int64_t unix_us;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {1, "1970-01-01T00:00:00.000001Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {INT64_C(951782399999999), "2000-02-28T23:59:59.999999Z"},
        {INT64_C(951782400000000), "2000-02-29T00:00:00.000000Z"},
        {INT64_C(951868800000000), "2000-03-01T00:00:00.000000Z"},
        {INT64_C(1795425302123456), "2026-11-23T09:15:02.123456Z"},
        {INT64_C(4107542399000000), "2100-02-28T23:59:59.000000Z"},
        {INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z"},
        {INT64_C(253402300799999999), "9999-12-31T23:59:59.999999Z"},
        {INT64_C(-62135596800000000), "0001-01-01T00:00:00.000000Z"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[CLOCK_TEXT_SIZE];
        clock_format_micros(rows[i].unix_us, text);
        assert_string_equal(text, rows[i].text);
        char whole[CLOCK_TEXT_SIZE];
        clock_format_seconds(rows[i].unix_us, whole);
        text[19] = 'Z';
        text[20] = '\0';
        assert_string_equal(whole, text);
    }
}

static void agrees_with_the_c_library(void **state)
{
    (void)state;
    for (int64_t seconds = INT64_C(-62135596800); seconds < INT64_C(253402300799); seconds += 12345678) {
        time_t at = seconds;
        struct tm utc;
        assert_non_null(gmtime_r(&at, &utc));
        char want[CLOCK_TEXT_SIZE];
        size_t length = strftime(want, sizeof want, "-%m-%dT%H:%M:%SZ", &utc);
        char got[CLOCK_TEXT_SIZE];
        clock_format_seconds(seconds * 1000000, got);
        assert_int_equal(strlen(got), 4 + length);
        assert_string_equal(got + 4, want);
        assert_int_equal(strtol(got, NULL, 10), utc.tm_year + 1900);
    }
}

static void the_ends_of_time_fit(void **state)
{
    (void)state;
    char text[CLOCK_TEXT_SIZE];
    clock_format_micros(INT64_MAX, text);
    assert_string_equal(text, "294247-01-10T04:00:54.775807Z");
    clock_format_micros(INT64_MIN, text);
    assert_string_equal(text, "-290308-12-21T19:59:05.224192Z");
}

static void jitter_stays_below_its_bound_and_varies(void **state)
{
    (void)state;
    unsigned seen[4] = {0};
    for (unsigned i = 0; i < 4000; i++) {
        uint32_t value = clock_jitter(4);
        assert_in_range(value, 0, 3);
        seen[value]++;
    }
    for (size_t i = 0; i < COUNT_OF(seen); i++) {
        assert_in_range(seen[i], 800, 1200);
    }
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(clock_jitter(1), 0);
    }
    uint32_t high = 0;
    for (unsigned i = 0; i < 100; i++) {
        uint32_t value = clock_jitter(UINT32_MAX);
        high = value > high ? value : high;
    }
    assert_true(high > UINT32_MAX / 2);
}

/* Workers that were forked from one parent must not all wait the same time. */
static void a_child_has_jitter_of_its_own(void **state)
{
    (void)state;
    (void)clock_jitter(2);
    uint32_t *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(shared, MAP_FAILED);
    pid_t child = fork();
    assert_true(child >= 0);
    for (size_t i = 0; i < 16; i++) {
        shared[(child == 0 ? 16 : 0) + i] = clock_jitter(UINT32_MAX);
    }
    if (child == 0) {
        _exit(0);
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_memory_not_equal(shared, shared + 16, 16 * sizeof *shared);
    munmap(shared, 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(monotonic_time_goes_on),        cmocka_unit_test(a_deadline_lies_ahead),
        cmocka_unit_test(a_poll_timeout_is_rounded_up),  cmocka_unit_test(wall_time_is_the_systems),
        cmocka_unit_test(formats_known_times),           cmocka_unit_test(agrees_with_the_c_library),
        cmocka_unit_test(the_ends_of_time_fit),          cmocka_unit_test(jitter_stays_below_its_bound_and_varies),
        cmocka_unit_test(a_child_has_jitter_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

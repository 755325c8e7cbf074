/* Tests of base/uuid.h. The wall clock is ours here, so that it can stand still and go back. */
#include "base/uuid.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t fake_unix_ns; /* 0: the real clock */

/* Takes the place of the C library's. */
int clock_gettime(clockid_t clock, struct timespec *time)
{
    if (fake_unix_ns == 0 || clock != CLOCK_REALTIME) {
        return (int)syscall(SYS_clock_gettime, clock, time);
    }
    time->tv_sec = fake_unix_ns / 1000000000;
    time->tv_nsec = fake_unix_ns % 1000000000;
    return 0;
}

static int restore_clock(void **state)
{
    (void)state;
    fake_unix_ns = 0;
    return 0;
}

static void has_the_form_of_version_7(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        char id[UUID_TEXT_LENGTH + 1];
        uuid_make(id);
        assert_int_equal(strlen(id), UUID_TEXT_LENGTH);
        char normal[UUID_TEXT_LENGTH + 1];
        assert_true(uuid_normalise(text_of(id), normal));
        assert_string_equal(id, normal);
        assert_int_equal(id[14], '7');
        assert_non_null(strchr("89ab", id[19]));
    }
}

/* The example of RFC 9562, appendix A.6, has its milliseconds. */
static void begins_with_the_milliseconds(void **state)
{
    (void)state;
    char id[UUID_TEXT_LENGTH + 1];
    uuid_make(id);
    long long now_ms = (long long)time(NULL) * 1000;
    char hex[13] = {0};
    memcpy(hex, id, 8);
    memcpy(hex + 8, id + 9, 4);
    assert_in_range(strtoll(hex, NULL, 16), now_ms - 5000, now_ms + 5000);

    fake_unix_ns = INT64_C(4500000000) * 1000000000; /* later than all before */
    uuid_make(id);
    int64_t want_ms = fake_unix_ns / 1000000;
    memcpy(hex, id, 8);
    memcpy(hex + 8, id + 9, 4);
    assert_int_equal(strtoll(hex, NULL, 16), want_ms);
}

static void each_is_greater_than_the_one_before(void **state)
{
    (void)state;
    char before[UUID_TEXT_LENGTH + 1];
    uuid_make(before);
    for (unsigned i = 0; i < 200000; i++) {
        char id[UUID_TEXT_LENGTH + 1];
        uuid_make(id);
        if (strcmp(before, id) >= 0) {
            fail_msg("%s, then %s", before, id);
        }
        memcpy(before, id, sizeof before);
    }
}

static void the_order_holds_where_the_clock_stands_or_goes_back(void **state)
{
    (void)state;
    char before[UUID_TEXT_LENGTH + 1];
    uuid_make(before);
    fake_unix_ns = INT64_C(5000000000) * 1000000000;
    for (unsigned i = 0; i < 30000; i++) {
        if (i % 10000 == 5000) {
            fake_unix_ns -= INT64_C(3600) * 1000000000;
        }
        char id[UUID_TEXT_LENGTH + 1];
        uuid_make(id);
        if (strcmp(before, id) >= 0) {
            fail_msg("%s, then %s", before, id);
        }
        assert_int_equal(id[14], '7');
        memcpy(before, id, sizeof before);
    }
}

#define FORKED 4
#define EACH 5000

static int compare_ids(const void *a, const void *b)
{
    return memcmp(a, b, UUID_TEXT_LENGTH);
}

/* The clock stands still, so that only chance keeps the processes apart. */
static void forked_processes_make_different_ones(void **state)
{
    (void)state;
    fake_unix_ns = INT64_C(6000000000) * 1000000000;
    char id[UUID_TEXT_LENGTH + 1];
    uuid_make(id);
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    for (unsigned process = 0; process < FORKED; process++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            for (unsigned i = 0; i < EACH; i++) {
                uuid_make(id);
                if (write(ends[1], id, UUID_TEXT_LENGTH) != UUID_TEXT_LENGTH) {
                    _exit(1);
                }
            }
            _exit(0);
        }
    }
    close(ends[1]);
    size_t size = (size_t)FORKED * EACH * UUID_TEXT_LENGTH;
    char *ids = malloc(size);
    assert_non_null(ids);
    size_t length = 0;
    ssize_t count;
    while (length < size && (count = read(ends[0], ids + length, size - length)) > 0) {
        length += (size_t)count;
    }
    close(ends[0]);
    for (unsigned process = 0; process < FORKED; process++) {
        int status;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(length, size);
    qsort(ids, (size_t)FORKED * EACH, UUID_TEXT_LENGTH, compare_ids);
    for (size_t i = UUID_TEXT_LENGTH; i < size; i += UUID_TEXT_LENGTH) {
        assert_memory_not_equal(ids + i - UUID_TEXT_LENGTH, ids + i, UUID_TEXT_LENGTH);
    }
    free(ids);
}

static void normalises_letter_case(void **state)
{
    (void)state;
    char out[UUID_TEXT_LENGTH + 1];
    assert_true(uuid_normalise(TEXT("0193ABCD-EF01-7ABC-8def-0123456789aB"), out));
    assert_string_equal(out, "0193abcd-ef01-7abc-8def-0123456789ab");
    assert_true(uuid_normalise(TEXT("00000000-0000-0000-0000-000000000000"), NULL));
    assert_true(uuid_normalise(TEXT("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF"), out));
    assert_string_equal(out, "ffffffff-ffff-ffff-ffff-ffffffffffff");
}

static void refuses_other_forms(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "0193abcd-ef01-7abc-8def-0123456789a",
        "0193abcd-ef01-7abc-8def-0123456789abc",
        "0193abcdef017abc8def0123456789ab",
        "{0193abcd-ef01-7abc-8def-0123456789ab}",
        "urn:uuid:0193abcd-ef01-7abc-8def-0123456789ab",
        "0193abcd-ef01-7abc-8def-0123456789ag",
        "g193abcd-ef01-7abc-8def-0123456789ab",
        "0193abcd_ef01-7abc-8def-0123456789ab",
        "0193abc-def01-7abc-8def-0123456789ab",
        "0193abcd-ef01-7abc-8def0-123456789ab",
        "0193abcd-ef01-7abc-8def-0123456789a ",
        " 193abcd-ef01-7abc-8def-0123456789ab",
        "0193abcd-ef01-7abc-8def-01234567-9ab",
        "0193abcd-ef01-7abc-8def-0123456789@b",
        "0193abcd-ef01-7abc-8def-0123456789`b",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char out[UUID_TEXT_LENGTH + 1] = "untouched";
        assert_row(!uuid_normalise(text_of(rows[i]), out), rows[i]);
        assert_row(strcmp(out, "untouched") == 0, rows[i]);
    }
    char zeroed[UUID_TEXT_LENGTH] = {0};
    assert_false(uuid_normalise((struct text){.data = zeroed, .length = sizeof zeroed}, NULL));
    assert_false(uuid_normalise(TEXT_ABSENT, NULL));
}

static void bytes_and_text_agree(void **state)
{
    (void)state;
    static const char text[] = "00112233-4455-6677-8899-aabbccddeeff";
    unsigned char bytes[UUID_BYTES];
    uuid_to_bytes(text, bytes);
    for (size_t i = 0; i < UUID_BYTES; i++) {
        assert_int_equal(bytes[i], i * 0x11);
    }
    char back[UUID_TEXT_LENGTH + 1];
    uuid_from_bytes(bytes, back);
    assert_string_equal(back, text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_form_of_version_7),
        cmocka_unit_test(each_is_greater_than_the_one_before),
        cmocka_unit_test_teardown(begins_with_the_milliseconds, restore_clock),
        cmocka_unit_test_teardown(the_order_holds_where_the_clock_stands_or_goes_back, restore_clock),
        cmocka_unit_test_teardown(forked_processes_make_different_ones, restore_clock),
        cmocka_unit_test(normalises_letter_case),
        cmocka_unit_test(refuses_other_forms),
        cmocka_unit_test(bytes_and_text_agree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of where the marks of an epoch come to stand: each process of the front server has one. */
#include "../../../src/jobs/event_marks.h"

#include "../base/check.h"

#include "base/uuid.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* CRC-32 as in ISO 3309, bit by bit: what the module takes of a channel's name. */
static uint32_t crc_of(const char *name)
{
    uint32_t crc = UINT32_MAX;

    for (; *name != '\0'; name++) {
        crc ^= (uint8_t)*name;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1U ^ ((crc & 1U) != 0 ? UINT32_C(0xEDB88320) : 0);
        }
    }
    return ~crc;
}

static bool has_each(const uint32_t crcs[EVENT_MARKS], unsigned processes)
{
    bool seen[EVENT_MARKS] = {false};
    unsigned count = 0;

    for (unsigned i = 0; i < EVENT_MARKS; i++) {
        const unsigned process = crcs[i] % processes;
        count += !seen[process];
        seen[process] = true;
    }
    return count == processes;
}

static void test_the_crc_is_the_one(void **state)
{
    (void)state;
    assert_int_equal(crc_of("123456789"), 0xCBF43926);
}

static void test_each_process_has_a_mark(void **state)
{
    char epoch[UUID_TEXT_LENGTH + 1];
    char mark[EVENT_MARK_LENGTH + 1];
    char name[128];
    uint32_t crcs[EVENT_MARKS];

    (void)state;
    for (int times = 0; times < 500; times++) {
        uuid_make(epoch);
        for (unsigned i = 0; i < EVENT_MARKS; i++) {
            event_mark_name(i, mark);
            /* The group of the configuration, and the channel. */
            (void)snprintf(name, sizeof name, "wares/%s/%s", epoch, mark);
            crcs[i] = crc_of(name);
        }
        for (unsigned processes = 1; processes <= EVENT_MARKS; processes++) {
            if (!has_each(crcs, processes)) {
                fail_msg("one of %u processes has no mark of %s", processes, epoch);
            }
        }
    }
}

static void test_names_are_digits(void **state)
{
    char mark[EVENT_MARK_LENGTH + 1];

    (void)state;
    event_mark_name(0, mark);
    assert_string_equal(mark, "000000000000");
    for (unsigned i = 0; i < EVENT_MARKS; i++) {
        event_mark_name(i, mark);
        assert_int_equal(strspn(mark, "01234567"), EVENT_MARK_LENGTH);
        assert_int_equal(strlen(mark), EVENT_MARK_LENGTH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_crc_is_the_one),
        cmocka_unit_test(test_each_process_has_a_mark),
        cmocka_unit_test(test_names_are_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

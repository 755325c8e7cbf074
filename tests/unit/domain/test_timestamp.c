/* Tests of domain/timestamp.h. */
#include "domain/timestamp.h"

#include "base/clock.h"

#include "../base/check.h"

#include <string.h>

static void reads_what_postgres_writes(void **state)
{
    (void)state;
    static const struct {
        const char *postgres;
        const char *rfc3339;
    } rows[] = {
        {"2026-11-23 09:15:02.123456+00", "2026-11-23T09:15:02.123456Z"},
        {"2026-11-23 09:15:02+00", "2026-11-23T09:15:02.000000Z"},
        {"2026-11-23 09:15:02.1+00", "2026-11-23T09:15:02.100000Z"},
        {"2026-11-23 09:15:02.12+00", "2026-11-23T09:15:02.120000Z"},
        {"2026-11-23 09:15:02.000001+00", "2026-11-23T09:15:02.000001Z"},
        {"0001-01-01 00:00:00+00", "0001-01-01T00:00:00.000000Z"},
        {"9999-12-31 23:59:59.999999+00", "9999-12-31T23:59:59.999999Z"},
        {"2024-02-29 00:00:00+00", "2024-02-29T00:00:00.000000Z"},
        {"2000-02-29 00:00:00+00", "2000-02-29T00:00:00.000000Z"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char out[TIMESTAMP_LENGTH + 1];
        assert_row(timestamp_from_postgres(text_of(rows[i].postgres), out), rows[i].postgres);
        assert_string_equal(out, rows[i].rfc3339);
    }
}

static void refuses_other_forms_of_postgres(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "infinity",
        "-infinity",
        "10000-01-01 00:00:00+00",
        "0044-03-15 12:00:00+00 BC",
        "0000-01-01 00:00:00+00",
        "2026-11-23 09:15:02",
        "2026-11-23 09:15:02+01",
        "2026-11-23 09:15:02-00",
        "2026-11-23 09:15:02+00:00",
        "2026-11-23 09:15:02.+00",
        "2026-11-23 09:15:02.1234567+00",
        "2026-11-23 09:15:02.12x+00",
        "2026-11-23 09:15:02,12+00",
        "2026-11-23 09:15:02x+00",
        "2026-11-23T09:15:02+00",
        "2026/11/23 09:15:02+00",
        "2026-13-01 00:00:00+00",
        "2026-00-01 00:00:00+00",
        "2026-02-29 00:00:00+00",
        "1900-02-29 00:00:00+00",
        "2026-04-31 00:00:00+00",
        "2026-01-00 00:00:00+00",
        "2026-01-01 24:00:00+00",
        "2026-01-01 00:60:00+00",
        "2026-01-01 00:00:60+00",
        "2026-01-01 0a:00:00+00",
        "2026-01-01 00-00-00+00",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char out[TIMESTAMP_LENGTH + 1];
        assert_row(!timestamp_from_postgres(text_of(rows[i]), out), rows[i]);
    }
    char out[TIMESTAMP_LENGTH + 1];
    assert_false(timestamp_from_postgres(TEXT_ABSENT, out));
}

/* Every cut of a valid text, in memory of just that size: nothing is read beyond it. */
static void a_cut_text_is_refused(void **state)
{
    (void)state;
    static const char postgres[] = "2026-11-23 09:15:02.123456+00";
    static const char rfc3339[] = "2026-11-23T09:15:02.123456Z";
    for (size_t length = 0; length < sizeof postgres - 1; length++) {
        char out[TIMESTAMP_LENGTH + 1];
        int64_t micros;
        char *copy = test_malloc(length + 1);
        memcpy(copy, postgres, length);
        assert_false(timestamp_from_postgres((struct text){.data = copy, .length = length}, out));
        if (length < sizeof rfc3339 - 1) {
            memcpy(copy, rfc3339, length);
            assert_false(timestamp_to_micros((struct text){.data = copy, .length = length}, &micros));
        }
        test_free(copy);
    }
}

static void becomes_microseconds(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t micros;
    } rows[] = {
        {"1970-01-01T00:00:00.000000Z", 0},
        {"1970-01-01T00:00:00.000001Z", 1},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"2000-02-29T00:00:00.000000Z", INT64_C(951782400000000)},
        {"2000-03-01T00:00:00.000000Z", INT64_C(951868800000000)},
        {"2026-11-23T09:15:02.123456Z", INT64_C(1795425302123456)},
        {"0001-01-01T00:00:00.000000Z", INT64_C(-62135596800000000)},
        {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t micros = 42;
        assert_row(timestamp_to_micros(text_of(rows[i].text), &micros), rows[i].text);
        assert_int_equal(micros, rows[i].micros);
    }
}

/* The clock's own text, read back, across the whole calendar. */
static void agrees_with_the_clock(void **state)
{
    (void)state;
    for (int64_t want = INT64_C(-62135596800000000); want < INT64_C(253402300800000000);
         want += INT64_C(9876543210987)) {
        char text[CLOCK_TEXT_SIZE];
        clock_format_micros(want, text);
        int64_t got = 0;
        if (!timestamp_to_micros(text_of(text), &got) || got != want) {
            fail_msg("%s", text);
        }
    }
}

static void refuses_other_forms_of_rfc_3339(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "2026-11-23T09:15:02Z",
        "2026-11-23T09:15:02.123Z",
        "2026-11-23T09:15:02.123456+00:00",
        "2026-11-23t09:15:02.123456Z",
        "2026-11-23T09:15:02.123456z",
        "2026-11-23 09:15:02.123456Z",
        "2026-11-23T09:15:02,123456Z",
        "2026-11-23T09:15:02.12345xZ",
        "2026-11-23T09:15:60.000000Z",
        "2026-11-31T09:15:02.123456Z",
        "0000-11-23T09:15:02.123456Z",
        "2026-11-23T09:15:02.1234567Z",
        "+026-11-23T09:15:02.123456Z",
        "-026-11-23T09:15:02.123456Z",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t micros = 42;
        assert_row(!timestamp_to_micros(text_of(rows[i]), &micros), rows[i]);
        assert_int_equal(micros, 42);
    }
    int64_t micros;
    assert_false(timestamp_to_micros(TEXT_ABSENT, &micros));
}

static void reads_rfc_3339_with_any_offset(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *utc; /* NULL: refused */
    } rows[] = {
        {"2026-11-23T09:15:02Z", "2026-11-23T09:15:02.000000Z"},
        {"2026-11-23t09:15:02z", "2026-11-23T09:15:02.000000Z"},
        {"2026-11-23T09:15:02.5Z", "2026-11-23T09:15:02.500000Z"},
        {"2026-11-23T09:15:02.1234567899Z", "2026-11-23T09:15:02.123456Z"},
        {"2026-11-23T09:15:02+00:00", "2026-11-23T09:15:02.000000Z"},
        {"2026-11-23T09:15:02-00:00", "2026-11-23T09:15:02.000000Z"},
        {"2026-11-23T09:15:02.25+05:45", "2026-11-23T03:30:02.250000Z"},
        {"2026-12-31T23:15:02-01:00", "2027-01-01T00:15:02.000000Z"},
        {"2024-03-01T00:00:00+23:59", "2024-02-29T00:01:00.000000Z"},
        {"0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"},
        {"9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"},
        {"0001-01-01T00:00:00+00:01", NULL},
        {"9999-12-31T23:59:59-00:01", NULL},
        {"0000-01-01T00:00:00Z", NULL},
        {"", NULL},
        {"2026-11-23", NULL},
        {"2026-11-23T09:15Z", NULL},
        {"2026-11-23T09:15:02", NULL},
        {"2026-11-23 09:15:02Z", NULL},
        {"2026-11-23T09:15:02.Z", NULL},
        {"2026-11-23T09:15:02,5Z", NULL},
        {"2026-11-23T09:15:02+0100", NULL},
        {"2026-11-23T09:15:02+01", NULL},
        {"2026-11-23T09:15:02 01:00", NULL},
        {"2026-11-23T09:15:02+24:00", NULL},
        {"2026-11-23T09:15:02+01:60", NULL},
        {"2026-11-23T09:15:02+01:00Z", NULL},
        {"2026-11-23T24:00:00Z", NULL},
        {"2026-11-23T09:15:60Z", NULL},
        {"2026-02-29T00:00:00Z", NULL},
        {"2026-11-23T09:15:02.5", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char out[TIMESTAMP_LENGTH + 1] = "untouched";
        assert_row(timestamp_from_rfc3339(text_of(rows[i].text), out) == (rows[i].utc != NULL), rows[i].text);
        assert_string_equal(out, rows[i].utc != NULL ? rows[i].utc : "untouched");
    }
    assert_false(timestamp_from_rfc3339(TEXT_ABSENT, (char[TIMESTAMP_LENGTH + 1]){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_what_postgres_writes),     cmocka_unit_test(refuses_other_forms_of_postgres),
        cmocka_unit_test(a_cut_text_is_refused),          cmocka_unit_test(becomes_microseconds),
        cmocka_unit_test(agrees_with_the_clock),          cmocka_unit_test(refuses_other_forms_of_rfc_3339),
        cmocka_unit_test(reads_rfc_3339_with_any_offset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

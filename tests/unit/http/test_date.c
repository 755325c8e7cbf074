/* Dates of HTTP: the forms of RFC 9110, section 5.6.7, and the calendar against the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/date.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOW INT64_C(1795511702) /* 2026-11-24 */

static void a_date_is_written_as_the_c_library_writes_it(void **state)
{
    const int64_t last = INT64_C(253402300799);
    uint64_t random = 1;

    (void)state;
    for (int i = 0; i < 100000; i++) {
        random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        const time_t at = i == 0 ? 0 : i == 1 ? last : (time_t)(random % (uint64_t)last);
        char expected[64];
        char written[HTTP_DATE_LENGTH + 1];
        struct tm parts;
        int64_t again = -1;

        assert_non_null(gmtime_r(&at, &parts));
        assert_int_equal(strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &parts), HTTP_DATE_LENGTH);
        http_date_format(at, written);
        assert_string_equal(written, expected);
        assert_true(http_date_parse(text_of(written), NOW, &again));
        assert_int_equal(again, at);
    }
}

static void all_three_forms_are_read(void **state)
{
    static const struct {
        const char *text;
        int64_t unix_s;
    } cases[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},    {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},         {"Sat Nov 26 08:49:37 1994", 785839777},
        {"Tue, 29 Feb 2000 23:59:59 GMT", 951868799},    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Monday, 23-Nov-26 09:15:02 GMT", 1795425302},  {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
        {"Saturday, 01-Jan-77 00:00:00 GMT", 220924800}, /* 2077 would be more than 50 years ahead */
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t unix_s = -1;
        assert_true(http_date_parse(text_of(cases[i].text), NOW, &unix_s));
        assert_int_equal(unix_s, cases[i].unix_s);
    }
}

static void anything_else_is_no_date(void **state)
{
    static const char *const texts[] = {
        "",
        "x",
        "Sun",
        "Sun,",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 31 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Wed, 29 Feb 1900 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 19x4 08:49:37 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-1994 08:49:37 GMT",
        "Sun Nov 6 08:49:37 1994",
        "1994-11-06T08:49:37Z",
        "784111777",
    };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        /* In memory of exactly its length, so that the sanitizers see a read beyond it. */
        const size_t length = strlen(texts[i]);
        char *copy = malloc(length > 0 ? length : 1);
        int64_t unix_s = 7;

        assert_non_null(copy);
        memcpy(copy, texts[i], length);
        assert_false(http_date_parse((struct text){.data = copy, .length = length}, NOW, &unix_s));
        assert_int_equal(unix_s, 7);
        free(copy);
    }
    assert_false(http_date_parse(TEXT_ABSENT, NOW, &(int64_t){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_date_is_written_as_the_c_library_writes_it),
        cmocka_unit_test(all_three_forms_are_read),
        cmocka_unit_test(anything_else_is_no_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

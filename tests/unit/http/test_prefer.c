/* Tests of http/prefer.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/prefer.h"

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        const char *value; /* of "count"; NULL: absent */
    } rows[] = {
        {NULL, NULL},
        {"", NULL},
        {"count=exact", "exact"},
        {"Count=exact", "exact"},
        {"COUNT = \"exact\"", "exact"},
        {"return=minimal, count=estimated", "estimated"},
        {"return=minimal; count=estimated", NULL},
        {"count=exact; strict, count=estimated", "exact"},
        {"count", ""},
        {"count=", ""},
        {"counts=exact", NULL},
        {"x=\"a, count=exact\"", NULL},
        {", ,count=exact", "exact"},
        {"=, count=exact", "exact"},
        {"\x01, count=exact", "exact"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct text value = prefer_get(text_of(rows[i].header), "count");
        if (!text_equal(value, text_of(rows[i].value))) {
            fail_msg("%s: \"%.*s\"", rows[i].header, TEXT_PRINT(value));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

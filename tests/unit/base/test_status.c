/* Tests of base/status.h. */
#include "base/status.h"

#include "check.h"

#include <string.h>

static void every_status_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (unsigned a = STATUS_OK; a <= STATUS_INTERNAL; a++) {
        const char *name = status_name((enum status)a);
        assert_non_null(name);
        assert_string_not_equal(name, "unknown");
        for (unsigned b = STATUS_OK; b < a; b++) {
            assert_string_not_equal(name, status_name((enum status)b));
        }
    }
    assert_string_equal(status_name(STATUS_NOT_FOUND), "not_found");
}

static void others_are_unknown(void **state)
{
    (void)state;
    int outside = STATUS_INTERNAL + 1;
    enum status status;
    memcpy(&status, &outside, sizeof status);
    assert_string_equal(status_name(status), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_a_name_of_its_own),
        cmocka_unit_test(others_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of domain/price.h. */
#include "domain/price.h"

#include "../base/check.h"

#include <stdlib.h>
#include <string.h>

static void checks_prices(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum price_fault fault;
    } rows[] = {
        {"19.99", PRICE_OK},
        {"1", PRICE_OK},
        {"1.0", PRICE_OK},
        {"0.0001", PRICE_OK},
        {"0.1", PRICE_OK},
        {"99999999999999", PRICE_OK},
        {"99999999999999.9999", PRICE_OK},
        {"10.0000", PRICE_OK},
        {"", PRICE_MALFORMED},
        {NULL, PRICE_MALFORMED},
        {".", PRICE_MALFORMED},
        {"1.", PRICE_MALFORMED},
        {".5", PRICE_MALFORMED},
        {"1.2.3", PRICE_MALFORMED},
        {"1..2", PRICE_MALFORMED},
        {"-1", PRICE_MALFORMED},
        {"+1", PRICE_MALFORMED},
        {"-0", PRICE_MALFORMED},
        {"1e2", PRICE_MALFORMED},
        {"1E-2", PRICE_MALFORMED},
        {"1,99", PRICE_MALFORMED},
        {"1 000", PRICE_MALFORMED},
        {" 1", PRICE_MALFORMED},
        {"1 ", PRICE_MALFORMED},
        {"0x10", PRICE_MALFORMED},
        {"NaN", PRICE_MALFORMED},
        {"\xD9\xA1", PRICE_MALFORMED}, /* an Arabic digit */
        {"EUR 1", PRICE_MALFORMED},
        {"1:", PRICE_MALFORMED},
        {"1/", PRICE_MALFORMED},
        {"007", PRICE_LEADING_ZERO},
        {"00", PRICE_LEADING_ZERO},
        {"00.5", PRICE_LEADING_ZERO},
        {"000000000000000000001", PRICE_LEADING_ZERO},
        {"100000000000000", PRICE_TOO_LARGE},
        {"999999999999999999999999.1", PRICE_TOO_LARGE},
        {"1.00000", PRICE_TOO_PRECISE},
        {"0.00001", PRICE_TOO_PRECISE},
        {"0.00000", PRICE_TOO_PRECISE},
        {"0", PRICE_NOT_POSITIVE},
        {"0.0", PRICE_NOT_POSITIVE},
        {"0.0000", PRICE_NOT_POSITIVE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(price_check(text_of(rows[i].text)) == rows[i].fault, rows[i].text != NULL ? rows[i].text : "absent");
    }
    assert_int_equal(price_check(TEXT("1\0")), PRICE_MALFORMED);
}

static void every_fault_is_explained(void **state)
{
    (void)state;
    static const struct {
        enum price_fault fault;
        const char *code;
        const char *bound;
    } rows[] = {
        {PRICE_MALFORMED, "malformed", "19.99"},      {PRICE_LEADING_ZERO, "leading_zero", "zero"},
        {PRICE_TOO_LARGE, "too_large", " 14 "},       {PRICE_TOO_PRECISE, "too_precise", " 4 "},
        {PRICE_NOT_POSITIVE, "not_positive", "zero"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_string_equal(price_fault_code(rows[i].fault), rows[i].code);
        const char *detail = price_fault_detail(rows[i].fault);
        assert_int_equal(strncmp(detail, "must ", 5), 0);
        assert_row(strstr(detail, rows[i].bound) != NULL, rows[i].code);
    }
    assert_string_equal(price_fault_detail(PRICE_NOT_POSITIVE), "must be greater than zero");
}

static int sign_of(int order)
{
    return (order > 0) - (order < 0);
}

/* In ascending order; equal ones stand in one row. */
static const char *const ascending[][3] = {
    {"0", "0.0", "0.0000"},
    {"0.0001", NULL, NULL},
    {"0.001", "0.0010", NULL},
    {"0.0999", NULL, NULL},
    {"0.1", "0.10", "0.1000"},
    {"0.9999", NULL, NULL},
    {"1", "1.0", "1.0000"},
    {"1.0001", NULL, NULL},
    {"1.5", "1.50", NULL},
    {"9", NULL, NULL},
    {"9.9999", NULL, NULL},
    {"10", "10.0", NULL},
    {"99999999999999", "99999999999999.0", NULL},
    {"99999999999999.9998", NULL, NULL}, /* a double cannot tell these two apart */
    {"99999999999999.9999", NULL, NULL},
};

static void compares_exactly(void **state)
{
    (void)state;
    for (size_t row = 0; row < COUNT_OF(ascending) * 3; row++) {
        for (size_t column = 0; column < COUNT_OF(ascending) * 3; column++) {
            const char *a = ascending[row / 3][row % 3];
            const char *b = ascending[column / 3][column % 3];
            if (a == NULL || b == NULL) {
                continue;
            }
            int want = (row / 3 > column / 3) - (row / 3 < column / 3);
            if (sign_of(price_compare(text_of(a), text_of(b))) != want) {
                fail_msg("%s against %s", a, b);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checks_prices),
        cmocka_unit_test(every_fault_is_explained),
        cmocka_unit_test(compares_exactly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

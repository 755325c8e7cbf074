/* Tests of domain/currency.h. */
#include "domain/currency.h"

#include "../base/check.h"

#include <string.h>

static void knows_the_codes_in_use(void **state)
{
    (void)state;
    static const char *const known[] = {"AED", "EUR", "USD", "JPY", "CHF", "CNY", "XAU", "XXX",
                                        "XTS", "XCG", "CLF", "VED", "SLE", "ZMW", "ZWG"};
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        assert_row(currency_known(text_of(known[i])), known[i]);
    }
}

static void knows_no_others(void **state)
{
    (void)state;
    static const char *const unknown[] = {"",    "E",   "EU",  "EURO", "eur", "Eur",  "EU ", "AAA",
                                          "ZZZ", "AEA", "DEM", "HRK",  "BTC", "UR\n", "EDA", "\xC3\x84U"};
    for (size_t i = 0; i < COUNT_OF(unknown); i++) {
        assert_row(!currency_known(text_of(unknown[i])), unknown[i]);
    }
    assert_false(currency_known(TEXT_ABSENT));
    assert_false(currency_known(TEXT("EU\0")));
}

/* Counts those of all combinations that are known: the table is sorted, or the search would miss some. */
static void finds_each_of_the_table(void **state)
{
    (void)state;
    unsigned count = 0;
    for (char a = 'A'; a <= 'Z'; a++) {
        for (char b = 'A'; b <= 'Z'; b++) {
            for (char c = 'A'; c <= 'Z'; c++) {
                const char code[] = {a, b, c};
                count += currency_known((struct text){.data = code, .length = 3});
            }
        }
    }
    assert_int_equal(count, 178);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_codes_in_use),
        cmocka_unit_test(knows_no_others),
        cmocka_unit_test(finds_each_of_the_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

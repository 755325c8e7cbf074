/* Tests of domain/product_query.h and domain/category_query.h. */
#include "domain/category_query.h"
#include "domain/product_query.h"

#include "../base/check.h"

static void other_filters_have_another_fingerprint(void **state)
{
    (void)state;
    const struct product_query queries[] = {
        {0},
        {.filter.category_id = TEXT("0193abcd-ef01-7abc-8def-0123456789ab")},
        {.filter.category_id = TEXT("0193abcd-ef01-7abc-8def-0123456789ac")},
        {.filter.min_price = TEXT("1")},
        {.filter.max_price = TEXT("1")},
        {.filter.min_price = TEXT("")},
        {.filter.min_price = TEXT("1"), .filter.max_price = TEXT("12")},
        {.filter.min_price = TEXT("11"), .filter.max_price = TEXT("2")},
        {.filter.min_price = TEXT("1"), .filter.max_price = TEXT("1")},
    };
    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(product_query_fingerprint(&queries[i]), product_query_fingerprint(&queries[j]));
        }
    }
}

static void limit_and_cursor_do_not_count(void **state)
{
    (void)state;
    char price[] = "1.50";
    struct product_query a = {.filter.min_price = TEXT("1.50"), .limit = 1};
    struct product_query b = {
        .filter.min_price = text_of(price), .limit = 2, .has_cursor = true, .cursor = {.at_us = 7}};
    assert_int_equal(product_query_fingerprint(&a), product_query_fingerprint(&b));

    struct category_query c = {.limit = 1};
    struct category_query d = {.limit = 2, .has_cursor = true, .cursor = {.at_us = 7}};
    assert_int_equal(category_query_fingerprint(&c), category_query_fingerprint(&d));
}

/* A cursor of one resource is none of the other. */
static void resources_differ(void **state)
{
    (void)state;
    struct product_query products = {0};
    struct category_query categories = {0};
    struct category_query children = {.parent_id = TEXT("0193abcd-ef01-7abc-8def-0123456789ab")};
    assert_int_not_equal(product_query_fingerprint(&products), category_query_fingerprint(&categories));
    assert_int_not_equal(category_query_fingerprint(&children), category_query_fingerprint(&categories));
    products.filter.category_id = children.parent_id;
    assert_int_not_equal(product_query_fingerprint(&products), category_query_fingerprint(&children));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_filters_have_another_fingerprint),
        cmocka_unit_test(limit_and_cursor_do_not_count),
        cmocka_unit_test(resources_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

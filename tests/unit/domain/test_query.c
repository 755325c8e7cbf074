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
        {.filter.category_id = TEXT("0193abcd-ef01-7abc-8def-0123456789ab"), .filter.subtree = true},
        {.filter.currency = TEXT("EUR")},
        {.filter.statuses = 1},
        {.filter.statuses = 3},
        {.filter.sku = TEXT("a")},
        {.filter.group_key = TEXT("a")},
        {.filter.search = TEXT("a")},
        {.filter.ids = {TEXT("a")}, .filter.id_count = 1},
        {.filter.ids = {TEXT("a"), TEXT("b")}, .filter.id_count = 2},
        {.filter.attributes = {{TEXT("a"), TEXT("b")}}, .filter.attribute_count = 1},
        {.filter.attributes = {{TEXT("a"), TEXT("bc")}}, .filter.attribute_count = 1},
        {.filter.attributes = {{TEXT("a"), TEXT("b")}, {TEXT("c"), TEXT("d")}}, .filter.attribute_count = 2},
        {.filter.created_after = TEXT("a")},
        {.filter.created_before = TEXT("a")},
        {.filter.updated_after = TEXT("a")},
        {.sort = SORT_NAME},
        {.ascending = true},
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

/* The active ones are those that are shown where no status is given. */
static void the_default_status_is_the_active_one(void **state)
{
    (void)state;
    const struct product_query by_default = {0};
    const struct product_query active = {.filter.statuses = 2};
    assert_int_equal(product_query_fingerprint(&by_default), product_query_fingerprint(&active));
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
        cmocka_unit_test(the_default_status_is_the_active_one),
        cmocka_unit_test(resources_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

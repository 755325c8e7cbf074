/* Tests of domain/event.h. */
#include "domain/event.h"

#include "../base/check.h"

#define PRODUCT "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"
#define TEA "01900000-0000-7000-8000-000000000001"
#define COFFEE "01900000-0000-7000-8000-000000000002"

static void channels_have_names_of_their_own(void **state)
{
    char channel[EVENT_CHANNEL_SIZE];

    (void)state;
    event_channel(&(struct event_filter){.scope = EVENT_ALL}, channel);
    assert_string_equal(channel, "all");
    event_channel(&(struct event_filter){EVENT_CATEGORY, TEXT(TEA)}, channel);
    assert_string_equal(channel, "c-" TEA);
    event_channel(&(struct event_filter){EVENT_PRODUCT, TEXT(PRODUCT)}, channel);
    assert_string_equal(channel, "p-" PRODUCT);
}

static void a_change_is_told_to_whom_it_concerns(void **state)
{
    const struct change stayed = {.type = TEXT("product.updated"), .id = TEXT(PRODUCT), .category_id = TEXT(TEA)};
    const struct change moved = {
        .type = TEXT("product.updated"), .id = TEXT(PRODUCT), .category_id = TEXT(TEA), .category_left = TEXT(COFFEE)};
    const struct change category = {.type = TEXT("category.updated"), .id = TEXT(TEA)};
    const struct event_filter all = {.scope = EVENT_ALL};
    const struct event_filter of_product = {EVENT_PRODUCT, TEXT(PRODUCT)};
    const struct event_filter of_tea = {EVENT_CATEGORY, TEXT(TEA)};
    const struct event_filter of_coffee = {EVENT_CATEGORY, TEXT(COFFEE)};
    const struct event_filter of_product_tea = {EVENT_PRODUCT, TEXT(TEA)};

    (void)state;
    assert_true(event_filter_takes(&all, &stayed) && event_filter_takes(&all, &category));
    assert_true(event_filter_takes(&of_product, &stayed) && event_filter_takes(&of_product, &moved));
    assert_false(event_filter_takes(&of_product, &category));
    assert_true(event_filter_takes(&of_tea, &stayed) && event_filter_takes(&of_tea, &moved));
    assert_true(event_filter_takes(&of_tea, &category));
    assert_true(event_filter_takes(&of_coffee, &moved));
    assert_false(event_filter_takes(&of_coffee, &stayed));
    assert_false(event_filter_takes(&of_product_tea, &category));
}

static void each_channel_is_named_once(void **state)
{
    struct event_filter filters[EVENT_CHANNELS_MAX];
    const struct change moved = {
        .type = TEXT("product.updated"), .id = TEXT(PRODUCT), .category_id = TEXT(TEA), .category_left = TEXT(COFFEE)};
    const struct change odd = {
        .type = TEXT("product.updated"), .id = TEXT(PRODUCT), .category_id = TEXT(TEA), .category_left = TEXT(TEA)};
    const struct change bare = {.type = TEXT("product.updated"), .id = TEXT(PRODUCT)};

    (void)state;
    assert_int_equal(event_filters_of(&moved, filters), 4);
    assert_int_equal(event_filters_of(&odd, filters), 3);
    assert_int_equal(event_filters_of(&bare, filters), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_have_names_of_their_own),
        cmocka_unit_test(a_change_is_told_to_whom_it_concerns),
        cmocka_unit_test(each_channel_is_named_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of json/facets.h. */
#include "json/facets.h"

#include "base/strbuf.h"

#include "../base/check.h"

#include <string.h>

static const char *written(const struct product_facets *facets)
{
    static char text[4096];
    struct strbuf out;

    strbuf_init(&out, sizeof text - 1);
    json_write_facets(&out, facets);
    assert_false(out.overflowed);
    memcpy(text, out.data, out.length);
    text[out.length] = '\0';
    strbuf_free(&out);
    return text;
}

static void writes_empty_lists(void **state)
{
    (void)state;
    const struct product_facets none = {.complete = true};
    assert_string_equal(written(&none),
                        "{\"complete\":true,\"count\":0,\"categories\":[],\"statuses\":[],\"prices\":[],"
                        "\"attributes\":[]}");
}

static void writes_each_kind(void **state)
{
    (void)state;
    struct facet facet[] = {
        {.kind = FACET_CATEGORY, .key = TEXT("c1"), .value = TEXT("Tea \"x\""), .count = 2},
        {.kind = FACET_CATEGORY, .key = TEXT("c2"), .value = TEXT_ABSENT, .count = 1},
        {.kind = FACET_STATUS, .key = TEXT("active"), .count = 3},
        {.kind = FACET_PRICE, .key = TEXT("EUR"), .low = TEXT("1.00"), .high = TEXT("1.990"), .count = 2},
        {.kind = FACET_PRICE, .key = TEXT("USD"), .low = TEXT("7"), .high = TEXT("7"), .count = 1},
        {.kind = FACET_ATTRIBUTE, .key = TEXT("colour"), .value = TEXT("\"green\""), .key_count = 3, .count = 2},
        {.kind = FACET_ATTRIBUTE, .key = TEXT("colour"), .value = TEXT("\"red\""), .key_count = 3, .count = 1},
        {.kind = FACET_ATTRIBUTE, .key = TEXT("weight_g"), .value = TEXT("1.50"), .key_count = 1, .count = 1},
    };
    const struct product_facets facets = {.count = 3, .facet = facet, .facet_count = COUNT_OF(facet)};
    assert_string_equal(written(&facets),
                        "{\"complete\":false,\"count\":3,"
                        "\"categories\":[{\"id\":\"c1\",\"name\":\"Tea "
                        "\\\"x\\\"\",\"count\":2},{\"id\":\"c2\",\"name\":null,\"count\":1}],"
                        "\"statuses\":[{\"status\":\"active\",\"count\":3}],"
                        "\"prices\":[{\"currency\":\"EUR\",\"min\":\"1.00\",\"max\":\"1.990\",\"count\":2},"
                        "{\"currency\":\"USD\",\"min\":\"7\",\"max\":\"7\",\"count\":1}],"
                        "\"attributes\":[{\"key\":\"colour\",\"count\":3,\"values\":[{\"value\":\"green\",\"count\":2},"
                        "{\"value\":\"red\",\"count\":1}]},{\"key\":\"weight_g\",\"count\":1,\"values\":[{\"value\":1."
                        "50,\"count\":1}]}]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_empty_lists),
        cmocka_unit_test(writes_each_kind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

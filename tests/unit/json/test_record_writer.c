/* Records out: every field in its order, each by its kind, and always valid JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json/record.h"

#include "domain/category.h"
#include "domain/product.h"
#include "json/parse.h"

static int setup(void **state)
{
    static struct strbuf buffer;
    strbuf_init(&buffer, (size_t)64 * 1024);
    *state = &buffer;
    return 0;
}

static int teardown(void **state)
{
    strbuf_free(*state);
    return 0;
}

static void assert_written(struct strbuf *out, const char *expected)
{
    if (!text_equal(strbuf_text(out), text_of(expected))) {
        fail_msg("%.*s", TEXT_PRINT(strbuf_text(out)));
    }
    strbuf_clear(out, out->capacity);
}

static struct record whole_product(void)
{
    return (struct record){
        .value =
            {
                [PRODUCT_ID] = TEXT("01930000-0000-7000-8000-000000000001"),
                [PRODUCT_SKU] = TEXT("TEA-100"),
                [PRODUCT_NAME] = TEXT("Green \"tea\""),
                [PRODUCT_DESCRIPTION] = TEXT("a\n\xc3\xa9\\"),
                [PRODUCT_PRICE] = TEXT("19.90"),
                [PRODUCT_CURRENCY] = TEXT("EUR"),
                [PRODUCT_CATEGORY_ID] = TEXT("01930000-0000-7000-8000-000000000002"),
                [PRODUCT_STATUS] = TEXT("active"),
                [PRODUCT_ATTRIBUTES] = TEXT("{\"colour\":\"green\",\"weight_g\":100.50}"),
                [PRODUCT_IMAGES] = TEXT("[\"https://example.org/a\"]"),
                [PRODUCT_GROUP_KEY] = TEXT("TEA"),
                [PRODUCT_VERSION] = TEXT("3"),
                [PRODUCT_CREATED_AT] = TEXT("2026-11-23T09:15:02.123456Z"),
                [PRODUCT_UPDATED_AT] = TEXT("2026-11-23T09:16:00.000001Z"),
            },
    };
}

#define WHOLE_PRODUCT                                                                                                  \
    "{\"id\":\"01930000-0000-7000-8000-000000000001\",\"sku\":\"TEA-100\",\"name\":\"Green \\\"tea\\\"\","             \
    "\"description\":\"a\\n\xc3\xa9\\\\\",\"price\":\"19.90\",\"currency\":\"EUR\","                                   \
    "\"category_id\":\"01930000-0000-7000-8000-000000000002\",\"status\":\"active\","                                  \
    "\"attributes\":{\"colour\":\"green\",\"weight_g\":100.50},\"images\":[\"https://example.org/a\"],"                \
    "\"group_key\":\"TEA\",\"version\":3,\"created_at\":\"2026-11-23T09:15:02.123456Z\","                              \
    "\"updated_at\":\"2026-11-23T09:16:00.000001Z\"}"

static void test_whole_product(void **state)
{
    struct record record = whole_product();
    json_write_record(*state, &product_schema, &record);
    assert_written(*state, WHOLE_PRODUCT);
}

#define EMPTY_PRODUCT                                                                                                  \
    "{\"id\":null,\"sku\":null,\"name\":null,\"description\":null,\"price\":null,\"currency\":null,"                   \
    "\"category_id\":null,\"status\":null,\"attributes\":null,\"images\":null,\"group_key\":null,\"version\":null,"    \
    "\"created_at\":null,\"updated_at\":null}"

static void test_absent_values(void **state)
{
    struct record record = {0};
    json_write_record(*state, &product_schema, &record);
    assert_written(*state, EMPTY_PRODUCT);
}

static void test_category(void **state)
{
    struct record record = {
        .value = {[CATEGORY_NAME] = TEXT("Tea"), [CATEGORY_SLUG] = TEXT(""), [CATEGORY_POSITION] = TEXT("0")}};
    json_write_record(*state, &category_schema, &record);
    assert_written(*state, "{\"id\":null,\"parent_id\":null,\"name\":\"Tea\",\"slug\":\"\",\"position\":0,"
                           "\"version\":null,\"created_at\":null,\"updated_at\":null}");
}

static void test_lists(void **state)
{
    struct record records[] = {whole_product(), {.given = 0}, whole_product()};
    json_write_records(*state, &product_schema, records, 0);
    assert_written(*state, "[]");
    json_write_records(*state, &product_schema, records, 1);
    assert_written(*state, "[" WHOLE_PRODUCT "]");
    json_write_records(*state, &product_schema, records, 3);
    assert_written(*state, "[" WHOLE_PRODUCT "," EMPTY_PRODUCT "," WHOLE_PRODUCT "]");
}

/* What comes in goes out the same. */
static void test_round_trip(void **state)
{
    struct strbuf *out = *state;
    struct arena *arena = arena_new(4096);
    struct faults faults;
    struct json_object *document = NULL;
    struct record record;
    faults_init(&faults, arena);
    assert_int_equal(json_parse(TEXT("{\"sku\":\"A\",\"name\":\"\\ud83d\\ude00 \\\\ \\/\",\"description\":\"\\u0009\","
                                     "\"price\":0.5000,\"attributes\":{\"a\":[\"\\n\"],\"b\":1E-5}}"),
                                &faults, &document),
                     STATUS_OK);
    json_read_record(&product_schema, document, "", &record, &faults);
    assert_int_equal(faults.count, 0);
    json_write_record(out, &product_schema, &record);
    assert_int_equal(json_check(strbuf_text(out), &faults), STATUS_OK);
    arena_free(arena);
    assert_written(out, "{\"id\":null,\"sku\":\"A\",\"name\":\"\xf0\x9f\x98\x80 \\\\ /\",\"description\":\"\\t\","
                        "\"price\":\"0.5000\",\"currency\":null,\"category_id\":null,\"status\":null,"
                        "\"attributes\":{\"a\":[\"\\n\"],\"b\":1E-5},\"images\":null,\"group_key\":null,"
                        "\"version\":null,\"created_at\":null,\"updated_at\":null}");
}

/* A record that exactly fits is written; one byte less, and nothing is. */
static void test_bound(void **state)
{
    (void)state;
    struct record record = whole_product();
    for (size_t missing = 0; missing < 2; missing++) {
        struct strbuf out;
        strbuf_init(&out, sizeof(WHOLE_PRODUCT) - 1 - missing);
        json_write_record(&out, &product_schema, &record);
        assert_int_equal(out.overflowed, missing > 0);
        assert_int_equal(out.length, missing > 0 ? 0 : sizeof(WHOLE_PRODUCT) - 1);
        strbuf_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_product, setup, teardown),
        cmocka_unit_test_setup_teardown(test_absent_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_category, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lists, setup, teardown),
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test(test_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

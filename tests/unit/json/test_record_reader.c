/* Records in: types, rules, hints, and every fault with a pointer of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json/record.h"

#include "base/strbuf.h"
#include "domain/attribute.h"
#include "domain/category.h"
#include "domain/product.h"
#include "json/parse.h"

#include <json-c/json.h>
#include <string.h>

#define CATEGORY "\"category_id\":\"01930000-0000-7000-8000-00000000000A\""

struct fixture {
    struct arena *arena;
    struct faults faults;
    struct record record;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture.arena = arena_new((size_t)64 * 1024);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->arena);
    return 0;
}

static void read_schema(struct fixture *fixture, const struct schema *schema, struct text body)
{
    struct json_object *document = NULL;
    faults_init(&fixture->faults, fixture->arena);
    assert_int_equal(json_parse(body, &fixture->faults, &document), STATUS_OK);
    memset(&fixture->record, 0xa5, sizeof(fixture->record));
    json_read_record(schema, document, "", &fixture->record, &fixture->faults);
}

static void read_product(struct fixture *fixture, const char *body)
{
    read_schema(fixture, &product_schema, text_of(body));
}

static void assert_value(const struct fixture *fixture, enum product_field field, const char *expected)
{
    assert_true(record_has(&fixture->record, field));
    struct text value = fixture->record.value[field];
    if (!text_equal(value, text_of(expected))) {
        fail_msg("%s: %.*s", product_schema.fields[field].name, TEXT_PRINT(value));
    }
}

static void assert_no_faults(const struct fixture *fixture)
{
    if (fixture->faults.count > 0) {
        fail_msg("%s: %s", fixture->faults.item[0].where, fixture->faults.item[0].detail);
    }
}

/* The body has this one fault; a NULL detail stands for any. */
static void assert_fault(struct fixture *fixture, const char *body, const char *pointer, const char *code,
                         const char *detail)
{
    read_product(fixture, body);
    const struct fault *fault = &fixture->faults.item[0];
    if (fixture->faults.count != 1) {
        fail_msg("%s: %zu faults", body, fixture->faults.count);
    }
    assert_int_equal(fault->place, FAULT_IN_BODY);
    assert_string_equal(fault->where, pointer);
    if (strcmp(fault->code, code) != 0) {
        fail_msg("%s: %s", body, fault->code);
    }
    if (detail != NULL) {
        assert_string_equal(fault->detail, detail);
    }
}

static void test_whole_product(void **state)
{
    struct fixture *fixture = *state;
    read_product(fixture, "{\"sku\":\"TEA-100\",\"name\":\"  Gr\\u00fcner Tee \",\"description\":\"a\\n\\tb\","
                          "\"price\":\"19.90\",\"currency\":\"EUR\"," CATEGORY ",\"status\":\"draft\","
                          "\"attributes\" : { \"colour\" : \"gr\\u00fcn\\n\" , \"weight_g\" : 100.50, \"big\":1e3,"
                          " \"organic\":true, \"raw\":false, \"tags\" : [ \"a\" , \"b\\\"\" ], \"none\":[] },"
                          "\"images\" : [ \"https://example.org/a.jpg\" , \"https://example.org/b\" ],"
                          "\"group_key\":\"TEA\"}");
    assert_no_faults(fixture);
    assert_value(fixture, PRODUCT_SKU, "TEA-100");
    assert_value(fixture, PRODUCT_NAME, "Gr\xc3\xbcner Tee");
    assert_value(fixture, PRODUCT_DESCRIPTION, "a\n\tb");
    assert_value(fixture, PRODUCT_PRICE, "19.90");
    assert_value(fixture, PRODUCT_CURRENCY, "EUR");
    assert_value(fixture, PRODUCT_CATEGORY_ID, "01930000-0000-7000-8000-00000000000a");
    assert_value(fixture, PRODUCT_STATUS, "draft");
    assert_value(fixture, PRODUCT_ATTRIBUTES,
                 "{\"colour\":\"gr\xc3\xbcn\\n\",\"weight_g\":100.50,\"big\":1e3,\"organic\":true,\"raw\":false,"
                 "\"tags\":[\"a\",\"b\\\"\"],\"none\":[]}");
    assert_value(fixture, PRODUCT_IMAGES, "[\"https://example.org/a.jpg\",\"https://example.org/b\"]");
    assert_value(fixture, PRODUCT_GROUP_KEY, "TEA");
    assert_false(record_has(&fixture->record, PRODUCT_ID));
    assert_false(record_has(&fixture->record, PRODUCT_VERSION));
    assert_false(record_has(&fixture->record, PRODUCT_CREATED_AT));
    assert_null(fixture->record.value[PRODUCT_ID].data);
}

static void test_nothing_given(void **state)
{
    struct fixture *fixture = *state;
    read_product(fixture, "{}");
    assert_no_faults(fixture);
    assert_int_equal(fixture->record.given, 0);
}

/* Digits come through exactly as they were given, or not at all. */
static void test_prices(void **state)
{
    struct fixture *fixture = *state;
    static const char *const taken[][2] = {
        {"{\"price\":19.99}", "19.99"},
        {"{\"price\":19.990}", "19.990"},
        {"{\"price\":0.10}", "0.10"},
        {"{\"price\":1}", "1"},
        {"{\"price\":99999999999999.9999}", "99999999999999.9999"},
        {"{\"price\":99999999999999}", "99999999999999"},
        {"{\"price\":0.0001}", "0.0001"},
        {"{\"price\":\"19.990\"}", "19.990"},
        {"{\"price\":\"99999999999999.9999\"}", "99999999999999.9999"},
    };
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        read_product(fixture, taken[i][0]);
        assert_no_faults(fixture);
        assert_value(fixture, PRODUCT_PRICE, taken[i][1]);
    }
    static const char *const refused[] = {
        "{\"price\":0}",
        "{\"price\":-0}",
        "{\"price\":-1}",
        "{\"price\":1e5}",
        "{\"price\":1E400}",
        "{\"price\":1e-2}",
        "{\"price\":0.00001}",
        "{\"price\":1.00000}",
        "{\"price\":100000000000000}",
        "{\"price\":12345678901234567890123}",
        "{\"price\":100000000000000000000.5}",
        "{\"price\":18446744073709551617}",
        "{\"price\":\"\"}",
        "{\"price\":\" 1\"}",
        "{\"price\":\"1,5\"}",
        "{\"price\":\"007\"}",
        "{\"price\":\"1e5\"}",
        "{\"price\":\"+1\"}",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        read_product(fixture, refused[i]);
        assert_int_equal(fixture->faults.count, 1);
        assert_string_equal(fixture->faults.item[0].where, "/price");
        assert_string_not_equal(fixture->faults.item[0].code, "type");
        assert_value(fixture, PRODUCT_PRICE, NULL);
    }
}

static void test_types(void **state)
{
    static const struct {
        const char *body;
        const char *pointer;
        const char *detail;
    } cases[] = {
        {"{\"name\":1}", "/name", "must be a string"},
        {"{\"name\":true}", "/name", "must be a string"},
        {"{\"name\":[\"a\"]}", "/name", "must be a string"},
        {"{\"name\":{}}", "/name", "must be a string"},
        {"{\"sku\":1.5}", "/sku", "must be a string"},
        {"{\"category_id\":0}", "/category_id", "must be a string"},
        {"{\"status\":false}", "/status", "must be a string"},
        {"{\"price\":true}", "/price", "must be a string or a number"},
        {"{\"price\":[1]}", "/price", "must be a string or a number"},
        {"{\"price\":{}}", "/price", "must be a string or a number"},
        {"{\"attributes\":[]}", "/attributes", "must be an object"},
        {"{\"attributes\":\"{}\"}", "/attributes", "must be an object"},
        {"{\"images\":{}}", "/images", "must be an array"},
        {"{\"images\":\"https://example.org/\"}", "/images", "must be an array"},
        {"[]", "", "must be an object"},
        {"null", "", "must be an object"},
        {"\"a\"", "", "must be an object"},
        {"1", "", "must be an object"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_fault(*state, cases[i].body, cases[i].pointer, "type", cases[i].detail);
    }
}

static void test_integers(void **state)
{
    struct fixture *fixture = *state;
    read_schema(fixture, &category_schema, TEXT("{\"position\":7}"));
    assert_no_faults(fixture);
    assert_true(text_equal(fixture->record.value[CATEGORY_POSITION], TEXT("7")));

    static const char *const refused[] = {"-0", "-1", "1.0", "1e2", "2147483648", "18446744073709551617"};
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        read_schema(fixture, &category_schema, arena_printf(fixture->arena, "{\"position\":%s}", refused[i]));
        assert_int_equal(fixture->faults.count, 1);
        assert_string_equal(fixture->faults.item[0].where, "/position");
        assert_string_equal(fixture->faults.item[0].code, "integer");
    }
    read_schema(fixture, &category_schema, TEXT("{\"position\":\"7\"}"));
    assert_int_equal(fixture->faults.count, 1);
    assert_string_equal(fixture->faults.item[0].code, "type");
    assert_string_equal(fixture->faults.item[0].detail, "must be a number");
}

static void test_null(void **state)
{
    struct fixture *fixture = *state;
    read_product(fixture, "{\"sku\":null,\"description\":null,\"group_key\":null}");
    assert_no_faults(fixture);
    assert_value(fixture, PRODUCT_SKU, NULL);
    assert_value(fixture, PRODUCT_DESCRIPTION, NULL);
    assert_value(fixture, PRODUCT_GROUP_KEY, NULL);

    static const char *const names[] = {"name", "price", "currency", "category_id", "status", "attributes", "images"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *body = arena_printf(fixture->arena, "{\"%s\":null}", names[i]).data;
        const char *pointer = arena_printf(fixture->arena, "/%s", names[i]).data;
        assert_fault(fixture, body, pointer, "null", "must not be null");
    }
}

static void test_unknown_and_server_made(void **state)
{
    static const struct {
        const char *body;
        const char *pointer;
        const char *code;
        const char *detail;
    } cases[] = {
        {"{\"prise\":1}", "/prise", "unknown_member", "is not a field of a product; did you mean \"price\"?"},
        {"{\"Name\":1}", "/Name", "unknown_member", "is not a field of a product; did you mean \"name\"?"},
        {"{\"stock\":1}", "/stock", "unknown_member", NULL},
        /* No hint at what the server makes. */
        {"{\"versoin\":1}", "/versoin", "unknown_member", "is not a field of a product; leave it out"},
        {"{\"quantity\":1}", "/quantity", "unknown_member", "is not a field of a product; leave it out"},
        {"{\"\":null}", "/", "unknown_member", "is not a field of a product; leave it out"},
        {"{\"a/b~\\n\":null}", "/a~1b~0\n", "unknown_member", "is not a field of a product; leave it out"},
        {"{\"id\":\"x\"}", "/id", "read_only", "is made by the server; leave it out"},
        {"{\"version\":1}", "/version", "read_only", "is made by the server; leave it out"},
        {"{\"created_at\":null}", "/created_at", "read_only", "is made by the server; leave it out"},
        {"{\"updated_at\":\"\"}", "/updated_at", "read_only", "is made by the server; leave it out"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_fault(*state, cases[i].body, cases[i].pointer, cases[i].code, cases[i].detail);
    }
}

static void test_attributes(void **state)
{
    static const struct {
        const char *attributes;
        const char *pointer;
        const char *code;
    } cases[] = {
        {"{\"Colour\":1}", "/attributes/Colour", "attribute_key"},
        {"{\"\":1}", "/attributes/", "attribute_key"},
        {"{\"1a\":1}", "/attributes/1a", "attribute_key"},
        {"{\"a/b\":1}", "/attributes/a~1b", "attribute_key"},
        {"{\"a2345678901234567890123456789012345678901\":1}", "/attributes/a2345678901234567890123456789012345678901",
         "attribute_key"},
        {"{\"a\":null}", "/attributes/a", "type"},
        {"{\"a\":{}}", "/attributes/a", "type"},
        {"{\"a\":[1]}", "/attributes/a/0", "type"},
        {"{\"a\":[\"x\",null]}", "/attributes/a/1", "type"},
        {"{\"a\":[\"x\",[\"y\"]]}", "/attributes/a/1", "type"},
        {"{\"a\":\"\\r\"}", "/attributes/a", "control_character"},
        {"{\"a\":[\"\\u007f\"]}", "/attributes/a/0", "control_character"},
        {"{\"a\":1e999999}", "/attributes/a", "attribute_number"},
        {"{\"a\":123456789012345678901}", "/attributes/a", "attribute_number"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *body = arena_printf(fixture->arena, "{\"attributes\":%s}", cases[i].attributes).data;
        assert_fault(fixture, body, cases[i].pointer, cases[i].code, NULL);
        assert_value(fixture, PRODUCT_ATTRIBUTES, NULL);
    }
    read_product(fixture, "{\"attributes\":{\"n\":-12345678901234567890.5,\"t\":\"\\t\\n\"}}");
    assert_no_faults(fixture);
    assert_value(fixture, PRODUCT_ATTRIBUTES, "{\"n\":-12345678901234567890.5,\"t\":\"\\t\\n\"}");
}

/* A body with count copies of part between before and after, "#" standing for the number of the copy. */
static struct text repeated(struct fixture *fixture, const char *before, const char *part, size_t count,
                            const char *after)
{
    struct strbuf buffer;
    strbuf_init(&buffer, (size_t)1024 * 1024);
    strbuf_append_text(&buffer, text_of(before));
    for (size_t i = 0; i < count; i++) {
        struct text rest = TEXT_ABSENT;
        struct text start = text_split(text_of(part), '#', &rest);
        if (i > 0) {
            strbuf_append_char(&buffer, ',');
        }
        strbuf_append_text(&buffer, start);
        if (rest.data != NULL) {
            strbuf_append_u64(&buffer, i);
            strbuf_append_text(&buffer, rest);
        }
    }
    strbuf_append_text(&buffer, text_of(after));
    struct text text = arena_copy(fixture->arena, strbuf_text(&buffer));
    strbuf_free(&buffer);
    return text;
}

static void test_bounds(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        const char *before;
        const char *part;
        size_t most;
        const char *after;
        const char *pointer;
        const char *detail;
    } cases[] = {
        {"{\"attributes\":{", "\"k#\":1", ATTRIBUTES_MAX, "}}", "/attributes", "must have at most 50 keys"},
        {"{\"attributes\":{\"a\":[", "\"s\"", ATTRIBUTE_STRINGS_MAX, "]}}", "/attributes/a",
         "must have at most 50 strings"},
        {"{\"images\":[", "\"https://example.org/#\"", IMAGES_MAX, "]}", "/images", "must have at most 10 URLs"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        read_schema(fixture, &product_schema,
                    repeated(fixture, cases[i].before, cases[i].part, cases[i].most, cases[i].after));
        assert_no_faults(fixture);
        struct text over = repeated(fixture, cases[i].before, cases[i].part, cases[i].most + 1, cases[i].after);
        assert_fault(fixture, over.data, cases[i].pointer, "too_many", cases[i].detail);
    }
}

/* The largest attributes there can be: every string of every key at its longest, all of four-byte characters. */
static void test_largest_attributes(void **state)
{
    struct fixture *fixture = *state;
    struct strbuf string;
    strbuf_init(&string, 4096);
    strbuf_append_char(&string, '"');
    for (size_t i = 0; i < ATTRIBUTE_STRING_MAX; i++) {
        strbuf_append_text(&string, TEXT("\xf0\x9f\x98\x80"));
    }
    strbuf_append_text(&string, TEXT("\""));
    const char *longest = arena_string(fixture->arena, strbuf_text(&string));
    string.length--;
    strbuf_append_text(&string, TEXT("x\""));
    const char *too_long = arena_string(fixture->arena, strbuf_text(&string));
    strbuf_free(&string);

    read_schema(fixture, &product_schema,
                repeated(fixture, "{\"attributes\":{\"a\":[", longest, ATTRIBUTE_STRINGS_MAX, "]}}"));
    assert_no_faults(fixture);
    assert_true(fixture->record.value[PRODUCT_ATTRIBUTES].length > (size_t)ATTRIBUTE_STRINGS_MAX * 2000);

    assert_fault(fixture, arena_printf(fixture->arena, "{\"attributes\":{\"a\":%s}}", too_long).data, "/attributes/a",
                 "too_long", NULL);
    assert_fault(fixture, arena_printf(fixture->arena, "{\"attributes\":{\"a\":[%s]}}", too_long).data,
                 "/attributes/a/0", "too_long", NULL);
}

static void test_images(void **state)
{
    static const struct {
        const char *images;
        const char *pointer;
        const char *code;
    } cases[] = {
        {"[\"https://example.org/a\",1]", "/images/1", "type"},
        {"[null]", "/images/0", "type"},
        {"[\"http://example.org/a\"]", "/images/0", "url"},
        {"[\"/a.jpg\"]", "/images/0", "url"},
        {"[\"https://example.org/a\",\"https://exa mple.org/\"]", "/images/1", "url"},
        {"[\"\"]", "/images/0", "url"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const char *body = arena_printf(fixture->arena, "{\"images\":%s}", cases[i].images).data;
        assert_fault(fixture, body, cases[i].pointer, cases[i].code, NULL);
        assert_value(fixture, PRODUCT_IMAGES, NULL);
    }
    read_product(fixture, "{\"images\":[ ]}");
    assert_value(fixture, PRODUCT_IMAGES, "[]");
}

static void test_all_faults_at_once(void **state)
{
    struct fixture *fixture = *state;
    static const char *const pointers[] = {
        "/id", "/nam", "/price", "/attributes/A", "/attributes/b", "/images/0", "/images/2", "/status",
    };
    read_product(fixture, "{\"id\":1,\"nam\":2,\"price\":-1,\"attributes\":{\"A\":1,\"b\":null,\"c\":1},"
                          "\"images\":[1,\"https://example.org/\",2],\"status\":\"sold\",\"sku\":\"A\"}");
    assert_int_equal(fixture->faults.count, sizeof(pointers) / sizeof(pointers[0]));
    for (size_t i = 0; i < fixture->faults.count; i++) {
        assert_string_equal(fixture->faults.item[i].where, pointers[i]);
    }
    /* What is faulty counts as given, so that nothing is reported twice; what is not is read. */
    assert_true(record_has(&fixture->record, PRODUCT_PRICE));
    assert_true(record_has(&fixture->record, PRODUCT_STATUS));
    assert_value(fixture, PRODUCT_SKU, "A");
}

static void test_pointers_below_another(void **state)
{
    struct fixture *fixture = *state;
    struct json_object *document = NULL;
    faults_init(&fixture->faults, fixture->arena);
    assert_int_equal(json_parse(TEXT("{\"attributes\":{\"a\":[1]},\"x\":1}"), &fixture->faults, &document), STATUS_OK);
    json_read_record(&product_schema, document, "/3/product", &fixture->record, &fixture->faults);
    assert_int_equal(fixture->faults.count, 2);
    assert_string_equal(fixture->faults.item[0].where, "/3/product/attributes/a/0");
    assert_string_equal(fixture->faults.item[1].where, "/3/product/x");
    faults_init(&fixture->faults, fixture->arena);
    json_read_record(&product_schema, NULL, "/3/product", &fixture->record, &fixture->faults);
    assert_string_equal(fixture->faults.item[0].where, "/3/product");
}

/* The record owes nothing to the text that it was read from. */
static void test_values_live_in_the_arena(void **state)
{
    struct fixture *fixture = *state;
    struct arena *other = arena_new(4096);
    struct faults other_faults;
    struct json_object *document = NULL;
    faults_init(&fixture->faults, fixture->arena);
    faults_init(&other_faults, other);
    assert_int_equal(json_parse(TEXT("{\"name\":\"Tea\",\"price\":1.50,\"sku\":\"A\",\"attributes\":{\"a\":2.0}}"),
                                &other_faults, &document),
                     STATUS_OK);
    json_read_record(&product_schema, document, "", &fixture->record, &fixture->faults);
    arena_free(other);
    assert_value(fixture, PRODUCT_NAME, "Tea");
    assert_value(fixture, PRODUCT_PRICE, "1.50");
    assert_value(fixture, PRODUCT_SKU, "A");
    assert_value(fixture, PRODUCT_ATTRIBUTES, "{\"a\":2.0}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_whole_product, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_given, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prices, setup, teardown),
        cmocka_unit_test_setup_teardown(test_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_integers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_null, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unknown_and_server_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attributes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_largest_attributes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_images, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_faults_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pointers_below_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_live_in_the_arena, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

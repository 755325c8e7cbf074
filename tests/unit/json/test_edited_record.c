/* Records that were written, patched and are read whole: what is gone, what only the server changes, and that nothing
 * else is lost on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "patch_fixture.h"

#include "domain/category.h"
#include "domain/product.h"
#include "json/record.h"

static struct record whole_product(void)
{
    return (struct record){
        .given = UINT32_MAX,
        .value =
            {
                [PRODUCT_ID] = TEXT("01930000-0000-7000-8000-00000000000a"),
                [PRODUCT_SKU] = TEXT("TEA-100"),
                [PRODUCT_NAME] = TEXT("Green tea"),
                [PRODUCT_DESCRIPTION] = TEXT("a\n\xc3\xa9\\"),
                [PRODUCT_PRICE] = TEXT("19.90"),
                [PRODUCT_CURRENCY] = TEXT("EUR"),
                [PRODUCT_CATEGORY_ID] = TEXT("01930000-0000-7000-8000-000000000002"),
                [PRODUCT_STATUS] = TEXT("draft"),
                [PRODUCT_ATTRIBUTES] = TEXT("{\"colour\":\"green\",\"weight_g\":100.50}"),
                [PRODUCT_IMAGES] = TEXT("[\"https://example.org/a\"]"),
                [PRODUCT_GROUP_KEY] = TEXT("TEA"),
                [PRODUCT_VERSION] = TEXT("3"),
                [PRODUCT_CREATED_AT] = TEXT("2026-11-23T09:15:02.123456Z"),
                [PRODUCT_UPDATED_AT] = TEXT("2026-11-23T09:16:00.000001Z"),
            },
    };
}

/* Writes the original, patches it and reads it again. */
static struct record edit(struct fixture *fixture, const struct schema *schema, const struct record *original,
                          patch_function *function, const char *patch)
{
    struct strbuf out;
    struct record record;
    strbuf_init(&out, (size_t)64 * 1024);
    json_write_record(&out, schema, original);
    enum status status = apply(fixture, function, strbuf_text(&out), text_of(patch));
    strbuf_free(&out);
    assert_int_equal(status, STATUS_OK);
    memset(&record, 0xa5, sizeof(record));
    json_read_edited_record(schema, fixture->patched, "", original, "USD", &record, &fixture->faults);
    return record;
}

static void assert_no_faults(const struct fixture *fixture)
{
    if (fixture->faults.count > 0) {
        fail_msg("%s: %s", fixture->faults.item[0].where, fixture->faults.item[0].detail);
    }
}

/* The edit changes just this field of the whole product, to this value. */
static void assert_edit(struct fixture *fixture, patch_function *function, const char *patch, enum product_field field,
                        const char *expected)
{
    struct record original = whole_product();
    struct record record = edit(fixture, &product_schema, &original, function, patch);
    assert_no_faults(fixture);
    original.value[field] = text_of(expected);
    for (size_t i = 0; i < PRODUCT_FIELD_COUNT; i++) {
        assert_true(record_has(&record, i));
        if (!text_equal(record.value[i], original.value[i])) {
            fail_msg("%s: %s: %.*s", patch, product_schema.fields[i].name, TEXT_PRINT(record.value[i]));
        }
    }
}

static void test_nothing_changed(void **state)
{
    struct record original = whole_product();
    assert_edit(*state, json_merge_patch, "{}", PRODUCT_NAME, original.value[PRODUCT_NAME].data);
    assert_edit(*state, json_patch, "[]", PRODUCT_NAME, original.value[PRODUCT_NAME].data);
}

static void test_merge(void **state)
{
    assert_edit(*state, json_merge_patch, "{\"price\":1.50}", PRODUCT_PRICE, "1.50");
    assert_edit(*state, json_merge_patch, "{\"price\":\"0.0100\"}", PRODUCT_PRICE, "0.0100");
    assert_edit(*state, json_merge_patch, "{\"name\":\" Sencha \"}", PRODUCT_NAME, "Sencha");
    assert_edit(*state, json_merge_patch, "{\"attributes\":{\"weight_g\":1e2,\"colour\":null,\"new\":2.0}}",
                PRODUCT_ATTRIBUTES, "{\"weight_g\":1e2,\"new\":2.0}");
    assert_edit(*state, json_merge_patch, "{\"images\":[]}", PRODUCT_IMAGES, "[]");
}

static void test_operations(void **state)
{
    assert_edit(*state, json_patch, "[{\"op\":\"add\",\"path\":\"/images/0\",\"value\":\"https://example.org/b\"}]",
                PRODUCT_IMAGES, "[\"https://example.org/b\",\"https://example.org/a\"]");
    assert_edit(*state, json_patch, "[{\"op\":\"copy\",\"from\":\"/attributes/weight_g\",\"path\":\"/attributes/w\"}]",
                PRODUCT_ATTRIBUTES, "{\"colour\":\"green\",\"weight_g\":100.50,\"w\":100.50}");
    assert_edit(*state, json_patch,
                "[{\"op\":\"test\",\"path\":\"/version\",\"value\":3},{\"op\":\"replace\",\"path\":\"/sku\",\"value\":"
                "null}]",
                PRODUCT_SKU, NULL);
}

/* What is gone is null, or the default, whichever kind of patch took it away. */
static void test_gone(void **state)
{
    static const struct {
        enum product_field field;
        const char *expected;
    } rows[] = {
        {PRODUCT_SKU, NULL},        {PRODUCT_DESCRIPTION, NULL}, {PRODUCT_GROUP_KEY, NULL}, {PRODUCT_CURRENCY, "USD"},
        {PRODUCT_STATUS, "active"}, {PRODUCT_ATTRIBUTES, "{}"},  {PRODUCT_IMAGES, "[]"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *name = product_schema.fields[rows[i].field].name;
        const char *merge = arena_printf(fixture->arena, "{\"%s\":null}", name).data;
        const char *remove = arena_printf(fixture->arena, "[{\"op\":\"remove\",\"path\":\"/%s\"}]", name).data;
        assert_edit(fixture, json_merge_patch, merge, rows[i].field, rows[i].expected);
        assert_edit(fixture, json_patch, remove, rows[i].field, rows[i].expected);
    }
}

struct refusal {
    patch_function *function;
    const char *patch;
    const char *pointer;
    const char *code;
    const char *detail; /* NULL: any */
};

static void assert_refusals(struct fixture *fixture, const struct refusal *rows, size_t count)
{
    struct record original = whole_product();
    for (size_t i = 0; i < count; i++) {
        (void)edit(fixture, &product_schema, &original, rows[i].function, rows[i].patch);
        const struct fault *fault = &fixture->faults.item[0];
        if (fixture->faults.count != 1 || strcmp(fault->where, rows[i].pointer) != 0 ||
            strcmp(fault->code, rows[i].code) != 0 ||
            (rows[i].detail != NULL && strcmp(fault->detail, rows[i].detail) != 0)) {
            fail_msg("%s: %zu faults, %s %s %s", rows[i].patch, fixture->faults.count, fault->where, fault->code,
                     fault->detail);
        }
    }
}

static void test_rules(void **state)
{
    static const struct refusal rows[] = {
        {json_merge_patch, "{\"name\":null}", "/name", "required", "is required"},
        {json_patch, "[{\"op\":\"remove\",\"path\":\"/price\"}]", "/price", "required", NULL},
        {json_patch, "[{\"op\":\"move\",\"from\":\"/category_id\",\"path\":\"/sku\"}]", "/category_id", "required",
         NULL},
        {json_patch, "[{\"op\":\"replace\",\"path\":\"/name\",\"value\":null}]", "/name", "null", NULL},
        {json_patch, "[{\"op\":\"replace\",\"path\":\"/status\",\"value\":null}]", "/status", "null", NULL},
        {json_merge_patch, "{\"price\":0}", "/price", "not_positive", NULL},
        {json_merge_patch, "{\"price\":true}", "/price", "type", NULL},
        {json_merge_patch, "{\"nmae\":\"x\"}", "/nmae", "unknown_member",
         "is not a field of a product; did you mean \"name\"?"},
        {json_patch, "[{\"op\":\"add\",\"path\":\"/attributes/A\",\"value\":1}]", "/attributes/A", "attribute_key",
         NULL},
        {json_patch, "[{\"op\":\"add\",\"path\":\"/images/-\",\"value\":1}]", "/images/1", "type", NULL},
        {json_merge_patch, "[]", "", "type", "must be an object"},
        {json_patch, "[{\"op\":\"replace\",\"path\":\"\",\"value\":null}]", "", "type", "must be an object"},
    };
    assert_refusals(*state, rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_server_made(void **state)
{
    static const struct refusal rows[] = {
        {json_merge_patch, "{\"id\":\"01930000-0000-7000-8000-00000000000b\"}", "/id", "read_only",
         "is made by the server and cannot be changed"},
        {json_merge_patch, "{\"id\":null}", "/id", "read_only", "is made by the server and cannot be removed"},
        {json_patch, "[{\"op\":\"replace\",\"path\":\"/id\",\"value\":null}]", "/id", "read_only", NULL},
        {json_patch, "[{\"op\":\"remove\",\"path\":\"/version\"}]", "/version", "read_only", NULL},
        {json_merge_patch, "{\"version\":4}", "/version", "read_only", NULL},
        {json_merge_patch, "{\"version\":\"3\"}", "/version", "read_only", NULL},
        {json_merge_patch, "{\"version\":3.0000000000000001}", "/version", "read_only", NULL},
        {json_merge_patch, "{\"version\":[3]}", "/version", "read_only", NULL},
        {json_merge_patch, "{\"created_at\":\"2026-11-23T09:15:02.123457Z\"}", "/created_at", "read_only", NULL},
        {json_merge_patch, "{\"updated_at\":0}", "/updated_at", "read_only", NULL},
        {json_patch, "[{\"op\":\"copy\",\"from\":\"/created_at\",\"path\":\"/updated_at\"}]", "/updated_at",
         "read_only", NULL},
    };
    struct record original = whole_product();
    assert_refusals(*state, rows, sizeof(rows) / sizeof(rows[0]));
    /* The same again is no change; what is read is the original. */
    assert_edit(*state, json_merge_patch,
                "{\"id\":\"01930000-0000-7000-8000-00000000000A\",\"version\":3,\"created_at\":"
                "\"2026-11-23T09:15:02.123456Z\",\"updated_at\":\"2026-11-23T09:16:00.000001Z\"}",
                PRODUCT_ID, original.value[PRODUCT_ID].data);
    assert_edit(*state, json_merge_patch, "{\"version\":3.0}", PRODUCT_VERSION, "3");
}

static void test_all_faults_at_once(void **state)
{
    static const char *const pointers[] = {"/p/price", "/p/version", "/p/x", "/p/id", "/p/name", "/p/category_id"};
    struct fixture *fixture = *state;
    struct record original = whole_product();
    struct record record;
    struct json_object *document =
        parse(fixture, TEXT("{\"price\":-1,\"version\":9,\"x\":1,\"created_at\":\"2026-11-23T09:15:02.123456Z\","
                            "\"updated_at\":\"2026-11-23T09:16:00.000001Z\"}"));
    faults_init(&fixture->faults, fixture->arena);
    json_read_edited_record(&product_schema, document, "/p", &original, "USD", &record, &fixture->faults);
    assert_int_equal(fixture->faults.count, sizeof(pointers) / sizeof(pointers[0]));
    for (size_t i = 0; i < fixture->faults.count; i++) {
        assert_string_equal(fixture->faults.item[i].where, pointers[i]);
    }
}

/* A slug has neither a default nor null: where it is gone, a new one is to be made. */
static void test_category(void **state)
{
    struct fixture *fixture = *state;
    struct record original = {.given = UINT32_MAX,
                              .value = {[CATEGORY_ID] = TEXT("01930000-0000-7000-8000-000000000001"),
                                        [CATEGORY_PARENT_ID] = TEXT("01930000-0000-7000-8000-000000000002"),
                                        [CATEGORY_NAME] = TEXT("Tea"),
                                        [CATEGORY_SLUG] = TEXT("tea"),
                                        [CATEGORY_POSITION] = TEXT("7"),
                                        [CATEGORY_VERSION] = TEXT("1"),
                                        [CATEGORY_CREATED_AT] = TEXT("2026-11-23T09:15:02.123456Z"),
                                        [CATEGORY_UPDATED_AT] = TEXT("2026-11-23T09:15:02.123456Z")}};
    struct record record = edit(fixture, &category_schema, &original, json_merge_patch,
                                "{\"slug\":null,\"parent_id\":null,\"position\":null}");
    assert_no_faults(fixture);
    assert_false(record_has(&record, CATEGORY_SLUG));
    assert_null(record.value[CATEGORY_SLUG].data);
    assert_true(record_has(&record, CATEGORY_PARENT_ID));
    assert_null(record.value[CATEGORY_PARENT_ID].data);
    assert_string_equal(record.value[CATEGORY_POSITION].data, "0");
    assert_string_equal(record.value[CATEGORY_NAME].data, "Tea");
}

/* A member of the server that was never set stays so. */
static void test_absent_in_the_original(void **state)
{
    struct fixture *fixture = *state;
    struct record original = whole_product();
    original.value[PRODUCT_UPDATED_AT] = TEXT_ABSENT;
    struct record record = edit(fixture, &product_schema, &original, json_merge_patch, "{\"name\":\"x\"}");
    assert_no_faults(fixture);
    assert_null(record.value[PRODUCT_UPDATED_AT].data);
    (void)edit(fixture, &product_schema, &original, json_merge_patch,
               "{\"updated_at\":\"2026-11-23T09:15:02.123456Z\"}");
    assert_int_equal(fixture->faults.count, 1);
    assert_string_equal(fixture->faults.item[0].code, "read_only");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nothing_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_merge, setup, teardown),
        cmocka_unit_test_setup_teardown(test_operations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(test_server_made, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_faults_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_category, setup, teardown),
        cmocka_unit_test_setup_teardown(test_absent_in_the_original, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

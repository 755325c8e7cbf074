/* Merge patches (RFC 7396): the examples of the RFC, digits, bounds, and inputs that stay as they are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "patch_fixture.h"

/* RFC 7396, appendix A. */
static void test_examples_of_the_rfc(void **state)
{
    static const struct row rows[] = {
        {"{\"a\":\"b\"}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"b\":\"c\"}", "{\"a\":\"b\",\"b\":\"c\"}"},
        {"{\"a\":\"b\"}", "{\"a\":null}", "{}"},
        {"{\"a\":\"b\",\"b\":\"c\"}", "{\"a\":null}", "{\"b\":\"c\"}"},
        {"{\"a\":[\"b\"]}", "{\"a\":\"c\"}", "{\"a\":\"c\"}"},
        {"{\"a\":\"c\"}", "{\"a\":[\"b\"]}", "{\"a\":[\"b\"]}"},
        {"{\"a\":{\"b\":\"c\"}}", "{\"a\":{\"b\":\"d\",\"c\":null}}", "{\"a\":{\"b\":\"d\"}}"},
        {"{\"a\":[{\"b\":\"c\"}]}", "{\"a\":[1]}", "{\"a\":[1]}"},
        {"[\"a\",\"b\"]", "[\"c\",\"d\"]", "[\"c\",\"d\"]"},
        {"{\"a\":\"b\"}", "[\"c\"]", "[\"c\"]"},
        {"{\"a\":\"foo\"}", "null", "null"},
        {"{\"a\":\"foo\"}", "\"bar\"", "\"bar\""},
        {"{\"e\":null}", "{\"a\":1}", "{\"e\":null,\"a\":1}"},
        {"[1,2]", "{\"a\":\"b\",\"c\":null}", "{\"a\":\"b\"}"},
        {"{}", "{\"a\":{\"bb\":{\"ccc\":null}}}", "{\"a\":{\"bb\":{}}}"},
    };
    assert_rows(*state, json_merge_patch, rows, sizeof(rows) / sizeof(rows[0]));
}

/* RFC 7396, section 3. */
static void test_example_document_of_the_rfc(void **state)
{
    assert_patched(*state, json_merge_patch,
                   "{\"title\":\"Goodbye!\",\"author\":{\"givenName\":\"John\",\"familyName\":\"Doe\"},"
                   "\"tags\":[\"example\",\"sample\"],\"content\":\"This will be unchanged\"}",
                   "{\"title\":\"Hello!\",\"phoneNumber\":\"+01-123-456-7890\",\"author\":{\"familyName\":null},"
                   "\"tags\":[\"example\"]}",
                   "{\"title\":\"Hello!\",\"author\":{\"givenName\":\"John\"},\"tags\":[\"example\"],"
                   "\"content\":\"This will be unchanged\",\"phoneNumber\":\"+01-123-456-7890\"}");
}

static void test_more(void **state)
{
    static const struct row rows[] = {
        {"{}", "{}", "{}"},
        {"null", "{}", "{}"},
        {"null", "null", "null"},
        {"5", "{\"a\":{\"b\":null}}", "{\"a\":{}}"},
        {"{\"a\":1}", "{\"b\":null}", "{\"a\":1}"},
        {"{\"a\":null}", "{\"a\":null}", "{}"},
        {"{\"a\":null}", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}"},
        /* Null in an array is a value. */
        {"{}", "{\"a\":[null,{\"b\":null}]}", "{\"a\":[null,{\"b\":null}]}"},
        {"{\"\":1}", "{\"\":{\"\":2}}", "{\"\":{\"\":2}}"},
        {"{\"a/b~c\":1}", "{\"a/b~c\":2}", "{\"a/b~c\":2}"},
        {"{\"a\":{\"b\":{\"c\":1,\"d\":2}},\"e\":3}", "{\"a\":{\"b\":{\"c\":null},\"f\":4},\"e\":5}",
         "{\"a\":{\"b\":{\"d\":2},\"f\":4},\"e\":5}"},
        {"{\"a\":true}", "{\"a\":false,\"b\":true}", "{\"a\":false,\"b\":true}"},
    };
    assert_rows(*state, json_merge_patch, rows, sizeof(rows) / sizeof(rows[0]));
}

/* What json-c alone would round or saturate, on both sides. */
static void test_digits_are_kept(void **state)
{
    struct fixture *fixture = *state;
    assert_patched(fixture, json_merge_patch, "{\"a\":1.50,\"b\":{\"c\":12345678901234567890123}}",
                   "{\"d\":-0,\"b\":{\"e\":[1E400,0.10]}}",
                   "{\"a\":1.50,\"b\":{\"c\":12345678901234567890123,\"e\":[1E400,0.10]},\"d\":-0}");
    struct text digits = json_number_digits(json_object_object_get(fixture->patched, "d"));
    assert_true(text_equal(digits, TEXT("-0")));
}

/* The result owes nothing to what it was made of. */
static void test_result_outlives_its_inputs(void **state)
{
    struct fixture *fixture = *state;
    struct fixture other = {.arena = arena_new(4096)};
    struct json_object *target = parse(&other, TEXT("{\"a\":1.50,\"b\":\"x\"}"));
    struct json_object *patch = parse(&other, TEXT("{\"c\":[2.0,\"y\"],\"d\":{\"e\":3.0}}"));
    faults_init(&fixture->faults, fixture->arena);
    assert_int_equal(json_merge_patch(target, patch, "", &fixture->patched, &fixture->faults), STATUS_OK);
    arena_free(other.arena);
    assert_string_equal(written(fixture, fixture->patched),
                        "{\"a\":1.50,\"b\":\"x\",\"c\":[2.0,\"y\"],\"d\":{\"e\":3.0}}");
}

static void assert_refused(struct fixture *fixture, struct text target, struct text patch, const char *code)
{
    assert_int_equal(apply(fixture, json_merge_patch, target, patch), STATUS_INVALID);
    assert_int_equal(fixture->faults.count, 1);
    assert_string_equal(fixture->faults.item[0].where, "");
    assert_string_equal(fixture->faults.item[0].code, code);
}

static struct text members(struct fixture *fixture, char letter, size_t count, const char *value)
{
    char *out = arena_alloc(fixture->arena, count * (strlen(value) + 16) + 3);
    char *at = out;
    *at++ = '{';
    for (size_t i = 0; i < count; i++) {
        at += sprintf(at, "%s\"%c%zu\":%s", i > 0 ? "," : "", letter, i, value);
    }
    *at++ = '}';
    return (struct text){.data = out, .length = (size_t)(at - out)};
}

static void test_bounds(void **state)
{
    struct fixture *fixture = *state;
    /* Each part is within the bounds, together they are or are not. */
    struct text half = members(fixture, 'a', JSON_MEMBERS_MAX - 1, "1");
    assert_int_equal(apply(fixture, json_merge_patch, half, TEXT("{\"b0\":1}")), STATUS_OK);
    assert_refused(fixture, half, TEXT("{\"b0\":1,\"b1\":2}"), "too_many_members");
    /* A value that replaces another adds no member. */
    assert_int_equal(apply(fixture, json_merge_patch, half, TEXT("{\"a0\":2,\"b0\":1}")), STATUS_OK);

    struct text many = repeated(fixture, "{\"a\":[", "0", 40000, "]}");
    struct text more = repeated(fixture, "{\"b\":[", "0", 30000, "]}");
    assert_refused(fixture, many, more, "too_many_values");
    struct text rest = repeated(fixture, "{\"b\":[", "0", JSON_VALUES_MAX - 40003, "]}");
    assert_int_equal(apply(fixture, json_merge_patch, many, rest), STATUS_OK);
    rest = repeated(fixture, "{\"b\":[", "0", JSON_VALUES_MAX - 40002, "]}");
    assert_refused(fixture, many, rest, "too_many_values");

    char *string = arena_alloc(fixture->arena, JSON_PATCH_BYTES_MAX / 2 + 1);
    memset(string, 'x', JSON_PATCH_BYTES_MAX / 2);
    struct text first = arena_printf(fixture->arena, "{\"a\":\"%s\"}", string);
    struct text second = arena_printf(fixture->arena, "{\"b\":\"%s\"}", string);
    assert_refused(fixture, first, second, "too_many_bytes");
}

/* Nothing nests deeper for being merged, down to the last level. */
static void test_deepest(void **state)
{
    static const char deep[] = "{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{"
                               "\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}}}}}}}}";
    assert_patched(*state, json_merge_patch, "{}", deep, deep);
    assert_patched(*state, json_merge_patch, deep, deep, deep);
    assert_patched(*state, json_merge_patch, "[]", deep, deep);
}

static void test_pointer_of_a_part(void **state)
{
    struct fixture *fixture = *state;
    struct json_object *target = parse(fixture, members(fixture, 'a', JSON_MEMBERS_MAX, "1"));
    struct json_object *patch = parse(fixture, TEXT("{\"b\":1}"));
    faults_init(&fixture->faults, fixture->arena);
    assert_int_equal(json_merge_patch(target, patch, "/3/patch", &fixture->patched, &fixture->faults), STATUS_INVALID);
    assert_string_equal(fixture->faults.item[0].where, "/3/patch");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_examples_of_the_rfc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_example_document_of_the_rfc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_more, setup, teardown),
        cmocka_unit_test_setup_teardown(test_digits_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_result_outlives_its_inputs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deepest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pointer_of_a_part, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

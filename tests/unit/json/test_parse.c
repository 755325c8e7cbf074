/* Documents: the tree that json-c builds, and numbers with the digits that were given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json/parse.h"

#include "base/strbuf.h"

#include <json-c/json.h>

struct fixture {
    struct arena *arena;
    struct faults faults;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture.arena = arena_new(4096);
    faults_init(&fixture.faults, fixture.arena);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    arena_free(fixture->arena);
    return 0;
}

static struct json_object *parse(struct fixture *fixture, const char *text)
{
    struct json_object *document = NULL;
    assert_int_equal(json_parse(text_of(text), &fixture->faults, &document), STATUS_OK);
    assert_int_equal(fixture->faults.count, 0);
    return document;
}

static void assert_digits(struct json_object *number, const char *expected)
{
    struct text digits = json_number_digits(number);
    if (!text_equal(digits, text_of(expected))) {
        fail_msg("%.*s is not %s", TEXT_PRINT(digits), expected);
    }
    if (expected != NULL) {
        assert_string_equal(digits.data, expected);
    }
}

/* U+1D800 and its like: json-c alone takes such a pair for two halves. */
static void test_escaped_pairs_are_one_character(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"\"\\ud83d\\ude00\"", "\xf0\x9f\x98\x80"},
        {"\"\\ud836\\udc00\"", "\xf0\x9d\xa0\x80"},
        {"\"a\\uD876\\uDFFFb\\ud836\\udc00\"", "a\xf0\xad\xaf\xbf"
                                               "b\xf0\x9d\xa0\x80"},
        /* An escaped backslash, and then letters. */
        {"\"\\\\ud836\\\\udc00\"", "\\ud836\\udc00"},
        {"\"\\u00e9\"", "\xc3\xa9"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_string_equal(json_object_get_string(parse(*state, rows[i].text)), rows[i].expected);
    }
}

/* What json-c alone would make 18446744073709551615, 0, 1e+400 and so on. */
static const char *const awkward[] = {
    "0",
    "-0",
    "-0.0",
    "1",
    "0.10",
    "19.990",
    "1e5",
    "1E400",
    "1e-400",
    "-1E+0002",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "12345678901234567890123",
    "-12345678901234567890123",
    "100000000000000000000.5",
    "0.1000000000000000055511151231257827021181583404541015625",
};

static void test_digits_of_documents(void **state)
{
    for (size_t i = 0; i < sizeof(awkward) / sizeof(awkward[0]); i++) {
        assert_digits(parse(*state, awkward[i]), awkward[i]);
    }
}

/* Numbers between other things, at every depth: none gets another's digits. */
static void test_digits_in_order(void **state)
{
    struct json_object *document = parse(*state, "{\"z\":-0,\"a\":[1.0,\"2\",{\"b\":300000000000000000000,\"c\":[]},"
                                                 "4e4],\"m\":{\"x\":null,\"y\":5.50},\"k\":\"6\",\"l\":7}");
    struct json_object *array = json_object_object_get(document, "a");
    assert_digits(json_object_object_get(document, "z"), "-0");
    assert_digits(json_object_array_get_idx(array, 0), "1.0");
    assert_digits(json_object_array_get_idx(array, 1), NULL);
    assert_digits(json_object_object_get(json_object_array_get_idx(array, 2), "b"), "300000000000000000000");
    assert_digits(json_object_array_get_idx(array, 3), "4e4");
    assert_digits(json_object_object_get(json_object_object_get(document, "m"), "y"), "5.50");
    assert_digits(json_object_object_get(document, "l"), "7");
}

static void test_digits_of_what_is_no_number(void **state)
{
    static const char *const texts[] = {"null", "true", "\"1\"", "[1]", "{\"a\":1}"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_digits(parse(*state, texts[i]), NULL);
    }
    assert_digits(NULL, NULL);
}

/* json-c's own serialiser gives the digits too. */
static void test_round_trip(void **state)
{
    static const char text[] = "{\"a\":[-0,1.50,12345678901234567890123],\"b\":{\"c\":\"\xc3\xa9\",\"d\":null}}";
    struct json_object *document = parse(*state, text);
    assert_string_equal(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN), text);
}

static void test_null_document(void **state)
{
    assert_null(parse(*state, "null"));
    assert_null(parse(*state, " null "));
}

static void test_strings(void **state)
{
    struct json_object *string = parse(*state, "\"a\\u00e9\\ud83d\\ude00\\/\\n\"");
    assert_string_equal(json_object_get_string(string), "a\xc3\xa9\xf0\x9f\x98\x80/\n");
}

static void test_not_terminated(void **state)
{
    struct fixture *fixture = *state;
    struct json_object *document = NULL;
    struct text slice = {.data = "[12]34", .length = 4};
    assert_int_equal(json_parse(slice, &fixture->faults, &document), STATUS_OK);
    assert_int_equal(json_object_array_length(document), 1);
    slice = (struct text){.data = "1234", .length = 2};
    assert_int_equal(json_parse(slice, &fixture->faults, &document), STATUS_OK);
    assert_digits(document, "12");
}

static void test_deepest(void **state)
{
    struct json_object *at = parse(*state, "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]");
    for (int i = 0; i < JSON_DEPTH_MAX; i++) {
        at = json_object_array_get_idx(at, 0);
    }
    assert_digits(at, "1");
}

static void test_refused(void **state)
{
    struct fixture *fixture = *state;
    struct json_object *document = (struct json_object *)(void *)fixture;
    assert_int_equal(json_parse(TEXT("{\"a\":1,\"a\":2}"), &fixture->faults, &document), STATUS_INVALID);
    assert_int_equal(fixture->faults.count, 1);
    assert_string_equal(fixture->faults.item[0].code, "duplicate_key");
    assert_ptr_equal(document, fixture);
}

static void test_too_large(void **state)
{
    struct fixture *fixture = *state;
    struct json_object *document = NULL;
    struct text huge = {.data = "1", .length = (size_t)INT32_MAX + 1};
    assert_int_equal(json_parse(huge, &fixture->faults, &document), STATUS_TOO_LARGE);
    assert_int_equal(fixture->faults.count, 0);
}

/* Each of many numbers keeps its digits. */
static void test_many_numbers(void **state)
{
    struct fixture *fixture = *state;
    struct strbuf buffer;
    strbuf_init(&buffer, (size_t)1024 * 1024);
    strbuf_append_char(&buffer, '[');
    for (unsigned i = 0; i < 50000; i++) {
        strbuf_printf(&buffer, "%s%u.0", i == 0 ? "" : ",", i);
    }
    strbuf_append_char(&buffer, ']');
    struct json_object *document = NULL;
    assert_int_equal(json_parse(strbuf_text(&buffer), &fixture->faults, &document), STATUS_OK);
    strbuf_free(&buffer);
    assert_digits(json_object_array_get_idx(document, 0), "0.0");
    assert_digits(json_object_array_get_idx(document, 43210), "43210.0");
    assert_digits(json_object_array_get_idx(document, 49999), "49999.0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_escaped_pairs_are_one_character, setup, teardown),
        cmocka_unit_test_setup_teardown(test_digits_of_documents, setup, teardown),
        cmocka_unit_test_setup_teardown(test_digits_in_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_digits_of_what_is_no_number, setup, teardown),
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_null_document, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_terminated, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deepest, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_large, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_numbers, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

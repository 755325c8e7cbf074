/* The strict check: what is JSON and what is not, with the code and the place of each fault. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json/parse.h"

#include "base/strbuf.h"

#include <stdio.h>
#include <string.h>

#define ARENA_SIZE ((size_t)64 * 1024)
#define BODY_SIZE ((size_t)1024 * 1024)

struct fixture {
    struct arena *arena;
    struct faults faults;
};

static int setup(void **state)
{
    static struct fixture fixture;
    fixture.arena = arena_new(ARENA_SIZE);
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

/* Checks the text and returns its fault, or NULL. */
static const struct fault *check(struct fixture *fixture, struct text text)
{
    faults_init(&fixture->faults, fixture->arena);
    enum status status = json_check(text, &fixture->faults);
    assert_int_equal(fixture->faults.count, status == STATUS_OK ? 0 : 1);
    assert_true(status == STATUS_OK || status == STATUS_INVALID);
    return status == STATUS_OK ? NULL : &fixture->faults.item[0];
}

static void assert_valid(struct fixture *fixture, struct text text)
{
    const struct fault *fault = check(fixture, text);
    if (fault != NULL) {
        fail_msg("%.*s: %s: %s", TEXT_PRINT(text), fault->code, fault->detail);
    }
}

/* The text is refused with that code, pointer and detail. */
static void assert_fault(struct fixture *fixture, struct text text, const char *code, const char *pointer,
                         const char *detail)
{
    const struct fault *fault = check(fixture, text);
    if (fault == NULL) {
        fail_msg("accepted: %.*s", TEXT_PRINT(text));
        return;
    }
    assert_int_equal(fault->place, FAULT_IN_BODY);
    assert_string_equal(fault->code, code);
    assert_string_equal(fault->where, pointer);
    assert_string_equal(fault->detail, detail);
}

static void test_valid(void **state)
{
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-1",
        "10",
        "0.5",
        "1.50",
        "1e5",
        "1E5",
        "1e+5",
        "1e-05",
        "-0.0e-0",
        "1E400",
        "12345678901234567890123.00000000000000000000001",
        "\"\"",
        "\"a\"",
        "\"a string that is longer than a word of the machine\"",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0001\\u00e9\\uABCD\\uabcd\\ud83d\\ude00\\udbff\\udfff\\uD800\\uDC00\"",
        "\"\\\\u0000\"",
        "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbb\xbf\xef\xbf\xbf\x7f\"",
        "[]",
        "{}",
        " \t\r\n[ \t\r\n] \t\r\n",
        "[1,2 , 3]",
        "[[],{},[{}]]",
        "{\"a\":1}",
        "{ \"a\" : 1 , \"b\" : [ { \"a\" : null } ] }",
        "{\"\":0,\" \":1}",
        "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}",
        "[{\"a\":1},{\"a\":1}]",
        "{\"a\":1,\"A\":2,\"\\u00e4\":3,\"a\\u0301\":4,\"\xc3\xa1\":5}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_valid(*state, text_of(texts[i]));
    }
}

static const struct {
    const char *text;
    const char *detail;
} syntax_cases[] = {
    {"", "expected a value, found the end (offset 0, line 1, column 1)"},
    {" ", "expected a value, found the end (offset 1, line 1, column 2)"},
    {"\xef\xbb\xbf{}", "must not begin with a byte order mark (offset 0, line 1, column 1)"},
    {" \xef\xbb\xbf{}", "expected a value, found U+FEFF (offset 1, line 1, column 2)"},
    {"\xc2\xa0{}", "expected a value, found U+00A0 (offset 0, line 1, column 1)"},
    {"\f1", "expected a value, found U+000C (offset 0, line 1, column 1)"},
    {"nul", "expected a value, found n (offset 0, line 1, column 1)"},
    {"Null", "expected a value, found N (offset 0, line 1, column 1)"},
    {"TRUE", "expected a value, found T (offset 0, line 1, column 1)"},
    {"nullx", "expected the end, found x (offset 4, line 1, column 5)"},
    {"truefalse", "expected the end, found f (offset 4, line 1, column 5)"},
    {"NaN", "expected a value, found N (offset 0, line 1, column 1)"},
    {"Infinity", "expected a value, found I (offset 0, line 1, column 1)"},
    {"-Infinity", "expected a digit, found I (offset 1, line 1, column 2)"},
    {"undefined", "expected a value, found u (offset 0, line 1, column 1)"},
    {"1 2", "expected the end, found 2 (offset 2, line 1, column 3)"},
    {"{}{}", "expected the end, found { (offset 2, line 1, column 3)"},
    {"[]]", "expected the end, found ] (offset 2, line 1, column 3)"},
    {"// a\n1", "expected a value, found / (offset 0, line 1, column 1)"},
    {"[1 /* a */]", "expected a comma or ], found / (offset 3, line 1, column 4)"},
    /* numbers */
    {"+1", "expected a value, found + (offset 0, line 1, column 1)"},
    {".5", "expected a value, found . (offset 0, line 1, column 1)"},
    {"-", "expected a digit, found the end (offset 1, line 1, column 2)"},
    {"-a", "expected a digit, found a (offset 1, line 1, column 2)"},
    {"01", "a number must not have leading zeros (offset 0, line 1, column 1)"},
    {"-00", "a number must not have leading zeros (offset 1, line 1, column 2)"},
    {"1.", "expected a digit, found the end (offset 2, line 1, column 3)"},
    {"1.e5", "expected a digit, found e (offset 2, line 1, column 3)"},
    {"1e", "expected a digit, found the end (offset 2, line 1, column 3)"},
    {"1e+", "expected a digit, found the end (offset 3, line 1, column 4)"},
    {"1e5.5", "expected the end, found . (offset 3, line 1, column 4)"},
    {"0x10", "expected the end, found x (offset 1, line 1, column 2)"},
    {"1,5", "expected the end, found , (offset 1, line 1, column 2)"},
    {"1_000", "expected the end, found _ (offset 1, line 1, column 2)"},
    /* arrays */
    {"[", "expected a value, found the end (offset 1, line 1, column 2)"},
    {"[1", "expected a comma or ], found the end (offset 2, line 1, column 3)"},
    {"[1,", "expected a value, found the end (offset 3, line 1, column 4)"},
    {"[1,]", "expected a value, found ] (offset 3, line 1, column 4)"},
    {"[,1]", "expected a value, found , (offset 1, line 1, column 2)"},
    {"[1 2]", "expected a comma or ], found 2 (offset 3, line 1, column 4)"},
    {"[1}", "expected a comma or ], found } (offset 2, line 1, column 3)"},
    {"[1:2]", "expected a comma or ], found : (offset 2, line 1, column 3)"},
    {"]", "expected a value, found ] (offset 0, line 1, column 1)"},
    /* objects */
    {"{", "expected a name in double quotes or }, found the end (offset 1, line 1, column 2)"},
    {"{\"a\"", "expected a colon, found the end (offset 4, line 1, column 5)"},
    {"{\"a\":", "expected a value, found the end (offset 5, line 1, column 6)"},
    {"{\"a\":1", "expected a comma or }, found the end (offset 6, line 1, column 7)"},
    {"{\"a\":1,", "expected a name in double quotes, found the end (offset 7, line 1, column 8)"},
    {"{\"a\":1,}", "expected a name in double quotes, found } (offset 7, line 1, column 8)"},
    {"{,}", "expected a name in double quotes or }, found , (offset 1, line 1, column 2)"},
    {"{a:1}", "expected a name in double quotes or }, found a (offset 1, line 1, column 2)"},
    {"{'a':1}", "expected a name in double quotes or }, found ' (offset 1, line 1, column 2)"},
    {"{1:1}", "expected a name in double quotes or }, found 1 (offset 1, line 1, column 2)"},
    {"{\"a\" 1}", "expected a colon, found 1 (offset 5, line 1, column 6)"},
    {"{\"a\",1}", "expected a colon, found , (offset 4, line 1, column 5)"},
    {"{\"a\"::1}", "expected a value, found : (offset 5, line 1, column 6)"},
    {"{\"a\":}", "expected a value, found } (offset 5, line 1, column 6)"},
    {"{\"a\":1 \"b\":2}", "expected a comma or }, found \" (offset 7, line 1, column 8)"},
    {"{\"a\":1]", "expected a comma or }, found ] (offset 6, line 1, column 7)"},
    /* strings */
    {"'a'", "expected a value, found ' (offset 0, line 1, column 1)"},
    {"\"", "a string must end with a double quote (offset 1, line 1, column 2)"},
    {"\"abcdefgh", "a string must end with a double quote (offset 9, line 1, column 10)"},
    {"\"a\\\"", "a string must end with a double quote (offset 4, line 1, column 5)"},
    {"\"a\nb\"", "a control character in a string must be escaped (offset 2, line 1, column 3)"},
    {"\"a\tb\"", "a control character in a string must be escaped (offset 2, line 1, column 3)"},
    {"\"\x1f\"", "a control character in a string must be escaped (offset 1, line 1, column 2)"},
    {"\"\\x\"", "a backslash in a string must be followed by one of \" \\ / b f n r t u (offset 1, line 1, column 2)"},
    {"\"\\'\"", "a backslash in a string must be followed by one of \" \\ / b f n r t u (offset 1, line 1, column 2)"},
    {"\"\\", "a backslash in a string must be followed by one of \" \\ / b f n r t u (offset 1, line 1, column 2)"},
    {"\"\\u", "\\u must be followed by four hexadecimal digits (offset 1, line 1, column 2)"},
    {"\"\\u12\"", "\\u must be followed by four hexadecimal digits (offset 1, line 1, column 2)"},
    {"\"\\u12G4\"", "\\u must be followed by four hexadecimal digits (offset 1, line 1, column 2)"},
    {"\"\\U0041\"",
     "a backslash in a string must be followed by one of \" \\ / b f n r t u (offset 1, line 1, column 2)"},
    /* lines and columns, which count characters */
    {"{\n  \"a\": 1,\n  \"b\" 2}", "expected a colon, found 2 (offset 18, line 3, column 7)"},
    {"[\"\xc3\xa9\xf0\x9f\x98\x80\" x]", "expected a comma or ], found x (offset 10, line 1, column 7)"},
    {"[1,\r\n2,\r\n]", "expected a value, found ] (offset 9, line 3, column 1)"},
};

static void test_syntax(void **state)
{
    for (size_t i = 0; i < sizeof(syntax_cases) / sizeof(syntax_cases[0]); i++) {
        assert_fault(*state, text_of(syntax_cases[i].text), "syntax", "", syntax_cases[i].detail);
    }
    assert_fault(*state, TEXT_ABSENT, "syntax", "", "expected a value, found the end (offset 0, line 1, column 1)");
}

static void test_nul(void **state)
{
    static const struct text texts[] = {
        {.data = "\0", .length = 1},          {.data = "{}\0", .length = 3},
        {.data = "[\0]", .length = 3},        {.data = "\"a\0b\"", .length = 5},
        {.data = "1\0", .length = 2},         {.data = "{\"a\0\":1}", .length = 8},
        {.data = "\"\\u0000\"", .length = 8}, {.data = "{\"\\u0000\":1}", .length = 12},
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct fault *fault = check(*state, texts[i]);
        assert_non_null(fault);
        assert_string_equal(fault->code, "nul");
    }
    assert_fault(*state, TEXT("[\"a\\u0000\"]"), "nul", "",
                 "a NUL character is not allowed, not even as an escape (offset 3, line 1, column 4)");
}

static void test_utf8(void **state)
{
    static const char *const texts[] = {
        "\"\x80\"",
        "\"\xc3\"",
        "\"\xc3(\"",
        "\"\xc0\xaf\"",
        "\"\xe0\x80\xaf\"",
        "\"\xed\xa0\x80\"",
        "\"\xf4\x90\x80\x80\"",
        "\"\xf0\x9f\x98\"",
        "\"\xff\"",
        "\xff\xfe{",
        "{\"\xe9\":1}",
        "[\xe9]",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct fault *fault = check(*state, text_of(texts[i]));
        assert_non_null(fault);
        assert_string_equal(fault->code, "utf8");
    }
    assert_fault(*state, TEXT("[\"abcdefgh\xe9\"]"), "utf8", "", "must be valid UTF-8 (offset 10, line 1, column 11)");
}

static void test_surrogates(void **state)
{
    static const char *const texts[] = {
        "\"\\ud800\"",     "\"\\udbff\"",        "\"\\udc00\"",        "\"\\udfff\"",
        "\"\\ud800x\"",    "\"\\ud800\\n\"",     "\"\\ud800\\u0041\"", "\"\\ud800\\ud800\"",
        "\"\\ud800\\u\"",  "\"\\ude00\\ud83d\"", "\"\\ud800\\",        "\"\\ud83d\\ude00\\ude00\"",
        "{\"\\ud800\":1}",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        const struct fault *fault = check(*state, text_of(texts[i]));
        assert_non_null(fault);
        assert_string_equal(fault->code, "surrogate");
    }
    assert_fault(*state, TEXT("\"a\\ud800\""), "surrogate", "",
                 "a high surrogate must be followed by a low one (offset 2, line 1, column 3)");
}

static void test_duplicate_keys(void **state)
{
    static const struct {
        const char *text;
        const char *pointer;
        size_t offset;
    } cases[] = {
        {"{\"a\":1,\"a\":1}", "/a", 7},
        {"{\"a\":1,\"b\":2,\"a\":3,\"b\":4}", "/a", 13},
        {"{\"b\":1,\"a\":2,\"a\":3,\"b\":4}", "/a", 13},
        {"{\"a\":1,\"a\":2,\"a\":3}", "/a", 7},
        {"{\"a\":1,\"\\u0061\":2}", "/a", 7},
        {"{\"\\u0061\\/~\":1,\"a/~\":2}", "/a~1~0", 15},
        {"{\"\":1,\"\":2}", "/", 6},
        {"{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}", "/\xf0\x9f\x98\x80", 18},
        {"{\"\xc3\xa9\":1,\"\\u00E9\":2}", "/\xc3\xa9", 8},
        {"{\"\\u20ac\\n\":1,\"\xe2\x82\xac\\u000a\":2}", "/\xe2\x82\xac\n", 14},
        {"{\"x\":[0,{\"b\":{\"c\":1,\"c\":2}}]}", "/x/1/b/c", 20},
        {"[[],[{\"y\":0},{\"z\":{},\"q\":[3,{\"a\":1,\"a\":2}]}]]", "/1/1/q/1/a", 35},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char detail[128];
        const struct fault *fault = check(*state, text_of(cases[i].text));
        assert_non_null(fault);
        assert_string_equal(fault->code, "duplicate_key");
        assert_string_equal(fault->where, cases[i].pointer);
        (void)snprintf(detail, sizeof(detail), "must stand only once in its object (offset %zu, line 1,",
                       cases[i].offset);
        assert_int_equal(strncmp(fault->detail, detail, strlen(detail)), 0);
    }
}

/* An object of so many members with names of their own, and two more that repeat one each unless they are left out. */
static struct text members(struct fixture *fixture, size_t count, bool repeats)
{
    struct strbuf buffer;
    strbuf_init(&buffer, BODY_SIZE);
    for (size_t i = 0; i < count; i++) {
        strbuf_printf(&buffer, "%s\"k%zu\":0", i == 0 ? "{" : ",", i);
    }
    if (repeats) {
        strbuf_printf(&buffer, ",\"k%zu\":1,\"k0\":1", count / 2);
    }
    strbuf_append_char(&buffer, '}');
    struct text text = arena_copy(fixture->arena, strbuf_text(&buffer));
    strbuf_free(&buffer);
    return text;
}

/* Few names are not looked for as many are. */
static void test_duplicate_among_any_number_of_keys(void **state)
{
    struct fixture *fixture = *state;

    for (size_t count = 1; count < 70; count++) {
        char pointer[16];
        (void)snprintf(pointer, sizeof(pointer), "/k%zu", count / 2);
        assert_valid(fixture, members(fixture, count, false));
        const struct fault *fault = check(fixture, members(fixture, count, true));
        assert_non_null(fault);
        assert_string_equal(fault->code, "duplicate_key");
        assert_string_equal(fault->where, pointer);
    }
}

/* Text of a number of levels: arrays, or objects and arrays in turn. */
static struct text nested(struct fixture *fixture, size_t levels, bool objects)
{
    struct strbuf buffer;
    strbuf_init(&buffer, BODY_SIZE);
    for (size_t i = 0; i < levels; i++) {
        strbuf_append_text(&buffer, objects && i % 2 == 0 ? TEXT("{\"a\":") : TEXT("["));
    }
    strbuf_append_char(&buffer, '1');
    for (size_t i = levels; i > 0; i--) {
        strbuf_append_char(&buffer, objects && i % 2 == 1 ? '}' : ']');
    }
    struct text text = arena_copy(fixture->arena, strbuf_text(&buffer));
    strbuf_free(&buffer);
    return text;
}

static void test_depth(void **state)
{
    assert_valid(*state, nested(*state, JSON_DEPTH_MAX, false));
    assert_valid(*state, nested(*state, JSON_DEPTH_MAX, true));
    assert_fault(*state, nested(*state, JSON_DEPTH_MAX + 1, false), "too_deep", "",
                 "must not be nested deeper than 16 levels (offset 16, line 1, column 17)");
    assert_string_equal(check(*state, nested(*state, JSON_DEPTH_MAX + 1, true))->code, "too_deep");
    assert_string_equal(check(*state, nested(*state, (size_t)100 * 1000, false))->code, "too_deep");
}

/* An object with that many members, and one more after it that has as many again. */
static struct text wide(struct fixture *fixture, size_t members)
{
    struct strbuf buffer;
    strbuf_init(&buffer, BODY_SIZE);
    for (int copies = 0; copies < 2; copies++) {
        strbuf_append_char(&buffer, copies == 0 ? '[' : ',');
        for (size_t i = 0; i < members; i++) {
            strbuf_printf(&buffer, "%c\"k%zu\":0", i == 0 ? '{' : ',', i);
        }
        strbuf_append_char(&buffer, '}');
    }
    strbuf_append_char(&buffer, ']');
    struct text text = arena_copy(fixture->arena, strbuf_text(&buffer));
    strbuf_free(&buffer);
    return text;
}

static void test_members(void **state)
{
    assert_valid(*state, wide(*state, JSON_MEMBERS_MAX));
    const struct fault *fault = check(*state, wide(*state, JSON_MEMBERS_MAX + 1));
    assert_non_null(fault);
    assert_string_equal(fault->code, "too_many_members");
    assert_string_equal(fault->where, "");
}

static void test_values(void **state)
{
    struct fixture *fixture = *state;
    struct strbuf buffer;
    strbuf_init(&buffer, BODY_SIZE);
    strbuf_append_text(&buffer, TEXT("[0"));
    /* The array is a value too. */
    for (size_t i = 2; i < JSON_VALUES_MAX; i++) {
        strbuf_append_text(&buffer, TEXT(",0"));
    }
    strbuf_append_char(&buffer, ']');
    assert_valid(fixture, strbuf_text(&buffer));
    buffer.length--;
    strbuf_append_text(&buffer, TEXT(",0]"));
    const struct fault *fault = check(fixture, strbuf_text(&buffer));
    strbuf_free(&buffer);
    assert_non_null(fault);
    assert_string_equal(fault->code, "too_many_values");
}

/* Every prefix of a valid document but the whole is refused, and none reads past its end. */
static void test_prefixes(void **state)
{
    static const char document[] = "{\"a\\u00e9\\ud83d\\ude00\":[-1.5e+3,true,null,\"\xe2\x82\xac\\n\"],\"b\":{}}";
    for (size_t length = 0; length < sizeof(document) - 1; length++) {
        char exact[sizeof(document)];
        memcpy(exact, document, length);
        assert_non_null(check(*state, (struct text){.data = exact, .length = length}));
    }
    assert_valid(*state, text_of(document));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_valid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_syntax, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nul, setup, teardown),
        cmocka_unit_test_setup_teardown(test_utf8, setup, teardown),
        cmocka_unit_test_setup_teardown(test_surrogates, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicate_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicate_among_any_number_of_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_members, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_prefixes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

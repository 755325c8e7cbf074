/* JSON patches (RFC 6902): the examples of the RFC, pointers, order, and what each operation refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "patch_fixture.h"

struct refusal {
    const char *target;
    const char *patch;
    const char *pointer;
    const char *code;
    const char *detail; /* NULL: any */
};

static void assert_refusals(struct fixture *fixture, enum status status, const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct refusal *row = &rows[i];
        if (apply(fixture, json_patch, text_of(row->target), text_of(row->patch)) != status) {
            fail_msg("%s %s: %zu faults", row->target, row->patch, fixture->faults.count);
        }
        const struct fault *fault = &fixture->faults.item[0];
        if (fixture->faults.count != 1 || strcmp(fault->where, row->pointer) != 0 ||
            strcmp(fault->code, row->code) != 0 || (row->detail != NULL && strcmp(fault->detail, row->detail) != 0)) {
            fail_msg("%s %s: %zu faults, %s %s %s", row->target, row->patch, fixture->faults.count, fault->where,
                     fault->code, fault->detail);
        }
    }
}

/* --- RFC 6902, appendix A, by its sections --- */

static void test_examples_of_the_rfc(void **state)
{
    static const struct row rows[] = {
        /* A.1 */
        {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\"}]",
         "{\"foo\":\"bar\",\"baz\":\"qux\"}"},
        /* A.2 */
        {"{\"foo\":[\"bar\",\"baz\"]}", "[{\"op\":\"add\",\"path\":\"/foo/1\",\"value\":\"qux\"}]",
         "{\"foo\":[\"bar\",\"qux\",\"baz\"]}"},
        /* A.3 */
        {"{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"remove\",\"path\":\"/baz\"}]", "{\"foo\":\"bar\"}"},
        /* A.4 */
        {"{\"foo\":[\"bar\",\"qux\",\"baz\"]}", "[{\"op\":\"remove\",\"path\":\"/foo/1\"}]",
         "{\"foo\":[\"bar\",\"baz\"]}"},
        /* A.5 */
        {"{\"baz\":\"qux\",\"foo\":\"bar\"}", "[{\"op\":\"replace\",\"path\":\"/baz\",\"value\":\"boo\"}]",
         "{\"baz\":\"boo\",\"foo\":\"bar\"}"},
        /* A.6 */
        {"{\"foo\":{\"bar\":\"baz\",\"waldo\":\"fred\"},\"qux\":{\"corge\":\"grault\"}}",
         "[{\"op\":\"move\",\"from\":\"/foo/waldo\",\"path\":\"/qux/thud\"}]",
         "{\"foo\":{\"bar\":\"baz\"},\"qux\":{\"corge\":\"grault\",\"thud\":\"fred\"}}"},
        /* A.7 */
        {"{\"foo\":[\"all\",\"grass\",\"cows\",\"eat\"]}",
         "[{\"op\":\"move\",\"from\":\"/foo/1\",\"path\":\"/foo/3\"}]",
         "{\"foo\":[\"all\",\"cows\",\"eat\",\"grass\"]}"},
        /* A.8 */
        {"{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}",
         "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"qux\"},{\"op\":\"test\",\"path\":\"/foo/1\",\"value\":2}]",
         "{\"baz\":\"qux\",\"foo\":[\"a\",2,\"c\"]}"},
        /* A.10 */
        {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/child\",\"value\":{\"grandchild\":{}}}]",
         "{\"foo\":\"bar\",\"child\":{\"grandchild\":{}}}"},
        /* A.11 */
        {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\",\"xyz\":123}]",
         "{\"foo\":\"bar\",\"baz\":\"qux\"}"},
        /* A.14 */
        {"{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":10}]", "{\"/\":9,\"~1\":10}"},
        /* A.16 */
        {"{\"foo\":[\"bar\"]}", "[{\"op\":\"add\",\"path\":\"/foo/-\",\"value\":[\"abc\",\"def\"]}]",
         "{\"foo\":[\"bar\",[\"abc\",\"def\"]]}"},
    };
    static const struct refusal conflicts[] = {
        /* A.9 */
        {"{\"baz\":\"qux\"}", "[{\"op\":\"test\",\"path\":\"/baz\",\"value\":\"bar\"}]", "/0", "test_failed", NULL},
        /* A.12 */
        {"{\"foo\":\"bar\"}", "[{\"op\":\"add\",\"path\":\"/baz/bat\",\"value\":\"qux\"}]", "/0/path", "not_found",
         NULL},
        /* A.15 */
        {"{\"/\":9,\"~1\":10}", "[{\"op\":\"test\",\"path\":\"/~01\",\"value\":\"10\"}]", "/0", "test_failed", NULL},
    };
    assert_rows(*state, json_patch, rows, sizeof(rows) / sizeof(rows[0]));
    assert_refusals(*state, STATUS_CONFLICT, conflicts, sizeof(conflicts) / sizeof(conflicts[0]));
}

/* A.13: "op" stands twice; such a patch does not even come out of the parser. */
static void test_invalid_patch_of_the_rfc(void **state)
{
    struct fixture *fixture = *state;
    struct json_object *patch = NULL;
    faults_init(&fixture->faults, fixture->arena);
    assert_int_equal(json_parse(TEXT("[{\"op\":\"add\",\"path\":\"/baz\",\"value\":\"qux\",\"op\":\"remove\"}]"),
                                &fixture->faults, &patch),
                     STATUS_INVALID);
    assert_string_equal(fixture->faults.item[0].where, "/0/op");
    assert_string_equal(fixture->faults.item[0].code, "duplicate_key");
}

/* RFC 6901, section 5. */
static void test_pointers_of_the_rfc(void **state)
{
    static const char document[] = "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,"
                                   "\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}";
    static const char patch[] = "[{\"op\":\"test\",\"path\":\"/foo\",\"value\":[\"bar\",\"baz\"]},"
                                "{\"op\":\"test\",\"path\":\"/foo/0\",\"value\":\"bar\"},"
                                "{\"op\":\"test\",\"path\":\"/\",\"value\":0},"
                                "{\"op\":\"test\",\"path\":\"/a~1b\",\"value\":1},"
                                "{\"op\":\"test\",\"path\":\"/c%d\",\"value\":2},"
                                "{\"op\":\"test\",\"path\":\"/e^f\",\"value\":3},"
                                "{\"op\":\"test\",\"path\":\"/g|h\",\"value\":4},"
                                "{\"op\":\"test\",\"path\":\"/i\\\\j\",\"value\":5},"
                                "{\"op\":\"test\",\"path\":\"/k\\\"l\",\"value\":6},"
                                "{\"op\":\"test\",\"path\":\"/ \",\"value\":7},"
                                "{\"op\":\"test\",\"path\":\"/m~0n\",\"value\":8}]";
    assert_patched(*state, json_patch, document, patch, document);
}

/* --- the operations --- */

static void test_whole_document(void **state)
{
    static const struct row rows[] = {
        {"{\"a\":1}", "[]", "{\"a\":1}"},
        {"null", "[]", "null"},
        {"{\"a\":1}", "[{\"op\":\"add\",\"path\":\"\",\"value\":[2]}]", "[2]"},
        {"{\"a\":1}", "[{\"op\":\"replace\",\"path\":\"\",\"value\":null}]", "null"},
        {"null", "[{\"op\":\"add\",\"path\":\"\",\"value\":{}},{\"op\":\"add\",\"path\":\"/a\",\"value\":1}]",
         "{\"a\":1}"},
        {"{\"a\":{\"b\":1}}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"\"}]", "{\"b\":1}"},
        {"{\"a\":{\"b\":1}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"\"}]", "{\"b\":1}"},
        {"[1,[2]]", "[{\"op\":\"move\",\"from\":\"/1/0\",\"path\":\"\"}]", "2"},
        {"{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/b\"}]", "{\"a\":1,\"b\":{\"a\":1}}"},
        {"{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"\",\"path\":\"\"}]", "{\"a\":1}"},
        {"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"\"}]", "{\"a\":1}"},
        {"7", "[{\"op\":\"test\",\"path\":\"\",\"value\":7.0}]", "7"},
        {"null", "[{\"op\":\"test\",\"path\":\"\",\"value\":null}]", "null"},
    };
    assert_rows(*state, json_patch, rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_members(void **state)
{
    static const struct row rows[] = {
        /* What is there is replaced. */
        {"{\"a\":1,\"b\":2}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":3}]", "{\"a\":3,\"b\":2}"},
        {"{\"a\":1,\"b\":2}", "[{\"op\":\"copy\",\"from\":\"/b\",\"path\":\"/a\"}]", "{\"a\":2,\"b\":2}"},
        {"{\"a\":1,\"b\":2}", "[{\"op\":\"move\",\"from\":\"/b\",\"path\":\"/a\"}]", "{\"a\":2}"},
        {"{\"a\":{\"b\":{\"c\":1}}}", "[{\"op\":\"move\",\"from\":\"/a/b\",\"path\":\"/a\"}]", "{\"a\":{\"c\":1}}"},
        {"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]", "{\"a\":1}"},
        /* Null is a value. */
        {"{}", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":null}]", "{\"a\":null}"},
        {"{\"a\":null}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "{}"},
        {"{\"a\":null}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":1}]", "{\"a\":1}"},
        {"{\"a\":null}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"}]", "{\"b\":null}"},
        {"{\"a\":null}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":null}]", "{\"a\":null}"},
        /* Names that look like places of an array are names in an object. */
        {"{}", "[{\"op\":\"add\",\"path\":\"/-\",\"value\":1},{\"op\":\"add\",\"path\":\"/01\",\"value\":2}]",
         "{\"-\":1,\"01\":2}"},
        {"{}", "[{\"op\":\"add\",\"path\":\"/\",\"value\":{}},{\"op\":\"add\",\"path\":\"//\",\"value\":1}]",
         "{\"\":{\"\":1}}"},
        {"{}", "[{\"op\":\"add\",\"path\":\"/~1~0~01\",\"value\":1}]", "{\"/~~1\":1}"},
        {"{\"\xc3\xa9\":1}", "[{\"op\":\"remove\",\"path\":\"/\\u00e9\"}]", "{}"},
        /* A name that begins like another is no child of it. */
        {"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/ab\"}]", "{\"ab\":1}"},
        /* What a patch puts in can be changed, and copies are apart from what they were copied from. */
        {"{}",
         "[{\"op\":\"add\",\"path\":\"/a\",\"value\":{\"b\":[]}},{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/c\"},"
         "{\"op\":\"add\",\"path\":\"/a/b/0\",\"value\":1},{\"op\":\"add\",\"path\":\"/c/d\",\"value\":2}]",
         "{\"a\":{\"b\":[1]},\"c\":{\"b\":[],\"d\":2}}"},
    };
    assert_rows(*state, json_patch, rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_elements(void **state)
{
    static const struct row rows[] = {
        {"[]", "[{\"op\":\"add\",\"path\":\"/0\",\"value\":1}]", "[1]"},
        {"[]", "[{\"op\":\"add\",\"path\":\"/-\",\"value\":1}]", "[1]"},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/0\",\"value\":0}]", "[0,1,2]"},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/2\",\"value\":3}]", "[1,2,3]"},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/1\",\"value\":null}]", "[1,null,2]"},
        {"[1,2,3]", "[{\"op\":\"replace\",\"path\":\"/0\",\"value\":[9]}]", "[[9],2,3]"},
        {"[1,2,3]", "[{\"op\":\"replace\",\"path\":\"/2\",\"value\":null}]", "[1,2,null]"},
        {"[1,2,3]", "[{\"op\":\"remove\",\"path\":\"/0\"},{\"op\":\"remove\",\"path\":\"/1\"}]", "[2]"},
        {"[1,2,3]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/-\"}]", "[2,3,1]"},
        {"[1,2,3]", "[{\"op\":\"move\",\"from\":\"/2\",\"path\":\"/0\"}]", "[3,1,2]"},
        {"[1,2,3]", "[{\"op\":\"move\",\"from\":\"/1\",\"path\":\"/1\"}]", "[1,2,3]"},
        {"[1,2,3]", "[{\"op\":\"copy\",\"from\":\"/2\",\"path\":\"/0\"}]", "[3,1,2,3]"},
        /* The path is looked up once what is moved is gone. */
        {"[{\"a\":1},{}]", "[{\"op\":\"move\",\"from\":\"/0/a\",\"path\":\"/1/b\"}]", "[{},{\"b\":1}]"},
        {"[0,1,2,3,4,5,6,7,8,9,10,11]", "[{\"op\":\"remove\",\"path\":\"/10\"}]", "[0,1,2,3,4,5,6,7,8,9,11]"},
    };
    assert_rows(*state, json_patch, rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_many_elements(void **state)
{
    struct fixture *fixture = *state;
    struct text patch =
        repeated(fixture, "[", "{\"op\":\"add\",\"path\":\"/0\",\"value\":1}", JSON_PATCH_OPERATIONS_MAX, "]");
    assert_int_equal(apply(fixture, json_patch, TEXT("[0]"), patch), STATUS_OK);
    assert_int_equal(json_object_array_length(fixture->patched), JSON_PATCH_OPERATIONS_MAX + 1);
    assert_string_equal(json_number_digits(json_object_array_get_idx(fixture->patched, JSON_PATCH_OPERATIONS_MAX)).data,
                        "0");
}

static void test_values_that_are_equal(void **state)
{
    static const char *const rows[][2] = {
        {"{\"a\":1,\"b\":[true,null]}", "{\"b\":[true,null],\"a\":1.0}"},
        {"[{\"a\":{\"b\":{}}},[]]", "[{\"a\":{\"b\":{}}},[]]"},
        {"\"\\u00e9\"", "\"\xc3\xa9\""},
        {"\"\\/\"", "\"/\""},
        {"false", "false"},
        {"1.50", "1.5"},
        {"1.50", "15e-1"},
        {"15e-1", "0.15E+1"},
        {"100", "1e2"},
        {"1e2", "1E+002"},
        {"0.001", "1e-3"},
        {"-0.0010", "-10e-4"},
        {"0", "-0"},
        {"0.000", "0e99999999999999999999"},
        {"12345678901234567890123", "12345678901234567890123.000"},
        {"1e400", "10e399"},
        {"1e9223372036854775808", "10e9223372036854775807"},
        {"0.1e-99999999999999999999999", "1e-100000000000000000000000"},
        {"100e-1", "10"},
        {"10.01", "1001e-2"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t side = 0; side < 2; side++) {
            const char *patch =
                arena_printf(fixture->arena, "[{\"op\":\"test\",\"path\":\"\",\"value\":%s}]", rows[i][side]).data;
            struct text target = text_of(rows[i][1 - side]);
            if (apply(fixture, json_patch, target, text_of(patch)) != STATUS_OK) {
                fail_msg("%s and %s differ", rows[i][0], rows[i][1]);
            }
        }
    }
}

static void test_values_that_differ(void **state)
{
    static const char *const rows[][2] = {
        {"1", "\"1\""},
        {"null", "false"},
        {"null", "{}"},
        {"0", "null"},
        {"0", "false"},
        {"true", "false"},
        {"\"a\"", "\"A\""},
        {"\"a\"", "\"a \""},
        /* Composed or not: other code points. */
        {"\"\\u00e9\"", "\"e\\u0301\""},
        {"[]", "{}"},
        {"[1,2]", "[2,1]"},
        {"[1]", "[1,1]"},
        {"[[1]]", "[[2]]"},
        {"{\"a\":1}", "{\"b\":1}"},
        {"{\"a\":1}", "{\"a\":1,\"b\":2}"},
        {"{\"a\":null}", "{}"},
        {"{\"a\":null}", "{\"b\":null}"},
        {"{\"a\":{\"b\":1}}", "{\"a\":{\"b\":2}}"},
        {"1", "-1"},
        {"1", "10"},
        {"1.5", "1.05"},
        {"1e1", "1e-1"},
        {"0", "1e-400"},
        /* The same double. */
        {"0.1", "0.1000000000000000055511151231257827021181583404541015625"},
        {"9007199254740993", "9007199254740992"},
        {"1e400", "2e400"},
        {"1e400", "1e401"},
        {"9223372036854775807", "9223372036854775808"},
        {"1e9223372036854775808", "1e-9223372036854775808"},
        {"1e9223372036854775808", "1e9223372036854775809"},
        {"1e18446744073709551616", "1e0"},
        {"12", "1.2"},
        {"1.2", "1.23"},
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t side = 0; side < 2; side++) {
            const char *patch =
                arena_printf(fixture->arena, "[{\"op\":\"test\",\"path\":\"\",\"value\":%s}]", rows[i][side]).data;
            struct text target = text_of(rows[i][1 - side]);
            if (apply(fixture, json_patch, target, text_of(patch)) != STATUS_CONFLICT) {
                fail_msg("%s and %s are the same", rows[i][0], rows[i][1]);
            }
            assert_string_equal(fixture->faults.item[0].code, "test_failed");
        }
    }
}

static void test_digits_are_kept(void **state)
{
    struct fixture *fixture = *state;
    assert_patched(fixture, json_patch, "{\"a\":1.50,\"b\":{\"c\":12345678901234567890123}}",
                   "[{\"op\":\"copy\",\"from\":\"/b\",\"path\":\"/d\"},{\"op\":\"move\",\"from\":\"/a\",\"path\":"
                   "\"/d/e\"},{\"op\":\"add\",\"path\":\"/f\",\"value\":[1E400,-0]},"
                   "{\"op\":\"copy\",\"from\":\"/f/0\",\"path\":\"/f/-\"}]",
                   "{\"b\":{\"c\":12345678901234567890123},\"d\":{\"c\":12345678901234567890123,\"e\":1.50},"
                   "\"f\":[1E400,-0,1E400]}");
    struct json_object *array = json_object_object_get(fixture->patched, "f");
    assert_string_equal(json_number_digits(json_object_array_get_idx(array, 2)).data, "1E400");
}

static void test_result_outlives_its_inputs(void **state)
{
    struct fixture *fixture = *state;
    struct fixture other = {.arena = arena_new(4096)};
    struct json_object *target = parse(&other, TEXT("{\"a\":1.50,\"b\":\"x\"}"));
    struct json_object *patch = parse(&other, TEXT("[{\"op\":\"add\",\"path\":\"/c\",\"value\":{\"d\":2.0}},"
                                                   "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/e\"}]"));
    faults_init(&fixture->faults, fixture->arena);
    assert_int_equal(json_patch(target, patch, "", &fixture->patched, &fixture->faults), STATUS_OK);
    arena_free(other.arena);
    assert_string_equal(written(fixture, fixture->patched), "{\"a\":1.50,\"b\":\"x\",\"c\":{\"d\":2.0},\"e\":1.50}");
}

/* --- refused --- */

static void test_conflicts(void **state)
{
    static const struct refusal rows[] = {
        {"{\"colour\":1}", "[{\"op\":\"remove\",\"path\":\"/color\"}]", "/0/path", "not_found",
         "points to \"/color\", which does not exist; did you mean \"colour\"?"},
        {"{}", "[{\"op\":\"remove\",\"path\":\"/a\"}]", "/0/path", "not_found",
         "points to \"/a\", which does not exist"},
        {"{}", "[{\"op\":\"replace\",\"path\":\"/a\",\"value\":1}]", "/0/path", "not_found", NULL},
        {"{}", "[{\"op\":\"test\",\"path\":\"/a\",\"value\":null}]", "/0/path", "not_found", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":\"/a/b/c\",\"value\":null}]", "/0/path", "not_found",
         "points to \"/a\", which does not exist"},
        {"{}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}]", "/0/from", "not_found", NULL},
        {"{}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a\"}]", "/0/from", "not_found", NULL},
        {"{\"a\":1}", "[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b/c\"}]", "/0/path", "not_found", NULL},
        {"{\"a\":1}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b/c\"}]", "/0/path", "not_found", NULL},
        {"{\"a\":{\"b\":\"x\"}}", "[{\"op\":\"add\",\"path\":\"/a/b/c\",\"value\":1}]", "/0/path", "not_found",
         "leads into \"/a/b\", which is neither an object nor an array"},
        {"1", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":1}]", "/0/path", "not_found",
         "leads into the whole document, which is neither an object nor an array"},
        {"{\"a\":null}", "[{\"op\":\"add\",\"path\":\"/a/b\",\"value\":1}]", "/0/path", "not_found", NULL},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/3\",\"value\":1}]", "/0/path", "index",
         "points to \"/3\"; the place in that array must be 0 to 2, or - for its end"},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/01\",\"value\":1}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/-1\",\"value\":1}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/+1\",\"value\":1}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/1.0\",\"value\":1}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/1e0\",\"value\":1}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/ 1\",\"value\":1}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/\",\"value\":1}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/a\",\"value\":1}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"add\",\"path\":\"/--\",\"value\":1}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"remove\",\"path\":\"/2\"}]", "/0/path", "index",
         "points to \"/2\"; the place in that array must be 0 to 1"},
        {"[]", "[{\"op\":\"remove\",\"path\":\"/0\"}]", "/0/path", "index", "points to \"/0\"; that array is empty"},
        {"[1,2]", "[{\"op\":\"remove\",\"path\":\"/-\"}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"replace\",\"path\":\"/-\",\"value\":3}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"test\",\"path\":\"/-\",\"value\":3}]", "/0/path", "index", NULL},
        {"[[]]", "[{\"op\":\"add\",\"path\":\"/-/0\",\"value\":3}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"copy\",\"from\":\"/-\",\"path\":\"/0\"}]", "/0/from", "index", NULL},
        {"[1,2]", "[{\"op\":\"remove\",\"path\":\"/18446744073709551616\"}]", "/0/path", "index", NULL},
        {"[1,2]", "[{\"op\":\"remove\",\"path\":\"/4294967296\"}]", "/0/path", "index", NULL},
        /* With what is moved gone, there is one place less. */
        {"[1,2]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/2\"}]", "/0/path", "index", NULL},
        /* All or nothing, and the first that fails is told. */
        {"{\"a\":1}",
         "[{\"op\":\"remove\",\"path\":\"/a\"},{\"op\":\"test\",\"path\":\"/a\",\"value\":1},"
         "{\"op\":\"remove\",\"path\":\"/b\"}]",
         "/1/path", "not_found", NULL},
        {"{\"a\":1}",
         "[{\"op\":\"add\",\"path\":\"/b\",\"value\":{\"c\":[2]}},{\"op\":\"test\",\"path\":\"/b/c/0\",\"value\":3}]",
         "/1", "test_failed", "does not hold: the value at \"/b/c/0\" is another"},
    };
    assert_refusals(*state, STATUS_CONFLICT, rows, sizeof(rows) / sizeof(rows[0]));
}

static void test_malformed(void **state)
{
    static const struct refusal rows[] = {
        {"{}", "{}", "", "type", "must be an array of operations"},
        {"{}", "null", "", "type", NULL},
        {"{}", "{\"op\":\"add\",\"path\":\"/a\",\"value\":1}", "", "type", NULL},
        {"{}", "[null]", "/0", "type", NULL},
        {"{}", "[[]]", "/0", "type", NULL},
        {"{}", "[\"add\"]", "/0", "type", NULL},
        {"{}", "[{\"path\":\"/a\",\"value\":1}]", "/0/op", "required", NULL},
        {"{}", "[{\"op\":1,\"path\":\"/a\",\"value\":1}]", "/0/op", "type", NULL},
        {"{}", "[{\"op\":null,\"path\":\"/a\",\"value\":1}]", "/0/op", "type", NULL},
        {"{}", "[{\"op\":\"repalce\",\"path\":\"/a\",\"value\":1}]", "/0/op", "unknown_operation",
         "is not an operation; did you mean \"replace\"?"},
        {"{}", "[{\"op\":\"Add\",\"path\":\"/a\",\"value\":1}]", "/0/op", "unknown_operation",
         "is not an operation; did you mean \"add\"?"},
        {"{}", "[{\"op\":\"spam\",\"path\":\"/a\",\"value\":1}]", "/0/op", "unknown_operation",
         "must be add, remove, replace, move, copy or test"},
        {"{}", "[{\"op\":\"\",\"path\":\"/a\",\"value\":1}]", "/0/op", "unknown_operation", NULL},
        {"{}", "[{\"op\":\"add\",\"value\":1}]", "/0/path", "required", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":null,\"value\":1}]", "/0/path", "type", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":[\"a\"],\"value\":1}]", "/0/path", "type", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":\"a\",\"value\":1}]", "/0/path", "json_pointer", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":\"#/a\",\"value\":1}]", "/0/path", "json_pointer", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":\"/a~\",\"value\":1}]", "/0/path", "json_pointer", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":\"/a~2b\",\"value\":1}]", "/0/path", "json_pointer", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":\"/~/a\",\"value\":1}]", "/0/path", "json_pointer", NULL},
        {"{}", "[{\"op\":\"add\",\"path\":\"/a\"}]", "/0/value", "required", "is required; null is a value too"},
        {"{}", "[{\"op\":\"replace\",\"path\":\"\"}]", "/0/value", "required", NULL},
        {"{}", "[{\"op\":\"test\",\"path\":\"\"}]", "/0/value", "required", NULL},
        {"{}", "[{\"op\":\"copy\",\"path\":\"/a\"}]", "/0/from", "required", NULL},
        {"{}", "[{\"op\":\"move\",\"path\":\"/a\",\"from\":3}]", "/0/from", "type", NULL},
        {"{}", "[{\"op\":\"move\",\"path\":\"/a\",\"from\":\"b\"}]", "/0/from", "json_pointer", NULL},
        {"{}", "[{\"op\":\"remove\",\"path\":\"\"}]", "/0/path", "whole_document", NULL},
        {"{\"a\":{}}", "[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]", "/0/path", "own_child", NULL},
        {"{\"a\":{}}", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"/a\"}]", "/0/path", "own_child", NULL},
        {"{\"a\":{}}", "[{\"op\":\"move\",\"from\":\"\",\"path\":\"/\"}]", "/0/path", "own_child", NULL},
        {"[1,{}]", "[{\"op\":\"move\",\"from\":\"/0\",\"path\":\"/0/b\"}]", "/0/path", "own_child", NULL},
    };
    assert_refusals(*state, STATUS_INVALID, rows, sizeof(rows) / sizeof(rows[0]));
}

/* What is malformed is told all at once, and nothing is applied before it is well-formed. */
static void test_all_faults_at_once(void **state)
{
    static const char *const pointers[] = {"/p/0/op", "/p/0/path", "/p/1/path", "/p/1/value",
                                           "/p/3",    "/p/4/path", "/p/4/from", "/p/5/path"};
    struct fixture *fixture = *state;
    struct json_object *target = parse(fixture, TEXT("{\"a\":1}"));
    struct json_object *patch =
        parse(fixture, TEXT("[{\"op\":\"x\"},{\"op\":\"test\",\"path\":\"a\"},{\"op\":\"remove\",\"path\":\"/z\"},7,"
                            "{\"op\":\"move\"},{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/a/b\"}]"));
    faults_init(&fixture->faults, fixture->arena);
    assert_int_equal(json_patch(target, patch, "/p", &fixture->patched, &fixture->faults), STATUS_INVALID);
    assert_int_equal(fixture->faults.count, sizeof(pointers) / sizeof(pointers[0]));
    for (size_t i = 0; i < fixture->faults.count; i++) {
        assert_string_equal(fixture->faults.item[i].where, pointers[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_examples_of_the_rfc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_invalid_patch_of_the_rfc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pointers_of_the_rfc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_whole_document, setup, teardown),
        cmocka_unit_test_setup_teardown(test_members, setup, teardown),
        cmocka_unit_test_setup_teardown(test_elements, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_elements, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_that_are_equal, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_that_differ, setup, teardown),
        cmocka_unit_test_setup_teardown(test_digits_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_result_outlives_its_inputs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_conflicts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_malformed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_faults_at_once, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

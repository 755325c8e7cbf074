/* The bounds of a JSON patch: depth, members, values and bytes, whatever the operations do to get beyond them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "patch_fixture.h"

static void assert_bound(struct fixture *fixture, struct text target, struct text patch, const char *pointer,
                         const char *code)
{
    if (apply(fixture, json_patch, target, patch) != STATUS_INVALID) {
        fail_msg("%.60s: taken", patch.data);
    }
    assert_int_equal(fixture->faults.count, 1);
    assert_string_equal(fixture->faults.item[0].where, pointer);
    assert_string_equal(fixture->faults.item[0].code, code);
}

static void assert_taken(struct fixture *fixture, struct text target, struct text patch)
{
    if (apply(fixture, json_patch, target, patch) != STATUS_OK) {
        fail_msg("%.60s: %s %s", patch.data, fixture->faults.item[0].where, fixture->faults.item[0].detail);
    }
    /* What came out is a document that would be taken again. */
    struct faults faults;
    faults_init(&faults, fixture->arena);
    assert_int_equal(json_check(text_of(written(fixture, fixture->patched)), &faults), STATUS_OK);
}

static void test_operations(void **state)
{
    static const char one[] = "{\"op\":\"test\",\"path\":\"\",\"value\":1}";
    struct fixture *fixture = *state;
    assert_taken(fixture, TEXT("1"), repeated(fixture, "[", one, JSON_PATCH_OPERATIONS_MAX, "]"));
    assert_bound(fixture, TEXT("1"), repeated(fixture, "[", one, JSON_PATCH_OPERATIONS_MAX + 1, "]"), "",
                 "too_many_operations");
    /* Nor are the operations beyond it read. */
    assert_bound(fixture, TEXT("1"), repeated(fixture, "[", "7", 60000, "]"), "", "too_many_operations");
}

/* Each copy of the whole into itself doubles it. */
static void test_doubling(void **state)
{
    struct fixture *fixture = *state;
    struct text patch = repeated(fixture, "[", "{\"op\":\"copy\",\"from\":\"\",\"path\":\"/-\"}", 1000, "]");
    assert_bound(fixture, TEXT("[]"), patch, "/15", "too_deep");

    /* Without going deeper: a into b, b into a, and so on. */
    struct text twice = repeated(fixture, "[",
                                 "{\"op\":\"copy\",\"from\":\"/a/0\",\"path\":\"/b\"},"
                                 "{\"op\":\"copy\",\"from\":\"/b\",\"path\":\"/a/0/0\"},"
                                 "{\"op\":\"remove\",\"path\":\"/a/0/0\"}",
                                 300, "]");
    struct text wide = repeated(fixture, "{\"a\":[[", "1", 2000, "]]}");
    assert_bound(fixture, wide, twice, "/46", "too_many_values");
}

/* What was taken away again has been paid for. */
static void test_values(void **state)
{
    struct fixture *fixture = *state;
    struct text array = repeated(fixture, "{\"a\":[", "0", 30000, "]}");
    assert_taken(fixture, array, TEXT("[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}]"));
    assert_bound(fixture, array,
                 TEXT("[{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"},{\"op\":\"remove\",\"path\":\"/b\"},"
                      "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}]"),
                 "/2", "too_many_values");
    assert_bound(fixture, array,
                 TEXT("[{\"op\":\"move\",\"from\":\"/a\",\"path\":\"/b\"},{\"op\":\"move\",\"from\":\"/b\","
                      "\"path\":\"/a\"}]"),
                 "/1", "too_many_values");
    /* The document of the most values there can be takes no other, but may be tested and cut. */
    struct text full = repeated(fixture, "[", "0", JSON_VALUES_MAX - 1, "]");
    assert_taken(fixture, full,
                 TEXT("[{\"op\":\"test\",\"path\":\"/7\",\"value\":0},{\"op\":\"remove\",\"path\":\"/0\"}]"));
    assert_bound(fixture, full, TEXT("[{\"op\":\"add\",\"path\":\"/-\",\"value\":0}]"), "/0", "too_many_values");
    assert_bound(fixture, full, TEXT("[{\"op\":\"replace\",\"path\":\"/0\",\"value\":0}]"), "/0", "too_many_values");
}

static void test_bytes(void **state)
{
    struct fixture *fixture = *state;
    const size_t length = JSON_PATCH_BYTES_MAX / 4;
    char *string = arena_alloc(fixture->arena, length + 1);
    memset(string, '1', length);
    struct text text = arena_printf(fixture->arena, "[\"%s\"]", string);
    struct text three = repeated(fixture, "[", "{\"op\":\"copy\",\"from\":\"/0\",\"path\":\"/0\"}", 3, "]");
    struct text four = repeated(fixture, "[", "{\"op\":\"copy\",\"from\":\"/0\",\"path\":\"/0\"}", 4, "]");
    assert_taken(fixture, text, three);
    assert_bound(fixture, text, four, "/3", "too_many_bytes");
    /* Names count. */
    text = arena_printf(fixture->arena, "{\"a\":{\"%s\":1}}", string);
    assert_bound(fixture, text, repeated(fixture, "[", "{\"op\":\"copy\",\"from\":\"/a\",\"path\":\"/b\"}", 4, "]"),
                 "/2", "too_many_bytes");
    /* Digits count, and comparing them does. */
    text = arena_printf(fixture->arena, "[%s]", string);
    assert_bound(fixture, text, four, "/3", "too_many_bytes");
    struct text tests = repeated(fixture, "[{\"op\":\"add\",\"path\":\"/0\",\"value\":1},",
                                 "{\"op\":\"test\",\"path\":\"/0\",\"value\":1}", 900, "]");
    assert_taken(fixture, text, tests);
    tests = repeated(fixture, "[", "{\"op\":\"test\",\"path\":\"/0\",\"value\":11e1}", 900, "]");
    assert_int_equal(apply(fixture, json_patch, text, tests), STATUS_CONFLICT);
    memset(string + 1, '0', length - 1);
    text = arena_printf(fixture->arena, "[%s]", string);
    tests = repeated(fixture, "[",
                     arena_printf(fixture->arena, "{\"op\":\"test\",\"path\":\"/0\",\"value\":1e%zu}", length - 1).data,
                     900, "]");
    assert_bound(fixture, text, tests, "/2", "too_many_bytes");
}

static void test_members(void **state)
{
    struct fixture *fixture = *state;
    char *text = arena_alloc(fixture->arena, (size_t)JSON_MEMBERS_MAX * 16);
    char *at = text;
    *at++ = '{';
    for (unsigned i = 0; i < JSON_MEMBERS_MAX; i++) {
        at += sprintf(at, "%s\"a%u\":{}", i > 0 ? "," : "", i);
    }
    *at = '}';
    struct text full = text_of(text);
    assert_bound(fixture, full, TEXT("[{\"op\":\"add\",\"path\":\"/b\",\"value\":[1]}]"), "/0", "too_many_members");
    assert_bound(fixture, full, TEXT("[{\"op\":\"copy\",\"from\":\"\",\"path\":\"/b\"}]"), "/0", "too_many_members");
    assert_bound(fixture, full,
                 TEXT("[{\"op\":\"add\",\"path\":\"/a0/x\",\"value\":1},"
                      "{\"op\":\"move\",\"from\":\"/a0/x\",\"path\":\"/b\"}]"),
                 "/1", "too_many_members");
    assert_taken(fixture, full, TEXT("[{\"op\":\"add\",\"path\":\"/a7\",\"value\":1}]"));
    assert_taken(fixture, full, TEXT("[{\"op\":\"move\",\"from\":\"/a0\",\"path\":\"/b\"}]"));
}

#define DEEP_14 "[[[[[[[[[[[[[[1]]]]]]]]]]]]]]"

/* Counted from the root, whichever operation brings it there. */
static void test_depth(void **state)
{
    struct fixture *fixture = *state;
    const struct text document = TEXT("{\"a\":{\"b\":{}},\"deep\":" DEEP_14 "}");
    assert_taken(fixture, document, TEXT("[{\"op\":\"add\",\"path\":\"/a/c\",\"value\":" DEEP_14 "}]"));
    assert_bound(fixture, document, TEXT("[{\"op\":\"add\",\"path\":\"/a/b/c\",\"value\":" DEEP_14 "}]"), "/0",
                 "too_deep");
    assert_taken(fixture, document, TEXT("[{\"op\":\"copy\",\"from\":\"/deep\",\"path\":\"/a/c\"}]"));
    assert_bound(fixture, document, TEXT("[{\"op\":\"copy\",\"from\":\"/deep\",\"path\":\"/a/b/c\"}]"), "/0",
                 "too_deep");
    assert_taken(fixture, document, TEXT("[{\"op\":\"move\",\"from\":\"/deep\",\"path\":\"/a/c\"}]"));
    assert_bound(fixture, document, TEXT("[{\"op\":\"move\",\"from\":\"/deep\",\"path\":\"/a/b/c\"}]"), "/0",
                 "too_deep");
    /* An element beside the others is as deep as they are. */
    assert_taken(fixture, TEXT("[" DEEP_14 "]"),
                 TEXT("[{\"op\":\"add\",\"path\":\"/0/0/0/0/0/0/0/0/0/0/0/0/0/0/-\",\"value\":[]}]"));
    assert_bound(fixture, TEXT("[" DEEP_14 "]"),
                 TEXT("[{\"op\":\"add\",\"path\":\"/0/0/0/0/0/0/0/0/0/0/0/0/0/0/-\",\"value\":[[]]}]"), "/0",
                 "too_deep");
}

/* A long pointer leads nowhere, at once and without being repeated to the client. */
static void test_long_pointers(void **state)
{
    struct fixture *fixture = *state;
    char *path = arena_alloc(fixture->arena, 500001);
    memset(path, '/', 500000);
    struct text patch = arena_printf(fixture->arena, "[{\"op\":\"remove\",\"path\":\"%s\"}]", path);
    assert_int_equal(apply(fixture, json_patch, TEXT("{}"), patch), STATUS_CONFLICT);
    memset(path + 1, 'a', 499999);
    patch = arena_printf(fixture->arena, "[{\"op\":\"remove\",\"path\":\"%s\"}]", path);
    assert_int_equal(apply(fixture, json_patch, TEXT("{}"), patch), STATUS_CONFLICT);
    assert_string_equal(fixture->faults.item[0].detail, "points to a place, which does not exist");
}

/* Everything that can be wrong with very many operations still comes to FAULTS_MAX faults. */
static void test_many_faults(void **state)
{
    struct fixture *fixture = *state;
    struct text patch = repeated(fixture, "[", "{\"op\":\"x\"}", JSON_PATCH_OPERATIONS_MAX, "]");
    assert_int_equal(apply(fixture, json_patch, TEXT("{}"), patch), STATUS_INVALID);
    assert_int_equal(fixture->faults.count, FAULTS_MAX);
    assert_true(fixture->faults.truncated);
}

/* With the list full before, a patch is refused all the same. */
static void test_full_list_of_faults(void **state)
{
    struct fixture *fixture = *state;
    struct json_object *target = parse(fixture, TEXT("{}"));
    struct json_object *patch = parse(fixture, TEXT("[{\"op\":\"x\"}]"));
    faults_init(&fixture->faults, fixture->arena);
    for (int i = 0; i < FAULTS_MAX; i++) {
        faults_add(&fixture->faults, FAULT_IN_BODY, "", "code", "detail");
    }
    assert_int_equal(json_patch(target, patch, "", &fixture->patched, &fixture->faults), STATUS_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_operations, setup, teardown),
        cmocka_unit_test_setup_teardown(test_doubling, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bytes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_members, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_pointers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_list_of_faults, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

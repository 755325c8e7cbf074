/* Query strings: WHATWG's form encoding, read strictly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/query.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    *state = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static void assert_text(struct text text, const char *expected)
{
    if (!text_equal(text, text_of(expected))) {
        fail_msg("\"%.*s\" is not \"%s\"", TEXT_PRINT(text), expected);
    }
}

static void test_well_formed(void **state)
{
    static const struct {
        const char *raw;
        size_t count;
        const char *pairs[6]; /* name, value, ... */
    } cases[] = {
        {NULL, 0, {NULL}},
        {"", 0, {NULL}},
        {"&", 0, {NULL}},
        {"&&&", 0, {NULL}},
        {"a=1", 1, {"a", "1"}},
        {"a", 1, {"a", ""}},
        {"a=", 1, {"a", ""}},
        {"=a", 1, {"", "a"}},
        {"=", 1, {"", ""}},
        {"a=b=c", 1, {"a", "b=c"}},
        {"&a=1&&b=2&", 2, {"a", "1", "b", "2"}},
        {"a+b=c+d", 1, {"a b", "c d"}},
        {"a=%2B%20+", 1, {"a", "+  "}},
        {"a%3Db=c%26d", 1, {"a=b", "c&d"}},
        {"q=%C3%A9t%c3%a9", 1, {"q", "\xc3\xa9t\xc3\xa9"}},
        {"q=\xc3\xa9", 1, {"q", "\xc3\xa9"}},
        {"A=1&a=2", 2, {"A", "1", "a", "2"}},
        {"a=1;b=2", 1, {"a", "1;b=2"}},
        {"a=%25%32%35", 1, {"a", "%25"}},
        {"attr.colour=green&limit=20", 2, {"attr.colour", "green", "limit", "20"}},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct query query;
        struct text culprit = TEXT_ABSENT;
        assert_int_equal(query_parse(&query, text_of(cases[i].raw), *state, &culprit), QUERY_OK);
        assert_int_equal(query.count, cases[i].count);
        for (size_t j = 0; j < query.count; j++) {
            assert_text(query.item[j].name, cases[i].pairs[2 * j]);
            assert_text(query.item[j].value, cases[i].pairs[2 * j + 1]);
        }
        assert_null(culprit.data);
    }
}

static void test_faults(void **state)
{
    static const struct {
        const char *raw;
        enum query_fault fault;
        const char *culprit;
        size_t before; /* parameters that came before */
    } cases[] = {
        {"a=%", QUERY_MALFORMED, "a=%", 0},
        {"a=%2", QUERY_MALFORMED, "a=%2", 0},
        {"a=%2g", QUERY_MALFORMED, "a=%2g", 0},
        {"a=%g2", QUERY_MALFORMED, "a=%g2", 0},
        {"a=%2&b=1", QUERY_MALFORMED, "a=%2", 0},
        {"x=1&%=1", QUERY_MALFORMED, "%=1", 1},
        {"a=%00", QUERY_MALFORMED, "a=%00", 0},
        {"a%00b=1", QUERY_MALFORMED, "a%00b=1", 0},
        {"a=%FF", QUERY_MALFORMED, "a=%FF", 0},
        {"a=%C3", QUERY_MALFORMED, "a=%C3", 0},
        {"a=\xc3", QUERY_MALFORMED, "a=\xc3", 0},
        {"a=%ED%A0%80", QUERY_MALFORMED, "a=%ED%A0%80", 0},
        {"a=%C0%AF", QUERY_MALFORMED, "a=%C0%AF", 0},
        {"a=1&a=1", QUERY_REPEATED, "a=1", 1},
        {"a=1&b=2&%61=3&c=4", QUERY_REPEATED, "%61=3", 2},
        {"a&a", QUERY_REPEATED, "a", 1},
        {"=1&=2", QUERY_REPEATED, "=2", 1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct query query;
        struct text culprit = TEXT_ABSENT;
        assert_int_equal(query_parse(&query, text_of(cases[i].raw), *state, &culprit), cases[i].fault);
        assert_text(culprit, cases[i].culprit);
        assert_int_equal(query.count, cases[i].before);
    }
}

static void test_bound(void **state)
{
    char raw[1024] = "";
    size_t length = 0;
    for (int i = 0; i < QUERY_PARAMETERS_MAX; i++) {
        length += (size_t)snprintf(raw + length, sizeof(raw) - length, "p%d=%d&&", i, i);
    }
    struct query query;
    struct text culprit = TEXT_ABSENT;
    assert_int_equal(query_parse(&query, text_of(raw), *state, &culprit), QUERY_OK);
    assert_int_equal(query.count, QUERY_PARAMETERS_MAX);
    assert_text(query_get(&query, "p63"), "63");

    (void)snprintf(raw + length, sizeof(raw) - length, "last=1");
    assert_int_equal(query_parse(&query, text_of(raw), *state, &culprit), QUERY_TOO_MANY);
    assert_text(culprit, "last=1");
    assert_int_equal(query.count, QUERY_PARAMETERS_MAX);
}

static void test_get(void **state)
{
    struct query query;
    struct text culprit = TEXT_ABSENT;
    assert_int_equal(query_parse(&query, TEXT("limit=20&empty="), *state, &culprit), QUERY_OK);
    assert_text(query_get(&query, "limit"), "20");
    assert_text(query_get(&query, "empty"), "");
    assert_null(query_get(&query, "lim").data);
    assert_null(query_get(&query, "LIMIT").data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_well_formed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_faults, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(test_get, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

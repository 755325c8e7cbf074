/* Entity tags: made of versions, and found in lists as clients and front servers write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/etag.h"

#include <inttypes.h>

static void test_tag_of_version(void **state)
{
    (void)state;
    static const struct {
        int64_t version;
        const char *tag;
    } cases[] = {
        {0, "\"0\""},
        {1, "\"1\""},
        {1234567890, "\"1234567890\""},
        {INT64_MAX, "\"9223372036854775807\""},
        {INT64_MIN, "\"-9223372036854775808\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char tag[ETAG_TEXT_SIZE];
        etag_from_version(cases[i].version, tag);
        assert_string_equal(tag, cases[i].tag);
    }
}

static void test_lists(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        bool named; /* is "3" in it? */
    } cases[] = {
        {NULL, false},
        {"", false},
        {",", false},
        {"*", true},
        {" * ", true},
        {"\"3\"", true},
        {"  \"3\"\t", true},
        {"\"33\"", false},
        {"\"\"", false},
        {"\"2\", \"3\"", true},
        {"\"2\",\"3\"", true},
        {"\"2\" , , \"3\",", true},
        {"\"2\", \"4\"", false},
        {"\"a,b\", \"3\"", true},
        {"\"a, \"", false},
        /* weakened and suffixed by front servers */
        {"W/\"3\"", true},
        {"w/\"3\"", false},
        {"W/ \"3\"", false},
        {"\"3-gzip\"", true},
        {"\"3-br\"", true},
        {"\"3-deflate\"", true},
        {"\"3-zstd\"", true},
        {"W/\"3-gzip\"", true},
        {"\"3-gzip-br\"", false},
        {"\"3-GZIP\"", false},
        {"\"3gzip\"", false},
        {"\"3\"-gzip", false},
        {"\"30-gzip\"", false},
        /* a list that cannot be parsed names nothing, wherever it breaks */
        {"3", false},
        {"\"3", false},
        {"3\"", false},
        {"'3'", false},
        {"\"3\" \"4\"", false},
        {"\"3\", x", false},
        {"\"3\", *", false},
        {"*, \"3\"", false},
        {"**", false},
        {"\"3\", \"a b\"", false},
        {"\"3\", \"a\tb\"", false},
        {"\"3\", \"a\x7f\"", false},
        /* obs-text is allowed in a tag */
        {"\"\xc3\xa9\", \"3\"", true},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        bool named = etag_list_names(text_of(cases[i].list), TEXT("\"3\""));
        if (named != cases[i].named) {
            fail_msg("%s: %d", cases[i].list, named);
        }
    }
}

static void test_tag_that_is_none(void **state)
{
    (void)state;
    assert_false(etag_list_names(TEXT("\"3\""), TEXT("3")));
    assert_false(etag_list_names(TEXT("\"3\""), TEXT_ABSENT));
    assert_true(etag_list_names(TEXT("*"), TEXT_ABSENT));
}

static void test_tags_of_parts_are_all_different(void **state)
{
    (void)state;
    static const struct {
        int64_t version;
        uint32_t fields;
        bool with_other;
        int64_t other;
        const char *tag;
    } rows[] = {
        {3, 0x1a, false, 0, "\"3-f1a\""},
        {3, 0x1a, true, 2, "\"3-f1a-c2\""},
        {31, 0xa, true, 2, "\"31-fa-c2\""},
        {INT64_MIN, UINT32_MAX, true, INT64_MIN, "\"-9223372036854775808-fffffffff-c-9223372036854775808\""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char tag[ETAG_TEXT_SIZE];
        etag_of_part(rows[i].version, rows[i].fields, rows[i].with_other, rows[i].other, tag);
        assert_string_equal(tag, rows[i].tag);
        assert_true(etag_list_names(TEXT("\"3-f1a-gzip\""), text_of(tag)) == (i == 0));
        assert_false(etag_list_names(TEXT("\"3\", \"31\""), text_of(tag)));
    }
}

static void test_versions_of_lists(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        enum etag_list kind;
        size_t count;
        int64_t first;
        int64_t last;
    } cases[] = {
        {"*", ETAG_LIST_ANY, 0, 0, 0},
        {" * ", ETAG_LIST_ANY, 0, 0, 0},
        {"\"3\"", ETAG_LIST_TAGS, 1, 3, 3},
        {"W/\"3\"", ETAG_LIST_TAGS, 1, 3, 3},
        {"\"3-gzip\"", ETAG_LIST_TAGS, 1, 3, 3},
        {"W/\"3-br\"", ETAG_LIST_TAGS, 1, 3, 3},
        {"\"3-0a1b\"", ETAG_LIST_TAGS, 1, 3, 3},
        {"\"1\",\"2\" , , \"12\",", ETAG_LIST_TAGS, 3, 1, 12},
        {"\"9223372036854775807\"", ETAG_LIST_TAGS, 1, INT64_MAX, INT64_MAX},
        /* tags of others stand for no version, and stay tags */
        {"\"9223372036854775808\"", ETAG_LIST_TAGS, 0, 0, 0},
        {"\"99999999999999999999999\"", ETAG_LIST_TAGS, 0, 0, 0},
        {"\"\"", ETAG_LIST_TAGS, 0, 0, 0},
        {"\"0\"", ETAG_LIST_TAGS, 0, 0, 0},
        {"\"-1\"", ETAG_LIST_TAGS, 0, 0, 0},
        {"\"-gzip\"", ETAG_LIST_TAGS, 0, 0, 0},
        {"\"x3\"", ETAG_LIST_TAGS, 0, 0, 0},
        {"\"3x\"", ETAG_LIST_TAGS, 0, 0, 0},
        {"\"3.0\"", ETAG_LIST_TAGS, 0, 0, 0},
        {"\"+3\"", ETAG_LIST_TAGS, 0, 0, 0},
        {"\"a,3\", \"5\"", ETAG_LIST_TAGS, 1, 5, 5},
        {"", ETAG_LIST_MALFORMED, 0, 0, 0},
        {" ", ETAG_LIST_MALFORMED, 0, 0, 0},
        {",", ETAG_LIST_MALFORMED, 0, 0, 0},
        {"3", ETAG_LIST_MALFORMED, 0, 0, 0},
        {"\"3", ETAG_LIST_MALFORMED, 0, 0, 0},
        {"w/\"3\"", ETAG_LIST_MALFORMED, 0, 0, 0},
        {"W/3", ETAG_LIST_MALFORMED, 0, 0, 0},
        {"**", ETAG_LIST_MALFORMED, 0, 0, 0},
        {"'3'", ETAG_LIST_MALFORMED, 0, 0, 0},
        {"\"3 \"", ETAG_LIST_MALFORMED, 0, 0, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t versions[4] = {0};
        size_t count = 9;
        enum etag_list kind = etag_list_versions(text_of(cases[i].list), versions, 4, &count);
        if (kind != cases[i].kind || count != cases[i].count ||
            (count > 0 && (versions[0] != cases[i].first || versions[count - 1] != cases[i].last))) {
            fail_msg("%s: %d, %zu versions, the first %" PRId64, cases[i].list, (int)kind, count, versions[0]);
        }
    }
}

/* Where a list breaks after tags that are well it is no list; and of a long one only so many versions are told. */
static void test_lists_that_break_or_are_long(void **state)
{
    int64_t versions[3] = {0};
    size_t count = 0;
    (void)state;
    assert_int_equal(etag_list_versions(TEXT("\"3\" \"4\""), versions, 3, &count), ETAG_LIST_MALFORMED);
    assert_int_equal(etag_list_versions(TEXT("\"3\", *"), versions, 3, &count), ETAG_LIST_MALFORMED);
    assert_int_equal(etag_list_versions(TEXT("\"1\",\"2\",\"3\",\"4\",\"5\""), versions, 3, &count), ETAG_LIST_TAGS);
    assert_int_equal(count, 3);
    assert_int_equal(versions[2], 3);
    assert_int_equal(etag_list_versions(TEXT("\"1\""), versions, 0, &count), ETAG_LIST_TAGS);
    assert_int_equal(count, 0);
}

/* It is told from every version, and so If-Match with it names none. */
static void test_tag_of_content(void **state)
{
    const struct hash_wide hash = {.part = {UINT64_C(0x0123456789abcdef), 7}};
    int64_t versions[1];
    size_t count = 1;
    char etag[ETAG_TEXT_SIZE];

    (void)state;
    etag_of_content(&hash, etag);
    assert_string_equal(etag, "\"h0123456789abcdef0000000000000007\"");
    assert_true(etag_list_names(TEXT("\"x\", W/\"h0123456789abcdef0000000000000007-gzip\""), text_of(etag)));
    assert_int_equal(etag_list_versions(text_of(etag), versions, 1, &count), ETAG_LIST_TAGS);
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tag_of_version),
        cmocka_unit_test(test_tag_of_content),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_tag_that_is_none),
        cmocka_unit_test(test_versions_of_lists),
        cmocka_unit_test(test_lists_that_break_or_are_long),
        cmocka_unit_test(test_tags_of_parts_are_all_different),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of base/text.h. */
#include "base/text.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static void absent_differs_from_empty(void **state)
{
    (void)state;
    assert_true(text_equal(TEXT_ABSENT, TEXT_ABSENT));
    assert_false(text_equal(TEXT_ABSENT, TEXT("")));
    assert_false(text_equal(TEXT(""), TEXT_ABSENT));
    assert_true(text_equal_ignoring_case(TEXT_ABSENT, TEXT_ABSENT));
    assert_false(text_equal_ignoring_case(TEXT_ABSENT, TEXT("")));
    assert_text(text_of(NULL), NULL);
    assert_text(text_of(""), "");
    assert_false(text_starts_with(TEXT_ABSENT, TEXT("")));
    assert_false(text_starts_with(TEXT("a"), TEXT_ABSENT));
}

static void compares_bytes(void **state)
{
    (void)state;
    assert_true(text_equal(TEXT("a\0b"), TEXT("a\0b")));
    assert_false(text_equal(TEXT("a\0b"), TEXT("a\0c")));
    assert_false(text_equal(TEXT("a"), TEXT("ab")));
    assert_true(text_equal_ignoring_case(TEXT("Content-TYPE"), TEXT("content-type")));
    assert_false(text_equal_ignoring_case(TEXT("a"), TEXT("ab")));
    assert_false(text_equal_ignoring_case(TEXT("@["), TEXT("`{"))); /* beside the letters, 32 apart */
    assert_false(text_equal_ignoring_case(TEXT("\xC3\x84"), TEXT("\xC3\xA4")));
    assert_true(text_starts_with(TEXT("WARES_LOG"), TEXT("WARES_")));
    assert_true(text_starts_with(TEXT("WARES_"), TEXT("WARES_")));
    assert_true(text_starts_with(TEXT(""), TEXT("")));
    assert_false(text_starts_with(TEXT("WARES"), TEXT("WARES_")));
}

static void trims_spaces_and_tabs_only(void **state)
{
    (void)state;
    assert_text(text_trim_ows(TEXT(" \t a b\t ")), "a b");
    assert_text(text_trim_ows(TEXT("\na\r")), "\na\r");
    assert_text(text_trim_ows(TEXT(" \t ")), "");
    assert_text(text_trim_ows(TEXT("")), "");
    assert_text(text_trim_ows(TEXT_ABSENT), NULL);
}

static void counts_printable_bytes_at_the_start(void **state)
{
    (void)state;
    char bytes[24];

    assert_int_equal(text_printable_prefix(TEXT_ABSENT), 0);
    for (size_t length = 0; length <= sizeof(bytes); length++) {
        for (size_t at = 0; at < length; at++) {
            for (int byte = 0; byte < 256; byte++) {
                const bool printable = byte >= 0x20 && byte <= 0x7e;
                memset(bytes, (at + (size_t)byte) % 2 == 0 ? '~' : ' ', sizeof(bytes));
                bytes[at] = (char)byte;
                assert_int_equal(text_printable_prefix((struct text){.data = bytes, .length = length}),
                                 printable ? length : at);
            }
        }
    }
}

static void splits_at_the_first_separator(void **state)
{
    (void)state;
    struct text rest;
    assert_text(text_split(TEXT("a=b=c"), '=', &rest), "a");
    assert_text(rest, "b=c");
    assert_text(text_split(TEXT("a="), '=', &rest), "a");
    assert_text(rest, "");
    assert_text(text_split(TEXT("=a"), '=', &rest), "");
    assert_text(rest, "a");
    assert_text(text_split(TEXT("a"), '=', &rest), "a");
    assert_text(rest, NULL);
    assert_text(text_split(TEXT(""), '=', &rest), "");
    assert_text(rest, NULL);
    assert_text(text_split(TEXT_ABSENT, '=', &rest), NULL);
    assert_text(rest, NULL);
}

static void is_put_where_there_is_room(void **state)
{
    char room[] = "........";
    char *end = text_put(text_put(text_put(room, TEXT("ab")), TEXT_ABSENT), TEXT("c\0d"));

    (void)state;
    assert_ptr_equal(end, room + 5);
    assert_memory_equal(room, "abc\0d...", sizeof room);
}

static void reads_decimals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool valid;
        uint64_t value;
    } rows[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"0018446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"99999999999999999999", false, 0},
        {"184467440737095516150", false, 0},
        {"", false, 0},
        {NULL, false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x1", false, 0},
        {"/", false, 0},
        {":", false, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *name = rows[i].text != NULL ? rows[i].text : "absent";
        uint64_t value = 42;
        assert_row(text_to_u64(text_of(rows[i].text), &value) == rows[i].valid, name);
        assert_row(value == (rows[i].valid ? rows[i].value : 42), name);
    }
    uint64_t value = 42;
    assert_false(text_to_u64(TEXT("1\0"), &value));
}

static const char *const names[] = {"name", "price", "category_id", "currency", "id"};

static void finds_the_nearest_name(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *nearest;
    } rows[] = {
        {"name", "name"},
        {"nmae", "name"},   /* two neighbours swapped: one edit */
        {"nam", "name"},    /* missing */
        {"namee", "name"},  /* too many */
        {"nome", "name"},   /* replaced */
        {"eman", NULL},     /* three */
        {"pirec", "price"}, /* two swaps */
        {"prices", "price"},
        {"catgory_di", "category_id"},
        {"curency", "currency"},
        {"description", NULL},
        {"xy", NULL}, /* as many edits as characters are no likeness */
        {"di", "id"},
        {"", NULL},
        {"Name", "name"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *nearest = text_nearest(text_of(rows[i].text), names, COUNT_OF(names));
        assert_row((nearest == NULL) == (rows[i].nearest == NULL), rows[i].text);
        assert_row(nearest == NULL || strcmp(nearest, rows[i].nearest) == 0, rows[i].text);
    }
    assert_null(text_nearest(TEXT_ABSENT, names, COUNT_OF(names)));
    assert_null(text_nearest(TEXT("name"), names, 0));
}

static void nearest_is_bounded(void **state)
{
    (void)state;
    char longest[65];
    memset(longest, 'a', sizeof longest);
    longest[64] = '\0';
    const char *const known[] = {longest};
    struct text text = {.data = longest, .length = 64};
    assert_ptr_equal(text_nearest(text, known, 1), longest);

    char *huge = malloc(100000);
    assert_non_null(huge);
    memset(huge, 'a', 100000);
    assert_null(text_nearest((struct text){.data = huge, .length = 65}, known, 1));
    assert_null(text_nearest((struct text){.data = huge, .length = 100000}, known, 1));
    huge[99999] = '\0';
    const char *const long_names[] = {huge, "aaa"};
    assert_string_equal(text_nearest(TEXT("aaaa"), long_names, 2), "aaa");
    free(huge);
}

static void the_first_of_equals_wins(void **state)
{
    (void)state;
    const char *const twins[] = {"cat", "bat", "hat"};
    assert_string_equal(text_nearest(TEXT("rat"), twins, COUNT_OF(twins)), "cat");
    assert_string_equal(text_nearest(TEXT("bat"), twins, COUNT_OF(twins)), "bat");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(absent_differs_from_empty),
        cmocka_unit_test(compares_bytes),
        cmocka_unit_test(trims_spaces_and_tabs_only),
        cmocka_unit_test(counts_printable_bytes_at_the_start),
        cmocka_unit_test(splits_at_the_first_separator),
        cmocka_unit_test(reads_decimals),
        cmocka_unit_test(is_put_where_there_is_room),
        cmocka_unit_test(finds_the_nearest_name),
        cmocka_unit_test(nearest_is_bounded),
        cmocka_unit_test(the_first_of_equals_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

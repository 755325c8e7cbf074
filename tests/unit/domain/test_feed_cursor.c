/* Tests of domain/feed_cursor.h. */
#include "domain/feed_cursor.h"

#include "../base/check.h"

static void what_is_written_is_read(void **state)
{
    static const struct feed_cursor cursors[] = {
        {0, 0}, {3, 1}, {812, 0}, {UINT64_MAX, (uint64_t)INT64_MAX}, {UINT64_C(1) << 40, 10}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cursors); i++) {
        struct feed_cursor read = {.xid = 1, .seq = 1};
        char text[FEED_CURSOR_TEXT_SIZE];

        feed_cursor_encode(&cursors[i], text);
        assert_row(feed_cursor_decode(text_of(text), &read), text);
        assert_row(read.xid == cursors[i].xid && read.seq == cursors[i].seq, text);
    }
}

static void the_text_is_of_both_numbers(void **state)
{
    char text[FEED_CURSOR_TEXT_SIZE];

    (void)state;
    feed_cursor_encode(&(struct feed_cursor){.xid = 8123, .seq = 17}, text);
    assert_string_equal(text, "8123.17");
    feed_cursor_encode(&(struct feed_cursor){.xid = UINT64_MAX, .seq = (uint64_t)INT64_MAX}, text);
    assert_string_equal(text, "18446744073709551615.9223372036854775807");
}

static void nothing_else_is_read(void **state)
{
    static const char *const wrong[] = {
        "",
        ".",
        "1",
        "1.",
        ".1",
        "1.2.3",
        "01.2",
        "1.02",
        "00.1",
        "-1.2",
        "1.-2",
        "+1.2",
        "1 .2",
        " 1.2",
        "1.2 ",
        "a.1",
        "1.0x1",
        "1,2",
        "1.2\n",
        "1..2",
        "18446744073709551616.0",
        "1.9223372036854775808",
        "1.18446744073709551616",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct feed_cursor kept = {.xid = 5, .seq = 6};

        assert_row(!feed_cursor_decode(text_of(wrong[i]), &kept), wrong[i]);
        assert_row(kept.xid == 5 && kept.seq == 6, wrong[i]);
    }
    assert_false(feed_cursor_decode(TEXT_ABSENT, &(struct feed_cursor){0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(the_text_is_of_both_numbers),
        cmocka_unit_test(nothing_else_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

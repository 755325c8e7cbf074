/* Tests of base/strbuf.h. */
#include "base/strbuf.h"

#include "check.h"

#include <string.h>

static void starts_empty_and_without_memory(void **state)
{
    (void)state;
    struct strbuf buffer;
    strbuf_init(&buffer, 100);
    assert_null(buffer.data);
    assert_int_equal(buffer.capacity, 0);
    assert_text(strbuf_text(&buffer), "");
    strbuf_append(&buffer, NULL, 0);
    strbuf_append_text(&buffer, TEXT_ABSENT);
    assert_null(buffer.data);
    strbuf_free(&buffer);
}

static void appends_of_each_kind(void **state)
{
    (void)state;
    struct strbuf buffer;
    strbuf_init(&buffer, 1000);
    strbuf_append(&buffer, "abc", 2);
    strbuf_append_text(&buffer, TEXT("-text"));
    strbuf_append_char(&buffer, '|');
    strbuf_append_u64(&buffer, 0);
    strbuf_append_char(&buffer, '|');
    strbuf_append_u64(&buffer, UINT64_MAX);
    strbuf_printf(&buffer, "|%s %03d", "x", 7);
    assert_text(strbuf_text(&buffer), "ab-text|0|18446744073709551615|x 007");
    assert_false(buffer.overflowed);
    strbuf_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer.bound, 1000);
}

static void grows_to_its_bound_and_no_further(void **state)
{
    (void)state;
    static const size_t bounds[] = {0, 1, 2, 255, 256, 257, 511, 512, 513, 1000, 100000};
    for (size_t i = 0; i < COUNT_OF(bounds); i++) {
        struct strbuf buffer;
        strbuf_init(&buffer, bounds[i]);
        for (size_t j = 0; j < bounds[i]; j++) {
            strbuf_append_char(&buffer, (char)('a' + j % 26));
            assert_true(buffer.capacity <= bounds[i]);
        }
        assert_false(buffer.overflowed);
        assert_int_equal(buffer.length, bounds[i]);
        strbuf_append_char(&buffer, '!');
        assert_true(buffer.overflowed);
        assert_int_equal(buffer.length, bounds[i]);
        for (size_t j = 0; j < bounds[i]; j++) {
            assert_int_equal(buffer.data[j], 'a' + j % 26);
        }
        strbuf_free(&buffer);
    }
}

static void an_append_beyond_the_bound_changes_nothing(void **state)
{
    (void)state;
    struct strbuf buffer;
    strbuf_init(&buffer, 5);
    strbuf_append(&buffer, "abc", 3);
    strbuf_append(&buffer, "def", 3);
    assert_true(buffer.overflowed);
    assert_text(strbuf_text(&buffer), "abc");
    strbuf_append_char(&buffer, 'd'); /* it would fit, but the text would have a hole */
    strbuf_append_u64(&buffer, 1);
    strbuf_printf(&buffer, "d");
    assert_null(strbuf_reserve(&buffer, 1));
    assert_null(strbuf_reserve(&buffer, 0));
    assert_text(strbuf_text(&buffer), "abc");
    strbuf_clear(&buffer, 1000);
    strbuf_append(&buffer, "defgh", 5);
    assert_false(buffer.overflowed);
    assert_text(strbuf_text(&buffer), "defgh");
    strbuf_free(&buffer);
}

static void absurd_lengths_overflow(void **state)
{
    (void)state;
    struct strbuf buffer;
    strbuf_init(&buffer, 100);
    strbuf_append_char(&buffer, 'a');
    assert_null(strbuf_reserve(&buffer, SIZE_MAX));
    assert_true(buffer.overflowed);
    assert_text(strbuf_text(&buffer), "a");
    strbuf_free(&buffer);
}

/* printf ends with a NUL, which does not count against the bound. */
static void printf_fills_to_the_last_byte(void **state)
{
    (void)state;
    char digits[2000];
    memset(digits, '7', sizeof digits);
    for (int length = 1; length < 600; length++) {
        struct strbuf buffer;
        strbuf_init(&buffer, (size_t)length);
        strbuf_printf(&buffer, "%.*s", length, digits);
        assert_false(buffer.overflowed);
        assert_int_equal(buffer.length, length);
        assert_memory_equal(buffer.data, digits, (size_t)length);
        strbuf_clear(&buffer, 0);
        strbuf_printf(&buffer, "%.*s", length + 1, digits);
        assert_true(buffer.overflowed);
        assert_int_equal(buffer.length, 0);
        strbuf_free(&buffer);
    }
}

static void clearing_gives_back_what_is_too_much(void **state)
{
    (void)state;
    struct strbuf buffer;
    strbuf_init(&buffer, 1 << 20);
    assert_non_null(strbuf_reserve(&buffer, 1 << 20));
    assert_true(buffer.capacity >= 1 << 20);
    strbuf_clear(&buffer, 4096);
    assert_true(buffer.capacity <= 4096);
    strbuf_append(&buffer, "abc", 3);
    char *data = buffer.data;
    strbuf_clear(&buffer, 4096);
    assert_ptr_equal(buffer.data, data);
    assert_int_equal(buffer.length, 0);
    strbuf_free(&buffer);
}

static void reserved_room_is_written_by_the_caller(void **state)
{
    (void)state;
    struct strbuf buffer;
    strbuf_init(&buffer, 10);
    strbuf_append(&buffer, "ab", 2);
    char *room = strbuf_reserve(&buffer, 8);
    assert_non_null(room);
    memcpy(room, "cd", 2);
    assert_text(strbuf_text(&buffer), "ab");
    buffer.length += 2;
    assert_text(strbuf_text(&buffer), "abcd");
    assert_null(strbuf_reserve(&buffer, 7));
    strbuf_free(&buffer);

    strbuf_init(&buffer, 0);
    assert_non_null(strbuf_reserve(&buffer, 0));
    strbuf_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starts_empty_and_without_memory),
        cmocka_unit_test(appends_of_each_kind),
        cmocka_unit_test(grows_to_its_bound_and_no_further),
        cmocka_unit_test(an_append_beyond_the_bound_changes_nothing),
        cmocka_unit_test(absurd_lengths_overflow),
        cmocka_unit_test(printf_fills_to_the_last_byte),
        cmocka_unit_test(clearing_gives_back_what_is_too_much),
        cmocka_unit_test(reserved_room_is_written_by_the_caller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

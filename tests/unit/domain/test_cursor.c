/* Tests of domain/cursor.h. */
#include "domain/cursor.h"

#include "../base/check.h"

#include <string.h>

#define LENGTH 50

static const struct cursor samples[] = {
    {.fingerprint = 0, .at_us = 0, .id = "00000000-0000-0000-0000-000000000000"},
    {.fingerprint = UINT64_MAX, .at_us = INT64_C(253402300799999999), .id = "ffffffff-ffff-ffff-ffff-ffffffffffff"},
    {.fingerprint = 1, .at_us = INT64_C(-62135596800000000), .id = "0193abcd-ef01-7abc-8def-0123456789ab"},
    {.fingerprint = UINT64_C(0x0123456789ABCDEF),
     .at_us = INT64_C(1795425302123456),
     .id = "0193abcd-ef01-7abc-8def-0123456789ab"},
    {.fingerprint = UINT64_C(0x8000000000000000), .at_us = -1, .id = "80000000-0000-4000-8000-000000000001"},
};

static void comes_back_as_it_was(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        char text[CURSOR_TEXT_SIZE];
        cursor_encode(&samples[i], text);
        assert_int_equal(strlen(text), LENGTH);
        assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), LENGTH);
        struct cursor cursor;
        assert_true(cursor_decode(text_of(text), &cursor));
        assert_int_equal(cursor.fingerprint, samples[i].fingerprint);
        assert_int_equal(cursor.at_us, samples[i].at_us);
        assert_string_equal(cursor.id, samples[i].id);
    }
}

/* Links that clients hold outlive a release. */
static void the_form_is_stable(void **state)
{
    (void)state;
    char text[CURSOR_TEXT_SIZE];
    cursor_encode(&samples[3], text);
    assert_string_equal(text, "AQEjRWeJq83vAAZg7gdak8ABk6vN7wF6vI3vASNFZ4mr_tLDIQ");
}

static void assert_refused(struct text text)
{
    struct cursor cursor;
    memset(&cursor, 0x5A, sizeof cursor);
    struct cursor before = cursor;
    if (cursor_decode(text, &cursor)) {
        fail_msg("\"%.*s\" is taken", TEXT_PRINT(text));
    }
    assert_memory_equal(&cursor, &before, sizeof cursor);
}

static void any_other_character_is_found(void **state)
{
    (void)state;
    char text[CURSOR_TEXT_SIZE];
    cursor_encode(&samples[3], text);
    for (size_t i = 0; i < LENGTH; i++) {
        char kept = text[i];
        for (int c = 0; c < 256; c++) {
            text[i] = (char)c;
            if (text[i] != kept) {
                assert_refused((struct text){.data = text, .length = LENGTH});
            }
        }
        text[i] = kept;
    }
    assert_true(cursor_decode(text_of(text), &(struct cursor){0}));
}

static void any_other_length_is_refused(void **state)
{
    (void)state;
    char text[CURSOR_TEXT_SIZE + 2];
    cursor_encode(&samples[3], text);
    for (size_t length = 0; length < LENGTH; length++) {
        assert_refused((struct text){.data = text, .length = length});
        assert_refused((struct text){.data = text + LENGTH - length, .length = length});
    }
    strcat(text, "=="); /* padding */
    assert_refused(text_of(text));
    assert_refused((struct text){.data = text, .length = LENGTH + 1});
    text[LENGTH] = 'A';
    text[LENGTH + 1] = 'A';
    assert_refused(text_of(text));
    assert_refused(TEXT(""));
    assert_refused(TEXT_ABSENT);
}

static void two_swapped_characters_are_found(void **state)
{
    (void)state;
    char text[CURSOR_TEXT_SIZE];
    cursor_encode(&samples[3], text);
    for (size_t i = 0; i + 1 < LENGTH; i++) {
        char kept = text[i];
        if (text[i] == text[i + 1]) {
            continue;
        }
        text[i] = text[i + 1];
        text[i + 1] = kept;
        assert_refused(text_of(text));
        text[i + 1] = text[i];
        text[i] = kept;
    }
}

/* Made by hand with a right check sum: a time that the database could not take must not get through. */
static void times_beyond_the_calendar_are_refused(void **state)
{
    (void)state;
    static const int64_t times[] = {INT64_MIN, INT64_MAX, INT64_C(253402300800000000), INT64_C(-62135596800000001)};
    for (size_t i = 0; i < COUNT_OF(times); i++) {
        struct cursor cursor = samples[3];
        cursor.at_us = times[i];
        char text[CURSOR_TEXT_SIZE];
        cursor_encode(&cursor, text);
        assert_refused(text_of(text));
    }
}

static struct cursor keyed(const char *key, size_t length)
{
    struct cursor cursor = {.fingerprint = 7, .key_length = length, .id = "0193abcd-ef01-7abc-8def-0123456789ab"};
    memcpy(cursor.key, key, length);
    return cursor;
}

static void a_key_comes_back_as_it_was(void **state)
{
    (void)state;
    char longest[CURSOR_KEY_MAX];
    memset(longest, 0xff, sizeof longest);
    for (size_t length = 1; length <= CURSOR_KEY_MAX; length++) {
        struct cursor made = keyed(longest, length);
        struct cursor cursor;
        char text[CURSOR_TEXT_SIZE];
        made.backward = length % 2 == 0;
        made.inclusive = length % 3 == 0;
        cursor_encode(&made, text);
        assert_true(strlen(text) < CURSOR_TEXT_SIZE);
        assert_true(cursor_decode(text_of(text), &cursor));
        assert_int_equal(cursor.fingerprint, 7);
        assert_int_equal(cursor.backward, made.backward);
        assert_int_equal(cursor.inclusive, made.inclusive);
        assert_string_equal(cursor.id, made.id);
        assert_true(text_equal(cursor_key(&cursor), (struct text){.data = longest, .length = length}));
        assert_refused((struct text){.data = text, .length = strlen(text) - 1});
        text[length % strlen(text)] ^= 1;
        assert_refused(text_of(text));
    }
}

static void the_form_with_a_key_is_stable(void **state)
{
    (void)state;
    const struct cursor cursor = keyed("12.50", 5);
    char text[CURSOR_TEXT_SIZE];
    cursor_encode(&cursor, text);
    assert_string_equal(text, "AgAAAAAAAAAABwGTq83vAXq8je8BI0VniasxMi41MMfQ_WE");
    assert_null(cursor_key(&samples[3]).data);
}

static void a_key_with_nul_is_refused(void **state)
{
    (void)state;
    const struct cursor cursor = keyed("a\0b", 3);
    char text[CURSOR_TEXT_SIZE];
    cursor_encode(&cursor, text);
    assert_refused(text_of(text));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comes_back_as_it_was),
        cmocka_unit_test(the_form_is_stable),
        cmocka_unit_test(any_other_character_is_found),
        cmocka_unit_test(any_other_length_is_refused),
        cmocka_unit_test(two_swapped_characters_are_found),
        cmocka_unit_test(times_beyond_the_calendar_are_refused),
        cmocka_unit_test(a_key_comes_back_as_it_was),
        cmocka_unit_test(the_form_with_a_key_is_stable),
        cmocka_unit_test(a_key_with_nul_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

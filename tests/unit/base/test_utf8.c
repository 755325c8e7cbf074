/* Tests of base/utf8.h. */
#include "base/utf8.h"

#include "check.h"

#include <string.h>

static size_t encode(uint32_t code_point, char out[4])
{
    if (code_point < 0x80U) {
        out[0] = (char)code_point;
        return 1;
    }
    size_t length = code_point < 0x800U ? 2 : code_point < 0x10000U ? 3 : 4;
    static const unsigned char leads[] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = length; i-- > 1;) {
        out[i] = (char)(0x80U | (code_point & 0x3FU));
        code_point >>= 6U;
    }
    out[0] = (char)(leads[length] | code_point);
    return length;
}

static bool is_surrogate(uint32_t code_point)
{
    return code_point >= 0xD800U && code_point <= 0xDFFFU;
}

static void decodes_every_code_point(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point <= 0x10FFFFU; code_point++) {
        char bytes[4];
        struct text text = {.data = bytes, .length = encode(code_point, bytes)};
        uint32_t got = 0xFFFFFFFFU;
        size_t length = utf8_decode(text, &got);
        if (is_surrogate(code_point)) {
            assert_int_equal(length, 0);
            continue;
        }
        if (length != text.length || got != code_point) {
            fail_msg("U+%04X", code_point);
        }
        /* cut by a byte it is not valid */
        if (text.length > 1 && utf8_decode((struct text){.data = bytes, .length = text.length - 1}, &got) != 0) {
            fail_msg("U+%04X, truncated", code_point);
        }
    }
}

static void refuses_what_is_not_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        const char *name;
    } rows[] = {
        {"\x80", "a lone continuation"},
        {"\xBF", "a lone continuation, the last"},
        {"\xC0\x80", "overlong NUL"},
        {"\xC0\xAF", "overlong slash"},
        {"\xC1\xBF", "overlong DEL"},
        {"\xE0\x80\x80", "overlong NUL in three"},
        {"\xE0\x9F\xBF", "overlong U+07FF"},
        {"\xF0\x80\x80\x80", "overlong NUL in four"},
        {"\xF0\x8F\xBF\xBF", "overlong U+FFFF"},
        {"\xED\xA0\x80", "surrogate D800"},
        {"\xED\xBF\xBF", "surrogate DFFF"},
        {"\xF4\x90\x80\x80", "U+110000"},
        {"\xF5\x80\x80\x80", "U+140000"},
        {"\xF7\xBF\xBF\xBF", "U+1FFFFF"},
        {"\xF8\x88\x80\x80\x80", "five bytes"},
        {"\xFE", "FE"},
        {"\xFF", "FF"},
        {"\xC3", "truncated, two"},
        {"\xE2\x82", "truncated, three"},
        {"\xF0\x9F\x98", "truncated, four"},
        {"\xC3\x28", "two, then a letter"},
        {"\xE2\x28\xA1", "three, a letter inside"},
        {"\xE2\x82\x28", "three, a letter at the end"},
        {"\xF0\x9F\x98\xC3", "four, a lead at the end"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint32_t code_point = 42;
        assert_row(utf8_decode(text_of(rows[i].bytes), &code_point) == 0, rows[i].name);
        /* wherever it stands in a longer text: words are looked at eight bytes at a time */
        for (size_t before = 0; before < 20; before++) {
            for (size_t after = 0; after < 20; after++) {
                char text[64];
                size_t length = strlen(rows[i].bytes);
                memset(text, 'a', sizeof text);
                memcpy(text + before, rows[i].bytes, length);
                struct text whole = {.data = text, .length = before + length + after};
                assert_row(utf8_valid_prefix(whole) == before, rows[i].name);
            }
        }
    }
}

static void a_valid_text_is_its_own_prefix(void **state)
{
    (void)state;
    static const char *const valid[] = {"",
                                        "a",
                                        "1234567",
                                        "12345678",
                                        "123456789",
                                        "Gr\xC3\xBC\xC3\x9F",
                                        "\xE2\x82\xAC",
                                        "zzzzzzz\xF0\x9F\x98\x80zzzzzzzzz",
                                        "\xEF\xBB\xBF",
                                        "\x7F"};
    for (size_t i = 0; i < COUNT_OF(valid); i++) {
        assert_row(utf8_valid_prefix(text_of(valid[i])) == strlen(valid[i]), valid[i]);
    }
    assert_int_equal(utf8_valid_prefix(TEXT("a\0b")), 3);
    assert_int_equal(utf8_valid_prefix(TEXT_ABSENT), 0);
}

static void counts_code_points(void **state)
{
    (void)state;
    assert_int_equal(utf8_count(TEXT("")), 0);
    assert_int_equal(utf8_count(TEXT_ABSENT), 0);
    assert_int_equal(utf8_count(TEXT("abc")), 3);
    assert_int_equal(utf8_count(TEXT("\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80")), 3);
    assert_int_equal(utf8_count(TEXT("e\xCC\x81")), 2); /* a letter and its combining accent */
}

static void knows_control_characters(void **state)
{
    (void)state;
    for (uint32_t code_point = 0; code_point < 0x400U; code_point++) {
        bool control = code_point <= 0x1FU || (code_point >= 0x7FU && code_point <= 0x9FU);
        assert_int_equal(utf8_is_control(code_point), control);
    }
    assert_false(utf8_is_control(0x2028U));
    assert_false(utf8_is_control(0x10FFFFU));
}

static void trims_white_space(void **state)
{
    (void)state;
    static const uint32_t spaces[] = {0x09,   0x0A,   0x0B,   0x0C,   0x0D,   0x20,   0x85,   0xA0,   0x1680,
                                      0x2000, 0x2001, 0x2002, 0x2003, 0x2004, 0x2005, 0x2006, 0x2007, 0x2008,
                                      0x2009, 0x200A, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
    uint32_t next = 0;
    for (uint32_t code_point = 0; code_point < 0x3100U; code_point++) {
        bool space = next < COUNT_OF(spaces) && spaces[next] == code_point;
        next += space;
        char text[16];
        size_t length = encode(code_point, text);
        text[length] = 'x';
        length += 1 + encode(code_point, text + length + 1);
        struct text whole = {.data = text, .length = length};
        size_t want = space ? 1 : length;
        if (utf8_trim(whole).length != want) {
            fail_msg("U+%04X", code_point);
        }
    }
    assert_int_equal(next, COUNT_OF(spaces));
}

static void trims_at_the_ends_only(void **state)
{
    (void)state;
    assert_text(utf8_trim(TEXT(" \xC2\xA0 a \xE3\x80\x80 b\xE2\x80\x83\n")), "a \xE3\x80\x80 b");
    assert_text(utf8_trim(TEXT(" \xC2\xA0\t")), "");
    assert_text(utf8_trim(TEXT("")), "");
    assert_text(utf8_trim(TEXT_ABSENT), NULL);
    assert_text(utf8_trim(TEXT("\xF0\x9F\x98\x80 ")), "\xF0\x9F\x98\x80");
    assert_text(utf8_trim(TEXT("\xE2\x80\x8B")), "\xE2\x80\x8B"); /* zero width, but no white space */
}

/* The contract wants valid UTF-8, but nothing may be read beyond the slice. */
static void trimming_invalid_text_is_harmless(void **state)
{
    (void)state;
    assert_int_equal(utf8_trim(TEXT("\x80\x80")).length, 2);
    assert_int_equal(utf8_trim(TEXT("a\xE2\x80")).length, 3);
    assert_int_equal(utf8_trim(TEXT(" \xFF ")).length, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decodes_every_code_point),       cmocka_unit_test(refuses_what_is_not_utf8),
        cmocka_unit_test(a_valid_text_is_its_own_prefix), cmocka_unit_test(counts_code_points),
        cmocka_unit_test(knows_control_characters),       cmocka_unit_test(trims_white_space),
        cmocka_unit_test(trims_at_the_ends_only),         cmocka_unit_test(trimming_invalid_text_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Strings and members out: escapes, and nothing that is not JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json/writer.h"

#include "json/parse.h"

#include <string.h>

static int setup(void **state)
{
    static struct strbuf buffer;
    strbuf_init(&buffer, 4096);
    *state = &buffer;
    return 0;
}

static int teardown(void **state)
{
    strbuf_free(*state);
    return 0;
}

static void assert_written(struct strbuf *out, const char *expected)
{
    if (!text_equal(strbuf_text(out), text_of(expected))) {
        fail_msg("%.*s is not %s", TEXT_PRINT(strbuf_text(out)), expected);
    }
    strbuf_clear(out, out->capacity);
}

static void test_strings(void **state)
{
    static const struct {
        const char *text;
        const char *written;
    } cases[] = {
        {"", "\"\""},
        {"plain", "\"plain\""},
        {"exactly8", "\"exactly8\""},
        {"more than eight bytes of it", "\"more than eight bytes of it\""},
        {"a\"b\\c/d", "\"a\\\"b\\\\c/d\""},
        {"eight by\"tes", "\"eight by\\\"tes\""},
        {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
        {"\x01\x0b\x1f\x7f", "\"\\u0001\\u000b\\u001f\x7f\""},
        {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
        {"\xc3\xa9\n\xc3\xa9", "\"\xc3\xa9\\n\xc3\xa9\""},
        {"</script>", "\"</script>\""},
        /* What is not UTF-8 is replaced. */
        {"\xff", "\"\xef\xbf\xbd\""},
        {"a\xc3", "\"a\xef\xbf\xbd\""},
        {"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"\xc3\xa9\x80\"\xe2\x82", "\"\xc3\xa9\xef\xbf\xbd\\\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_write_string(*state, text_of(cases[i].text));
        assert_written(*state, cases[i].written);
    }
    json_write_string(*state, (struct text){.data = "a\0b", .length = 3});
    assert_written(*state, "\"a\\u0000b\"");
    json_write_string(*state, TEXT_ABSENT);
    assert_written(*state, "\"\"");
}

/* Every byte, at every place of a word and behind it, gives valid JSON. */
static void test_every_byte_at_every_place(void **state)
{
    struct strbuf *out = *state;
    struct arena *arena = arena_new(4096);
    for (unsigned byte = 1; byte < 256; byte++) {
        for (size_t place = 0; place < 17; place++) {
            struct faults faults;
            char text[17];
            faults_init(&faults, arena);
            memset(text, 'x', sizeof(text));
            text[place] = (char)byte;
            json_write_string(out, (struct text){.data = text, .length = sizeof(text)});
            assert_int_equal(json_check(strbuf_text(out), &faults), STATUS_OK);
            bool plain = byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
            assert_int_equal(out->length == sizeof(text) + 2, plain);
            strbuf_clear(out, out->capacity);
            arena_reset(arena);
        }
    }
    arena_free(arena);
}

static void test_members(void **state)
{
    bool first = true;
    json_write_member(*state, &first, "a", TEXT("1\n"));
    json_write_member(*state, &first, "b", TEXT_ABSENT);
    json_write_member(*state, &first, "c", TEXT(""));
    json_write_member_i64(*state, &first, "d", 0);
    json_write_member_i64(*state, &first, "e", -1);
    json_write_member_i64(*state, &first, "f", INT64_MAX);
    json_write_member_i64(*state, &first, "g", INT64_MIN);
    json_write_key(*state, &first, "h");
    assert_false(first);
    assert_written(*state, "\"a\":\"1\\n\",\"b\":null,\"c\":\"\",\"d\":0,\"e\":-1,\"f\":9223372036854775807,"
                           "\"g\":-9223372036854775808,\"h\":");
}

static void test_overflow(void **state)
{
    (void)state;
    struct strbuf small;
    strbuf_init(&small, 8);
    json_write_string(&small, TEXT("123456"));
    assert_false(small.overflowed);
    assert_written(&small, "\"123456\"");
    json_write_string(&small, TEXT("12345\n"));
    assert_true(small.overflowed);
    assert_int_equal(small.length, 0);
    strbuf_free(&small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_strings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_byte_at_every_place, setup, teardown),
        cmocka_unit_test_setup_teardown(test_members, setup, teardown),
        cmocka_unit_test(test_overflow),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

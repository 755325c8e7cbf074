/* Percent-encoding, outwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/uri.h"

static void all_but_unreserved_characters_are_encoded(void **state)
{
    struct strbuf out;

    (void)state;
    strbuf_init(&out, 1024);
    uri_encode(&out, TEXT("aZ09-._~ /?#&=+%\xc3\xa9"));
    strbuf_append(&out, "", 1);
    assert_string_equal(out.data, "aZ09-._~%20%2F%3F%23%26%3D%2B%25%C3%A9");
    strbuf_free(&out);
}

static void a_nul_is_encoded_too(void **state)
{
    struct strbuf out;

    (void)state;
    strbuf_init(&out, 1024);
    uri_encode(&out, (struct text){.data = "a\0b", .length = 3});
    strbuf_append(&out, "", 1);
    assert_string_equal(out.data, "a%00b");
    strbuf_free(&out);
}

static void printable_text_is_lent_and_the_rest_encoded(void **state)
{
    struct arena *arena = arena_new(256);
    struct text plain = TEXT("/a%20b?\"<");
    struct text shown = uri_printable(plain, arena);

    (void)state;
    assert_ptr_equal(shown.data, plain.data);
    assert_true(text_equal(uri_printable(TEXT("/\x01 \x7f\xff"), arena), TEXT("/%01%20%7F%FF")));
    assert_int_equal(uri_printable(TEXT_ABSENT, arena).length, 0);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_but_unreserved_characters_are_encoded),
        cmocka_unit_test(a_nul_is_encoded_too),
        cmocka_unit_test(printable_text_is_lent_and_the_rest_encoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

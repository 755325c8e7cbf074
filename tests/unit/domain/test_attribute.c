/* Tests of domain/attribute.h. */
#include "domain/attribute.h"

#include "../base/check.h"

#include <stdio.h>
#include <string.h>

static void keys_have_their_alphabet(void **state)
{
    (void)state;
    static const char *const valid[] = {
        "a", "colour", "weight_g", "a1", "a_", "z9_", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < COUNT_OF(valid); i++) {
        assert_row(attribute_key_valid(text_of(valid[i])), valid[i]);
    }
    static const char *const wrong[] = {"",    "A",   "1a",  "_a",       "aB",
                                        "a-b", "a b", "a.b", "\xC3\xBC", "a\xC3\xBC",
                                        "a\n", "a`",  "a{",  "a@",       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_row(!attribute_key_valid(text_of(wrong[i])), wrong[i]);
    }
    assert_false(attribute_key_valid(TEXT_ABSENT));
    assert_false(attribute_key_valid(TEXT("a\0")));
}

#define TWENTY "12345678901234567890"

static void numbers_are_bounded_once_written_out(void **state)
{
    (void)state;
    static const char *const valid[] = {
        "0",       "-0",       "1",        "-1.5",  "100",      "0.001",
        "1e3",     "1E+3",     "1e-3",     TWENTY,  "-" TWENTY, TWENTY "." TWENTY,
        "1e19",    "1e-20",    "0.1e20",   "1.5e0", "1e0019",   "0e19",
        "0.0e-19", "12345e15", "0.001e22", "1e-20",
    };
    for (size_t i = 0; i < COUNT_OF(valid); i++) {
        assert_row(attribute_number_valid(text_of(valid[i])), valid[i]);
    }
    static const char *const wrong[] = {
        TWENTY "1",
        "0." TWENTY "1",
        "1e20",
        "1e-21",
        "1e999999",
        "1e-999999",
        "0e999999",
        "0e-999999",
        "12e19",
        "0.12e-19",
        "1e99999999999999999999999",
        "1e-99999999999999999999999",
        "1e9223372036854775807",
        "1.0e-20",
        "0.1e21",
        "0e20",
        "1e00019",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_row(!attribute_number_valid(text_of(wrong[i])), wrong[i]);
    }
}

static void numbers_are_those_of_json(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",   "-",  "+1", ".5",  "1.",  "01",  "-01",  "1e",    "1e+",  "1e1.5", "e5",
                                        "1 ", " 1", "1a", "NaN", "0x1", "--1", "1..2", "1.2.3", "1e5 ", "1e+-5"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_row(!attribute_number_valid(text_of(wrong[i])), wrong[i]);
    }
    assert_false(attribute_number_valid(TEXT_ABSENT));
    assert_false(attribute_number_valid(TEXT("1\0")));
}

static void urls_are_absolute_and_https(void **state)
{
    (void)state;
    static const char *const valid[] = {
        "https://example.com",          "https://example.com/",
        "HTTPS://Example.COM/a.jpg",    "https://example.com/a/b%20c.jpg?width=200&x=/?#top",
        "https://example.com?x",        "https://example.com#x",
        "https://example.com:8443/a",   "https://example.com:/a",
        "https://192.0.2.1/a",          "https://[2001:db8::1]/a",
        "https://[2001:db8::1]:8443/a", "https://xn--bcher-kva.example/~user/(1);a=b,c!*'$@:",
    };
    for (size_t i = 0; i < COUNT_OF(valid); i++) {
        assert_row(image_url_valid(text_of(valid[i])), valid[i]);
    }
}

static void other_urls_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "https",
        "https:",
        "https:/",
        "https://",
        "https:///a.jpg",
        "https://?x",
        "https://#x",
        "https://:443/",
        "http://example.com/",
        "httpsx://example.com/",
        "//example.com/a.jpg",
        "/a.jpg",
        "a.jpg",
        "javascript:alert(1)",
        " https://example.com/",
        "https://example.com/a b",
        "https://example.com/a\n",
        "https://example.com/\xC3\xBC",
        "https://xyz\xC3\xBC.example/",
        "https://example.com/<script>",
        "https://example.com/\"",
        "https://example.com/\\",
        "https://example.com/{a}",
        "https://example.com/a|b",
        "https://example.com/a^b",
        "https://example.com/a`b",
        "https://example.com/[a]",
        "https://example.com/%",
        "https://example.com/%2",
        "https://example.com/%2G",
        "https://example.com/%G2",
        "https://example.com/#a#b",
        "https://user@example.com/",
        "https://user:secret@example.com/",
        "https://example.com:https/",
        "https://example.com:65536/",
        "https://example.com:1:2/",
        "https://example.com:-1/",
        "https://[]/",
        "https://[:/",
        "https://[::1",
        "https://[::1/]",
        "https://[::g]/",
        "https://[::1]a/",
        "https://[::1]:x/",
        "https://exa[mple/",
    };
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_row(!image_url_valid(text_of(wrong[i])), wrong[i]);
    }
    assert_false(image_url_valid(TEXT_ABSENT));
    assert_false(image_url_valid(TEXT("https://example.com/\0")));
    assert_false(image_url_valid(TEXT("https://\0")));
    assert_false(image_url_valid(TEXT("https://exa\0mple/")));
}

static void urls_are_bounded(void **state)
{
    (void)state;
    char url[IMAGE_URL_MAX + 1];
    memset(url, 'a', sizeof url);
    memcpy(url, "https://", 8);
    assert_true(image_url_valid((struct text){.data = url, .length = IMAGE_URL_MAX}));
    assert_false(image_url_valid((struct text){.data = url, .length = IMAGE_URL_MAX + 1}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_their_alphabet),  cmocka_unit_test(numbers_are_bounded_once_written_out),
        cmocka_unit_test(numbers_are_those_of_json), cmocka_unit_test(urls_are_absolute_and_https),
        cmocka_unit_test(other_urls_are_refused),    cmocka_unit_test(urls_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

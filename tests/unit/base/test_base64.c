/* Tests of base/base64.h. */
#include "base/base64.h"

#include "check.h"

#include <string.h>

/* RFC 4648, section 10. */
static void the_vectors_of_the_rfc(void **state)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const size_t length = strlen(rows[i][0]);
        char out[BASE64_SIZE(6)];
        unsigned char back[6];
        size_t count = 99;

        base64_encode((const unsigned char *)rows[i][0], length, out);
        assert_string_equal(out, rows[i][1]);
        assert_true(base64_decode(text_of(out), back, sizeof back, &count));
        assert_int_equal(count, length);
        assert_memory_equal(back, rows[i][0], length);
    }
}

static void all_bytes_come_back(void **state)
{
    unsigned char bytes[256];
    unsigned char back[256];
    char out[BASE64_SIZE(256)];
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++) {
        bytes[i] = (unsigned char)i;
    }
    for (size_t length = 0; length <= sizeof bytes; length++) {
        base64_encode(bytes, length, out);
        assert_int_equal(strlen(out) + 1, BASE64_SIZE(length));
        assert_true(base64_decode(text_of(out), back, length, &count));
        assert_int_equal(count, length);
        assert_memory_equal(back, bytes, length);
    }
}

static void what_is_none_is_refused(void **state)
{
    static const char *const rows[] = {
        "Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Z=g=", "Zm9v\n", "Zm_v", "====", "Zm9vYmFy"};
    unsigned char bytes[5];
    size_t count = 7;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(!base64_decode(text_of(rows[i]), bytes, sizeof bytes, &count), rows[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc),
        cmocka_unit_test(all_bytes_come_back),
        cmocka_unit_test(what_is_none_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

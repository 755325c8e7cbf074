/* Tests of base/sha256.h, against the examples of FIPS 180-4 and of NIST's test vectors. */
#include "base/sha256.h"

#include "check.h"

#include <stdlib.h>
#include <string.h>

static void assert_digest(struct text bytes, const char *expected)
{
    char digest[SHA256_HEX_SIZE];
    struct sha256 sha;

    sha256_init(&sha);
    sha256_add(&sha, bytes);
    sha256_end(&sha, digest);
    assert_string_equal(digest, expected);
}

static void digests_are_those_of_the_standard(void **state)
{
    (void)state;
    assert_digest(TEXT(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_digest(TEXT("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_digest(TEXT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
                  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    assert_digest(
        TEXT("abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmn"
             "opqrstnopqrstu"),
        "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1");
    assert_digest((struct text){.data = "\xbd", .length = 1},
                  "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b");
}

static void a_million_bytes_have_their_digest(void **state)
{
    char *bytes = malloc(1000000);

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'a', 1000000);
    assert_digest((struct text){.data = bytes, .length = 1000000},
                  "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(bytes);
}

/* Around the ends of blocks, where the padding needs another one. */
static void it_makes_no_difference_how_bytes_are_cut(void **state)
{
    char bytes[200];

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    for (size_t length = 0; length <= sizeof bytes; length++) {
        char whole[SHA256_HEX_SIZE];
        char parts[SHA256_HEX_SIZE];
        struct sha256 sha;

        sha256_init(&sha);
        sha256_add(&sha, (struct text){.data = bytes, .length = length});
        sha256_end(&sha, whole);
        sha256_init(&sha);
        for (size_t at = 0; at < length;) {
            const size_t step = at % 7 + 1 < length - at ? at % 7 + 1 : length - at;
            sha256_add(&sha, (struct text){.data = bytes + at, .length = step});
            at += step;
        }
        sha256_end(&sha, parts);
        assert_string_equal(whole, parts);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_standard),
        cmocka_unit_test(a_million_bytes_have_their_digest),
        cmocka_unit_test(it_makes_no_difference_how_bytes_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

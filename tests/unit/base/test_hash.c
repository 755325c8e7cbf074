/* Tests of base/hash.h. */
#include "base/hash.h"

#include "check.h"

static uint64_t hash_two(struct text a, struct text b)
{
    return hash_add(hash_add(HASH_START, a), b);
}

static void parts_do_not_run_together(void **state)
{
    (void)state;
    const uint64_t hashes[] = {
        hash_two(TEXT("a"), TEXT("bc")),    hash_two(TEXT("ab"), TEXT("c")),
        hash_two(TEXT("abc"), TEXT("")),    hash_two(TEXT(""), TEXT("abc")),
        hash_two(TEXT("abc"), TEXT_ABSENT), hash_two(TEXT_ABSENT, TEXT("abc")),
        hash_two(TEXT_ABSENT, TEXT("")),    hash_two(TEXT(""), TEXT_ABSENT),
        hash_add(HASH_START, TEXT("abc")),  HASH_START,
    };
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(hashes[i], hashes[j]);
        }
    }
}

/* Cursors that clients hold carry it: it must not change from one release to the next. */
static void the_value_is_stable(void **state)
{
    (void)state;
    assert_int_equal(hash_add(HASH_START, TEXT("abc")), UINT64_C(0x26E84F23F6BE2601));
    assert_int_equal(hash_add(HASH_START, TEXT_ABSENT), UINT64_C(0xE604823A249029BF));
}

static struct hash_wide wide(struct text a, struct text b)
{
    struct hash_wide hash = hash_wide_start();

    hash_wide_add(&hash, a);
    hash_wide_add(&hash, b);
    hash_wide_end(&hash);
    return hash;
}

/* Every change of one bit of a text of every length up to a few words is another pair of numbers, in both of its parts. */
static void each_bit_counts_in_the_wide_hash(void **state)
{
    char text[40] = "a text of some length, that is changed.";

    (void)state;
    for (size_t length = 1; length < sizeof(text); length++) {
        const struct text whole = {.data = text, .length = length};
        const struct hash_wide before = wide(whole, TEXT("x"));
        for (size_t bit = 0; bit < length * 8; bit++) {
            text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
            const struct hash_wide after = wide(whole, TEXT("x"));
            assert_int_not_equal(before.part[0], after.part[0]);
            assert_int_not_equal(before.part[1], after.part[1]);
            text[bit / 8] = (char)(text[bit / 8] ^ (1 << bit % 8));
        }
        assert_int_equal(wide(whole, TEXT("x")).part[0], before.part[0]);
    }
    assert_int_not_equal(wide(TEXT("ab"), TEXT("c")).part[0], wide(TEXT("a"), TEXT("bc")).part[0]);
    assert_int_not_equal(wide(TEXT("a"), TEXT_ABSENT).part[0], wide(TEXT_ABSENT, TEXT("a")).part[0]);
    assert_int_not_equal(wide(TEXT("a\0"), TEXT("")).part[1], wide(TEXT("a"), TEXT("")).part[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_do_not_run_together),
        cmocka_unit_test(the_value_is_stable),
        cmocka_unit_test(each_bit_counts_in_the_wide_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

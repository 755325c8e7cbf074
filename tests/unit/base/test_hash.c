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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_do_not_run_together),
        cmocka_unit_test(the_value_is_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

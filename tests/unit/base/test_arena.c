/* Tests of base/arena.h. */
#include "base/arena.h"

#include "check.h"

#include <stdalign.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER
#endif

#ifdef WITH_SANITIZER
#include <sanitizer/asan_interface.h>
#define is_poisoned(address) (__asan_address_is_poisoned(address) != 0)
#else
#define is_poisoned(address) ((void)(address), true) /* nobody to tell */
#endif

#define FIRST_BLOCK 1024

static int make_arena(void **state)
{
    *state = arena_new(FIRST_BLOCK);
    return 0;
}

static int free_arena(void **state)
{
    arena_free(*state);
    return 0;
}

static void memory_is_zeroed_and_aligned(void **state)
{
    struct arena *arena = *state;
    for (unsigned round = 0; round < 3; round++) {
        for (size_t size = 0; size < 300; size++) {
            unsigned char *block = arena_alloc(arena, size);
            assert_int_equal((uintptr_t)block % alignof(max_align_t), 0);
            for (size_t i = 0; i < size; i++) {
                assert_int_equal(block[i], 0);
            }
            memset(block, 0xFF, size);
        }
        arena_reset(arena);
    }
}

static void allocations_do_not_overlap(void **state)
{
    struct arena *arena = *state;
    unsigned char *blocks[200];
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        blocks[i] = arena_alloc(arena, i + 1);
        memset(blocks[i], (int)i, i + 1);
    }
    for (size_t i = 0; i < COUNT_OF(blocks); i++) {
        for (size_t j = 0; j <= i; j++) {
            assert_int_equal(blocks[i][j], i);
        }
    }
}

static void an_allocation_may_be_larger_than_a_block(void **state)
{
    struct arena *arena = *state;
    unsigned char *block = arena_alloc(arena, 100 * FIRST_BLOCK);
    memset(block, 1, 100 * FIRST_BLOCK);
    assert_true(arena_footprint(arena) > 100 * FIRST_BLOCK);
    assert_non_null(arena_alloc(arena, 1));
}

static void a_reset_gives_back_all_but_the_first_block(void **state)
{
    struct arena *arena = *state;
    size_t empty = arena_footprint(arena);
    assert_true(empty >= FIRST_BLOCK);
    assert_true(empty < FIRST_BLOCK + 256);
    void *first = arena_alloc(arena, 10);
    assert_int_equal(arena_footprint(arena), empty);
    for (unsigned i = 0; i < 1000; i++) {
        arena_alloc(arena, 1000);
    }
    assert_true(arena_footprint(arena) > 1000000);
    arena_reset(arena);
    assert_int_equal(arena_footprint(arena), empty);
    assert_ptr_equal(arena_alloc(arena, 10), first);
}

/* What a request left behind is caught under AddressSanitizer when the next one reads it, and so is a read beyond. */
static void memory_is_poisoned_after_the_reset(void **state)
{
    struct arena *arena = *state;
    const char *block = arena_alloc(arena, 16);
    assert_true(is_poisoned(block + 16));
    arena_reset(arena);
    assert_true(is_poisoned(block));
}

static void copies_are_terminated_and_apart(void **state)
{
    struct arena *arena = *state;
    char original[] = "a\0b";
    struct text copy = arena_copy(arena, (struct text){.data = original, .length = 3});
    original[0] = 'x';
    assert_int_equal(copy.length, 3);
    assert_memory_equal(copy.data, "a\0b", 4);
    assert_text(arena_copy(arena, TEXT_ABSENT), NULL);
    assert_text(arena_copy(arena, TEXT("")), "");
    assert_string_equal(arena_string(arena, TEXT("abc")), "abc");
    assert_string_equal(arena_string(arena, TEXT_ABSENT), "");
    struct text part = {.data = "abcdef", .length = 3};
    assert_string_equal(arena_string(arena, part), "abc");
}

/* Around the size of the buffer on the stack that short strings go through. */
static void formats_strings_of_any_length(void **state)
{
    struct arena *arena = *state;
    assert_text(arena_printf(arena, "%s-%d", "a", 7), "a-7");
    assert_text(arena_printf(arena, "%s", ""), "");
    char digits[600];
    memset(digits, '7', sizeof digits);
    for (int length = 250; length < 600; length++) {
        struct text text = arena_printf(arena, "%.*s", length, digits);
        assert_int_equal(text.length, length);
        assert_memory_equal(text.data, digits, (size_t)length);
        assert_int_equal(text.data[length], '\0');
    }
}

struct witness {
    char *log;
    char name;
};

static void note(void *object)
{
    struct witness *witness = object;
    size_t length = strlen(witness->log);
    witness->log[length] = witness->name;
}

static void the_last_deferred_runs_first(void **state)
{
    struct arena *arena = *state;
    char log[8] = "";
    struct witness witnesses[] = {{log, 'a'}, {log, 'b'}, {log, 'c'}};
    for (size_t i = 0; i < COUNT_OF(witnesses); i++) {
        arena_defer(arena, note, &witnesses[i]);
    }
    assert_string_equal(log, "");
    arena_reset(arena);
    assert_string_equal(log, "cba");
    arena_reset(arena);
    assert_string_equal(log, "cba");
}

static void freeing_runs_what_was_deferred(void **state)
{
    (void)state;
    char log[8] = "";
    struct arena *arena = arena_new(0);
    struct witness witness = {log, 'a'};
    arena_defer(arena, note, &witness);
    arena_free(arena);
    assert_string_equal(log, "a");
    arena_free(NULL);
}

/* What is deferred may look at what the arena holds: a library's object may point into it. */
static void memory_is_valid_while_the_deferred_run(void **state)
{
    struct arena *arena = *state;
    char log[8] = "";
    struct witness *inside = arena_alloc(arena, sizeof *inside);
    *inside = (struct witness){log, 'i'};
    arena_alloc(arena, 10 * FIRST_BLOCK);
    arena_defer(arena, note, inside);
    arena_reset(arena);
    assert_string_equal(log, "i");
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, make_arena, free_arena)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_ARENA(memory_is_zeroed_and_aligned),
        WITH_ARENA(allocations_do_not_overlap),
        WITH_ARENA(an_allocation_may_be_larger_than_a_block),
        WITH_ARENA(a_reset_gives_back_all_but_the_first_block),
        WITH_ARENA(memory_is_poisoned_after_the_reset),
        WITH_ARENA(copies_are_terminated_and_apart),
        WITH_ARENA(formats_strings_of_any_length),
        WITH_ARENA(the_last_deferred_runs_first),
        cmocka_unit_test(freeing_runs_what_was_deferred),
        WITH_ARENA(memory_is_valid_while_the_deferred_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

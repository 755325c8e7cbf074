/* The worker's own cache: what it holds, for how long, and that it stays within its bound. */
#include "cache/product_memory.h"

#include "../base/check.h"

#include "base/clock.h"
#include "base/uuid.h"

#include <stdio.h>
#include <string.h>

#define BOUND ((size_t)64 * 1024)
#define HELD 200

static struct text id_of(unsigned number)
{
    static char ids[8][UUID_TEXT_LENGTH + 1];
    char *id = ids[number % 8];

    (void)snprintf(id, sizeof ids[0], "0193a7c0-9a3e-7cc3-98c4-%012x", number);
    return text_of(id);
}

#define WORD 7U
#define NOW_NS (1000 * CLOCK_NS_PER_S)

static void put(struct product_memory *memory, struct text id, uint64_t word, int64_t version, struct text json)
{
    const struct held_product product = {.version = version, .json = json, .held_ns = NOW_NS, .guard = "guard"};
    product_memory_put(memory, id, word, &product);
}

static void assert_holds(struct product_memory *memory, struct text id, int64_t version, struct text json)
{
    struct held_product held;

    assert_true(product_memory_get(memory, id, WORD, NOW_NS, &held));
    assert_int_equal(held.version, version);
    assert_text(held.json, json.data);
    assert_string_equal(held.guard, "guard");
}

static bool holds(struct product_memory *memory, struct text id)
{
    struct held_product held;
    return product_memory_get(memory, id, WORD, NOW_NS, &held);
}

static void what_is_put_is_held(void **state)
{
    struct product_memory *memory = product_memory_new(BOUND, 60);

    (void)state;
    assert_false(holds(memory, id_of(1)));
    put(memory, id_of(1), WORD, 1, TEXT("{\"a\":1}"));
    put(memory, id_of(2), WORD, 7, TEXT("{\"b\":2}"));
    assert_holds(memory, id_of(1), 1, TEXT("{\"a\":1}"));
    assert_holds(memory, id_of(2), 7, TEXT("{\"b\":2}"));
    assert_false(holds(memory, TEXT("ready")));
    product_memory_free(memory);
}

static void what_is_held_under_another_word_is_not_there(void **state)
{
    struct product_memory *memory = product_memory_new(BOUND, 60);
    const size_t empty = product_memory_bytes(memory);

    (void)state;
    put(memory, id_of(1), WORD + 1, 2, TEXT("{2}"));
    assert_false(holds(memory, id_of(1)));
    assert_int_equal(product_memory_bytes(memory), empty);
    put(memory, id_of(1), WORD + 1, 2, TEXT("{2}"));
    put(memory, id_of(1), WORD, 1, TEXT("{1}"));
    assert_holds(memory, id_of(1), 1, TEXT("{1}"));
    product_memory_free(memory);
}

static void what_is_cleared_is_gone(void **state)
{
    struct product_memory *memory = product_memory_new(BOUND, 60);
    const size_t empty = product_memory_bytes(memory);

    (void)state;
    put(memory, id_of(1), WORD, 1, TEXT("{1}"));
    put(memory, id_of(2), WORD, 1, TEXT("{1}"));
    product_memory_clear(memory);
    assert_false(holds(memory, id_of(1)));
    assert_false(holds(memory, id_of(2)));
    assert_int_equal(product_memory_bytes(memory), empty);
    put(memory, id_of(2), WORD, 1, TEXT("{1}"));
    assert_true(holds(memory, id_of(2)));
    product_memory_free(memory);
}

static void the_one_used_longest_ago_leaves_first(void **state)
{
    static char json[BOUND / 4 - 512];
    const struct text large = {.data = memset(json, 'x', sizeof json), .length = sizeof json};
    struct product_memory *memory = product_memory_new(BOUND, 60);

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        put(memory, id_of(i), WORD, 1, large);
    }
    assert_true(holds(memory, id_of(0)));
    put(memory, id_of(4), WORD, 1, large);
    assert_true(holds(memory, id_of(0)));
    assert_false(holds(memory, id_of(1)));
    assert_true(holds(memory, id_of(2)));
    assert_true(product_memory_bytes(memory) <= BOUND);
    product_memory_free(memory);
}

static void it_stays_within_its_bound(void **state)
{
    struct product_memory *memory = product_memory_new(BOUND, 60);
    char json[900];

    (void)state;
    memset(json, 'x', sizeof json);
    for (unsigned i = 0; i < 10000; i++) {
        put(memory, id_of(i), WORD, 1, (struct text){.data = json, .length = i * 7 % sizeof json});
        assert_true(product_memory_bytes(memory) <= BOUND);
    }
    assert_true(product_memory_bytes(memory) > BOUND / 2);
    assert_true(holds(memory, id_of(9999)));
    assert_false(holds(memory, id_of(0)));
    product_memory_free(memory);
}

static void what_is_too_large_is_not_held(void **state)
{
    static char json[BOUND / 4];
    struct product_memory *memory = product_memory_new(BOUND, 60);

    (void)state;
    put(memory, id_of(1), WORD, 1, (struct text){.data = json, .length = sizeof json});
    assert_false(holds(memory, id_of(1)));
    product_memory_free(memory);
}

static void with_a_bound_of_nothing_nothing_is_held(void **state)
{
    struct product_memory *memory = product_memory_new(0, 60);

    (void)state;
    put(memory, id_of(1), WORD, 1, TEXT("{}"));
    assert_false(holds(memory, id_of(1)));
    assert_int_equal(product_memory_bytes(memory), 0);
    product_memory_free(memory);
    product_memory_free(NULL);
}

static void an_entry_expires_and_can_be_looked_at_still(void **state)
{
    struct product_memory *memory = product_memory_new(BOUND, 1);
    struct held_product held;
    uint64_t word = 0;

    (void)state;
    assert_false(product_memory_peek(memory, id_of(1), &held, &word));
    put(memory, id_of(1), WORD, 1, TEXT("{}"));
    assert_true(holds(memory, id_of(1)));
    assert_true(product_memory_get(memory, id_of(1), WORD, NOW_NS + CLOCK_NS_PER_S - 1, &held));
    assert_false(product_memory_get(memory, id_of(1), WORD, NOW_NS + CLOCK_NS_PER_S, &held));
    assert_true(product_memory_peek(memory, id_of(1), &held, &word));
    assert_int_equal(word, WORD);
    assert_int_equal(held.held_ns, NOW_NS);
    assert_int_equal(held.version, 1);
    product_memory_free(memory);
}

/* Memory of what leaves is used for what comes, where it is of about the same size. */
static void whatever_the_sizes_each_is_what_was_put(void **state)
{
    struct product_memory *memory = product_memory_new(BOUND, 60);
    static char json[4096];
    static size_t lengths[HELD];
    unsigned seed = 1;
    size_t found = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        seed = seed * 1103515245 + 12345;
        const unsigned number = (seed >> 16) % HELD;
        lengths[number] = 1 + (seed >> 8) % (i % 3 == 0 ? sizeof json : 64);
        memset(json, (int)('a' + number % 26), lengths[number]);
        put(memory, id_of(number), WORD, number, (struct text){.data = json, .length = lengths[number]});
        assert_in_range(product_memory_bytes(memory), 0, BOUND);
    }
    for (unsigned number = 0; number < HELD; number++) {
        struct held_product held;

        if (!product_memory_get(memory, id_of(number), WORD, NOW_NS, &held)) {
            continue;
        }
        found++;
        memset(json, (int)('a' + number % 26), sizeof json);
        assert_int_equal(held.version, number);
        assert_int_equal(held.json.length, lengths[number]);
        assert_memory_equal(held.json.data, json, lengths[number]);
    }
    assert_in_range(found, 10, HELD - 1);
    product_memory_free(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_put_is_held),
        cmocka_unit_test(what_is_held_under_another_word_is_not_there),
        cmocka_unit_test(what_is_cleared_is_gone),
        cmocka_unit_test(the_one_used_longest_ago_leaves_first),
        cmocka_unit_test(it_stays_within_its_bound),
        cmocka_unit_test(whatever_the_sizes_each_is_what_was_put),
        cmocka_unit_test(what_is_too_large_is_not_held),
        cmocka_unit_test(with_a_bound_of_nothing_nothing_is_held),
        cmocka_unit_test(an_entry_expires_and_can_be_looked_at_still),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

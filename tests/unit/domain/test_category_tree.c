/* Tests of domain/category_tree.h. */
#include "domain/category_tree.h"

#include "../base/check.h"

#include <stdlib.h>
#include <string.h>

static struct arena *arena;

static int setup(void **state)
{
    (void)state;
    arena = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct record category(const char *id, const char *parent)
{
    return (struct record){.value = {[CATEGORY_ID] = text_of(id), [CATEGORY_PARENT_ID] = text_of(parent)}};
}

/* "a(bc)d": each category by its id, those below it in brackets. */
static char *draw(const struct category_tree *tree, uint32_t at, char *out)
{
    for (; at != CATEGORY_TREE_END; at = tree->nodes[at].next) {
        const uint32_t child = tree->nodes[at].first_child;
        out = stpcpy(out, tree->categories[at].value[CATEGORY_ID].data);
        if (child != CATEGORY_TREE_END) {
            assert_int_equal(tree->nodes[child].parent, at);
            out = stpcpy(draw(tree, child, stpcpy(out, "(")), ")");
        }
    }
    *out = '\0';
    return out;
}

static void assert_tree(const struct record *categories, size_t count, const char *top, const char *wanted)
{
    char drawn[100] = "";
    const struct category_tree tree = category_tree_make(arena, categories, count, text_of(top));
    (void)draw(&tree, tree.first, drawn);
    assert_string_equal(drawn, wanted);
}

static void children_stand_below_their_parents(void **state)
{
    const struct record categories[] = {category("c", "a"), category("d", NULL), category("a", NULL),
                                        category("b", "a"), category("f", "c"),  category("e", "c")};
    (void)state;
    assert_tree(categories, COUNT_OF(categories), NULL, "da(c(fe)b)");
    assert_tree(categories, COUNT_OF(categories), "a", "c(fe)b");
    assert_tree(categories, COUNT_OF(categories), "c", "fe");
    assert_tree(categories, COUNT_OF(categories), "e", "");
    assert_tree(categories, COUNT_OF(categories), "x", "");
    assert_tree(categories, 0, NULL, "");
}

static void what_cannot_be_reached_is_left_out(void **state)
{
    const struct record categories[] = {category("a", NULL), category("b", "c"), category("c", "b"),
                                        category("d", "x"),  category("e", "b"), category("f", "f")};
    (void)state;
    assert_tree(categories, COUNT_OF(categories), NULL, "a");
    assert_tree(categories, COUNT_OF(categories), "x", "d");
    assert_tree(categories, COUNT_OF(categories), "b", "c(b)e");
    assert_tree(categories, COUNT_OF(categories), "f", "f");
}

static void as_many_as_there_may_be_are_linked(void **state)
{
    struct record *categories = calloc(CATEGORY_TREE_MAX, sizeof(*categories));
    static char ids[CATEGORY_TREE_MAX][6];
    size_t seen = 0;
    (void)state;
    assert_non_null(categories);
    for (size_t i = 0; i < CATEGORY_TREE_MAX; i++) {
        const size_t number = i * 7919 % CATEGORY_TREE_MAX;
        for (size_t digit = 0, left = number; digit < 5; digit++, left /= 10) {
            ids[i][4 - digit] = (char)('0' + left % 10);
        }
        categories[i] = category(ids[i], i == 0 ? NULL : ids[(i - 1) / 10]);
    }
    const struct category_tree tree = category_tree_make(arena, categories, CATEGORY_TREE_MAX, TEXT_ABSENT);
    for (size_t i = 0; i < CATEGORY_TREE_MAX; i++) {
        assert_int_equal(tree.nodes[i].parent, i == 0 ? CATEGORY_TREE_END : (i - 1) / 10);
        for (uint32_t at = tree.nodes[i].first_child; at != CATEGORY_TREE_END; at = tree.nodes[at].next) {
            seen++;
        }
    }
    assert_int_equal(tree.first, 0);
    assert_int_equal(seen, CATEGORY_TREE_MAX - 1);
    free(categories);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(children_stand_below_their_parents),
        cmocka_unit_test(what_cannot_be_reached_is_left_out),
        cmocka_unit_test(as_many_as_there_may_be_are_linked),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}

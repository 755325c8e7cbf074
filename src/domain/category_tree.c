/* Linking categories to their parents, which are found by a binary search. */
#include "domain/category_tree.h"

#include <stdlib.h>
#include <string.h>

/* An id, and where its category stands. Ids are UUIDs in lower case and so of one length. */
struct place {
    struct text id;
    uint32_t index;
};

static int compare_ids(struct text a, struct text b)
{
    const size_t length = a.length < b.length ? a.length : b.length;
    const int order = memcmp(a.data, b.data, length);

    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_places(const void *a, const void *b)
{
    return compare_ids(((const struct place *)a)->id, ((const struct place *)b)->id);
}

static struct place *sorted_places(struct arena *arena, const struct record *categories, size_t count)
{
    struct place *places = arena_alloc(arena, (count + 1) * sizeof(*places));

    for (size_t i = 0; i < count; i++) {
        places[i] = (struct place){.id = categories[i].value[CATEGORY_ID], .index = (uint32_t)i};
    }
    qsort(places, count, sizeof(*places), compare_places);
    return places;
}

static uint32_t index_of(const struct place *places, size_t count, struct text id)
{
    const struct place wanted = {.id = id};
    const struct place *found =
        id.data == NULL ? NULL : bsearch(&wanted, places, count, sizeof(*places), compare_places);

    return found != NULL ? found->index : CATEGORY_TREE_END;
}

struct category_tree category_tree_make(struct arena *arena, const struct record *categories, size_t count,
                                        struct text top)
{
    const struct place *places = sorted_places(arena, categories, count);
    struct category_node *nodes = arena_alloc(arena, (count + 1) * sizeof(*nodes));
    struct category_tree tree = {.categories = categories, .nodes = nodes, .first = CATEGORY_TREE_END};

    for (size_t i = 0; i < count; i++) {
        nodes[i] = (struct category_node){CATEGORY_TREE_END, CATEGORY_TREE_END, CATEGORY_TREE_END};
    }
    /* From the last to the first, each put before its siblings. */
    for (size_t i = count; i-- > 0;) {
        const struct text parent_id = categories[i].value[CATEGORY_PARENT_ID];
        uint32_t *siblings = NULL;

        if (text_equal(parent_id, top)) {
            siblings = &tree.first;
        } else {
            nodes[i].parent = index_of(places, count, parent_id);
            siblings = nodes[i].parent != CATEGORY_TREE_END ? &nodes[nodes[i].parent].first_child : NULL;
        }
        if (siblings != NULL) {
            nodes[i].next = *siblings;
            *siblings = (uint32_t)i;
        }
    }
    return tree;
}

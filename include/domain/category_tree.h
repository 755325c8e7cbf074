/* A list of categories as the tree that their parents make of it. Pure. */
#ifndef DOMAIN_CATEGORY_TREE_H
#define DOMAIN_CATEGORY_TREE_H

#include "base/arena.h"
#include "domain/category.h"

#include <stddef.h>
#include <stdint.h>

/* Categories that a tree may have to be shown as one. */
#define CATEGORY_TREE_MAX 10000

#define CATEGORY_TREE_END UINT32_MAX

struct category_node {
    uint32_t parent; /* index of a category, or CATEGORY_TREE_END */
    uint32_t first_child;
    uint32_t next; /* the next one with the same parent */
};

struct category_tree {
    const struct record *categories;
    const struct category_node *nodes; /* by the index of the category */
    uint32_t first;                    /* of those at the top, or CATEGORY_TREE_END */
};

/* Links the categories (at most CATEGORY_TREE_MAX) in the arena; siblings keep the order in which they come. At the top
 * stand those whose parent is top, which is absent for those without one. What cannot be reached from there is
 * not part of the tree. Each is in it once at most, even where parents went round in a circle. */
struct category_tree category_tree_make(struct arena *arena, const struct record *categories, size_t count,
                                        struct text top);

#endif

/* The tree of categories to JSON. */
#ifndef JSON_TREE_H
#define JSON_TREE_H

#include "base/strbuf.h"
#include "domain/category_tree.h"

/* Writes an array of the categories at the top, each with those below it as its last member "children", an array too.
 * Categories that stand more than CATEGORY_DEPTH_MAX levels deep are left out. */
void json_write_category_tree(struct strbuf *out, const struct category_tree *tree);

#endif

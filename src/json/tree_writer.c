/* The tree of categories, written in one walk that goes down by first children and up by parents. */
#include "json/tree.h"

#include "json/record.h"

/* A category up to its first child: its own object, opened again. */
static void open_node(struct strbuf *out, const struct record *category)
{
    json_write_record(out, &category_schema, category);
    if (!out->overflowed) {
        out->length--; /* the brace that json_write_record ends with */
    }
    strbuf_append_text(out, TEXT(",\"children\":["));
}

void json_write_category_tree(struct strbuf *out, const struct category_tree *tree)
{
    uint32_t at = tree->first;
    unsigned level = 1;

    strbuf_append_char(out, '[');
    while (at != CATEGORY_TREE_END) {
        const struct category_node *node = &tree->nodes[at];

        open_node(out, &tree->categories[at]);
        if (node->first_child != CATEGORY_TREE_END && level < CATEGORY_DEPTH_MAX) {
            at = node->first_child;
            level++;
            continue;
        }
        strbuf_append_text(out, TEXT("]}"));
        while (node->next == CATEGORY_TREE_END && level > 1) {
            node = &tree->nodes[node->parent];
            level--;
            strbuf_append_text(out, TEXT("]}"));
        }
        at = node->next;
        if (at != CATEGORY_TREE_END) {
            strbuf_append_char(out, ',');
        }
    }
    strbuf_append_char(out, ']');
}

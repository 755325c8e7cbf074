/* Categories: few and seldom read, so they are not cached. The writes stand in category_change.c. */
#include "catalog_internal.h"

#include "store/category_store.h"

#include <string.h>

enum status catalog_category_get(struct catalog *catalog, struct scope *scope, struct text id, struct record *category)
{
    return category_store_get(catalog->options.pg, scope, id, category);
}

enum status catalog_category_list(struct catalog *catalog, struct scope *scope, const struct category_query *query,
                                  struct category_page *page)
{
    enum status status =
        category_store_list(catalog->options.pg, scope, query, &page->categories, &page->count, &page->more);

    if (status == STATUS_OK && page->more) {
        page->next = (struct cursor){.fingerprint = category_query_fingerprint(query)};
        memcpy(page->next.id, page->categories[page->count - 1].value[CATEGORY_ID].data, UUID_TEXT_LENGTH);
        page->next.id[UUID_TEXT_LENGTH] = '\0';
    }
    return status;
}

enum status catalog_category_tree(struct catalog *catalog, struct scope *scope, struct text top,
                                  struct category_tree *tree)
{
    struct record *categories = NULL;
    size_t count = 0;
    enum status status = category_store_all(catalog->options.pg, scope, CATEGORY_TREE_MAX, &categories, &count);

    if (status == STATUS_OK) {
        *tree = category_tree_make(scope->arena, categories, count, top);
    }
    return status;
}

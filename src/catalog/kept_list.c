/* Between handlers, who know answers, and the cache, which knows generations. */
#include "catalog/kept_list.h"

#include "catalog_internal.h"

bool catalog_list_find(struct catalog *catalog, struct text key, struct kept_list *list)
{
    struct cached_answer answer;

    if (!product_cache_get_answer(catalog->options.cache, key, &answer)) {
        return false;
    }
    *list = (struct kept_list){.tag = answer.tag, .head = answer.head, .body = answer.body};
    return true;
}

void catalog_list_note(struct catalog *catalog, struct scope *scope, enum list_extent extent, struct text category)
{
    static const enum cache_extent extents[] = {
        [LIST_OF_PRODUCTS] = CACHE_CATALOGUE,
        [LIST_OF_A_CATEGORY] = CACHE_CATEGORY,
        [LIST_OF_CATEGORIES] = CACHE_CATEGORIES,
    };

    catalog->noted = product_cache_generation(catalog->options.cache, scope, extents[extent], category);
}

void catalog_list_keep(struct catalog *catalog, struct text key, const struct kept_list *list)
{
    const struct cached_answer answer = {.tag = list->tag, .head = list->head, .body = list->body};

    product_cache_put_answer(catalog->options.cache, key, &answer, &catalog->noted);
    catalog->noted.usable = false;
}

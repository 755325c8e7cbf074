/* Lists of products, from the database; their pages, and the cursors to the ones beside them. */
#include "catalog_internal.h"

#include "base/log.h"
#include "store/category_many.h"
#include "store/product_facets_store.h"
#include "store/product_list.h"

#include <string.h>

/* The cursor to what lies beyond a place. */
static enum status cursor_at(const struct product_query *query, const struct product_place *place, bool backward,
                             struct cursor *cursor)
{
    *cursor = (struct cursor){.fingerprint = product_query_fingerprint(query), .backward = backward};
    if (place->key.length == 0 || place->key.length > CURSOR_KEY_MAX || place->id.length != UUID_TEXT_LENGTH) {
        log_error("product %.*s has no place in the list that a cursor could hold", TEXT_PRINT(place->id));
        return STATUS_INTERNAL;
    }
    memcpy(cursor->key, place->key.data, place->key.length);
    cursor->key_length = place->key.length;
    memcpy(cursor->id, place->id.data, UUID_TEXT_LENGTH);
    return STATUS_OK;
}

/* The cursor from a page back to where it came from: before its first row, or behind its last. A page without rows has
 * none, and turns round at its own cursor, with the row there if that had been left out. */
static enum status cursor_back(const struct product_query *query, const struct product_list *list,
                               struct cursor *cursor)
{
    const bool backward = !query->cursor.backward;

    if (list->count > 0) {
        return cursor_at(query, backward ? &list->first : &list->last, backward, cursor);
    }
    *cursor = query->cursor;
    cursor->backward = backward;
    cursor->inclusive = !query->cursor.inclusive;
    return STATUS_OK;
}

enum status catalog_product_list(struct catalog *catalog, struct scope *scope, const struct product_query *query,
                                 struct product_page *page)
{
    const bool backward = query->has_cursor && query->cursor.backward;
    struct product_list list;
    enum status status = product_list_read(catalog->options.pg, scope, query, &list);

    if (status != STATUS_OK) {
        return status;
    }
    *page = (struct product_page){.products = list.products,
                                  .count = list.count,
                                  .more = list.more,
                                  .before = query->has_cursor,
                                  .note = list.note};
    if (list.more) {
        status = cursor_at(query, &list.beyond, backward, &page->next);
    }
    if (status == STATUS_OK && query->has_cursor) {
        status = cursor_back(query, &list, &page->previous);
    }
    if (backward) {
        const struct cursor kept = page->next;

        page->next = page->previous;
        page->previous = kept;
        page->more = true;
        page->before = list.more;
    }
    return status;
}

enum status catalog_product_count(struct catalog *catalog, struct scope *scope, const struct product_query *query,
                                  enum product_count kind, uint64_t *count)
{
    return kind == PRODUCT_COUNT_EXACT ? product_list_count(catalog->options.pg, scope, query, count)
                                       : product_list_estimate(catalog->options.pg, scope, query, count);
}

enum status catalog_product_facets(struct catalog *catalog, struct scope *scope, const struct product_query *query,
                                   struct product_facets *facets, struct search_note *note)
{
    return product_facets_read(catalog->options.pg, scope, query, facets, note);
}

enum status catalog_categories_of(struct catalog *catalog, struct scope *scope, const struct text *ids, size_t count,
                                  struct record **categories, size_t *found)
{
    return category_store_get_many(catalog->options.pg, scope, ids, count, categories, found);
}

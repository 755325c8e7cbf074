/* Reading products: one by id through the cache, lists from the database. */
#include "catalog_internal.h"

#include "base/log.h"
#include "base/uuid.h"
#include "cache/product_cache.h"
#include "domain/timestamp.h"
#include "store/pg.h"
#include "store/product_store.h"

#include <string.h>

enum status catalog_product_get(struct catalog *catalog, struct scope *scope, struct text id, bool fresh,
                                struct product_view *view)
{
    struct product_cache *cache = catalog->options.cache;
    struct cache_ticket ticket = {0};
    struct cached_product cached;
    struct record product;
    enum status status;

    /* Which database it is decides on what is cached of it: a process that has just begun asks first. */
    if (!product_cache_is_attached(cache) && pg_connect(catalog->options.pg, scope) != STATUS_OK) {
        return STATUS_UNAVAILABLE;
    }
    if (!fresh && product_cache_get(cache, scope, id, &cached, &ticket) == STATUS_OK) {
        *view = (struct product_view){.version = cached.version, .json = cached.json};
        return STATUS_OK;
    }
    status = product_store_get(catalog->options.pg, scope, id, &product);
    if (status == STATUS_OK) {
        status = catalog_render(catalog, scope, &product, view);
    }
    if (status == STATUS_OK) {
        catalog_keep(catalog, scope, id, view, &ticket);
    } else {
        product_cache_forgo(cache, scope, id, &ticket);
    }
    return status;
}

enum status catalog_product_list(struct catalog *catalog, struct scope *scope, const struct product_query *query,
                                 struct product_page *page)
{
    enum status status =
        product_store_list(catalog->options.pg, scope, query, &page->products, &page->count, &page->more);

    if (status == STATUS_OK && page->more) {
        const struct record *last = &page->products[page->count - 1];

        page->next.fingerprint = product_query_fingerprint(query);
        memcpy(page->next.id, last->value[PRODUCT_ID].data, UUID_TEXT_LENGTH);
        page->next.id[UUID_TEXT_LENGTH] = '\0';
        if (!timestamp_to_micros(last->value[PRODUCT_CREATED_AT], &page->next.at_us)) {
            log_error("product %s has no time of creation that a cursor could hold", page->next.id);
            status = STATUS_INTERNAL;
        }
    }
    return status;
}

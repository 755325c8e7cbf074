/* One product by its id, through the cache. Lists stand in catalog_list.c. */
#include "catalog_internal.h"

#include "base/log.h"
#include "base/uuid.h"
#include "cache/product_cache.h"
#include "domain/timestamp.h"
#include "store/product_store.h"

#include <string.h>

enum status catalog_product_get(struct catalog *catalog, struct scope *scope, struct text id, bool fresh,
                                struct product_view *view)
{
    struct product_cache *cache = catalog->options.cache;
    struct cache_ticket ticket = {0};
    struct cached_product cached;
    struct record product;
    enum status status = catalog_know_database(catalog, scope);

    if (status != STATUS_OK) {
        return status;
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

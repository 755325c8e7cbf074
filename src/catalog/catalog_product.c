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
    struct cached_product cached;
    struct record product;
    enum status status;

    if (!fresh && product_cache_get(catalog->options.cache, scope, id, &cached) == STATUS_OK) {
        *view = (struct product_view){.version = cached.version, .json = cached.json};
        return STATUS_OK;
    }
    status = product_store_get(catalog->options.pg, scope, id, &product);
    if (status == STATUS_OK) {
        status = catalog_render(catalog, scope, &product, view);
    }
    if (status == STATUS_OK && !fresh) {
        catalog_keep(catalog, scope, id, view);
    }
    return status;
}

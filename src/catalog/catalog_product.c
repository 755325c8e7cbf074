/* One product by its id, through the cache. Lists stand in catalog_list.c. */
#include "catalog_internal.h"

#include "base/log.h"
#include "base/uuid.h"
#include "cache/product_cache.h"
#include "domain/timestamp.h"
#include "store/pg.h"
#include "store/product_store.h"

#include <string.h>

/* Where the database cannot be asked. */
static bool show_unproven(struct catalog *catalog, struct text id, struct product_view *view)
{
    struct cached_product cached;
    int64_t age_ms = 0;

    if (catalog->options.stale_ms_max == 0 ||
        !product_cache_get_unproven(catalog->options.cache, id, catalog->options.stale_ms_max, &cached, &age_ms)) {
        return false;
    }
    *view = (struct product_view){.version = cached.version, .json = cached.json, .unproven = true, .age_ms = age_ms};
    return true;
}

enum status catalog_product_get(struct catalog *catalog, struct scope *scope, struct text id, bool fresh,
                                struct product_view *view)
{
    struct product_cache *cache = catalog->options.cache;
    struct cache_ticket ticket = {0};
    struct cached_product cached;
    struct record product;
    enum status status = catalog_know_database(catalog, scope);

    *view = (struct product_view){0};
    if (status != STATUS_OK) {
        return status;
    }
    const int64_t read_us = pg_reckoned_now(catalog->options.pg);
    if (!fresh && product_cache_get(cache, scope, id, &cached, &ticket) == STATUS_OK) {
        *view =
            (struct product_view){.version = cached.version, .json = cached.json, .settled = true, .read_us = read_us};
        return STATUS_OK;
    }
    if (fresh) {
        ticket = product_cache_note(cache, id);
    }
    status = product_store_get(catalog->options.pg, scope, id, &product);
    if (status == STATUS_OK) {
        status = catalog_render(catalog, scope, &product, view);
        view->settled = ticket.usable;
        view->read_us = read_us;
    }
    if (status == STATUS_OK && !fresh) {
        catalog_keep(catalog, scope, id, view, &ticket);
    } else {
        product_cache_forgo(cache, scope, id, &ticket);
    }
    if ((status == STATUS_UNAVAILABLE || status == STATUS_DEADLINE) && !fresh && show_unproven(catalog, id, view)) {
        return STATUS_OK;
    }
    return status;
}

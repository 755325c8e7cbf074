/* Exports: straight from the database, past the cache. */
#include "catalog_internal.h"

#include "store/product_export.h"

enum status catalog_export_open(struct catalog *catalog, struct scope *scope, const struct product_filter *filter,
                                const struct export_bounds *bounds, struct product_export **export,
                                struct feed_cursor *cursor, struct search_note *note)
{
    const struct product_export_bounds inner = {
        .waiter = bounds->waiter,
        .time_ms = bounds->time_ms,
        .idle_ms = bounds->idle_ms,
        .exports = bounds->exports,
    };
    enum status status = product_export_open(catalog->options.pg, scope, filter, &inner, export, note);

    if (status == STATUS_OK) {
        *cursor = (struct feed_cursor){.xid = product_export_xmin(*export)};
    }
    return status;
}

enum status catalog_export_next(struct product_export *export, struct scope *scope, struct record *product, bool *found)
{
    return product_export_next(export, scope, product, found);
}

void catalog_export_close(struct product_export *export)
{
    product_export_close(export);
}

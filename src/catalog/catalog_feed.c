/* The feed, straight from the database. */
#include "catalog/feed.h"

#include "catalog_internal.h"

#include "store/feed_store.h"

enum status catalog_changes(struct catalog *catalog, struct scope *scope, const struct feed_cursor *after,
                            uint32_t limit, struct feed_page *page)
{
    return feed_store_read(catalog->options.pg, scope, after, limit, page);
}

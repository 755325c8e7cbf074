/* The feed, straight from the database. */
#include "catalog/events.h"
#include "catalog/feed.h"

#include "catalog_internal.h"

#include "store/event_store.h"
#include "store/feed_store.h"

enum status catalog_changes(struct catalog *catalog, struct scope *scope, const struct feed_cursor *after,
                            uint32_t limit, struct feed_page *page)
{
    return feed_store_read(catalog->options.pg, scope, after, limit, page);
}

enum status catalog_event_stand(struct catalog *catalog, struct scope *scope, const struct feed_cursor *after,
                                struct event_stand *stand)
{
    struct event_start start;
    enum status status = event_store_start(catalog->options.pg, scope, after, &start);

    if (status == STATUS_OK && !start.wanted) {
        status = event_store_want(catalog->options.pg, scope);
        if (status == STATUS_OK) {
            status = event_store_start(catalog->options.pg, scope, after, &start);
        }
    }
    if (status == STATUS_OK) {
        *stand = (struct event_stand){.epoch = start.relay.epoch, .relayed = start.relay.place, .held = start.held};
    }
    return status;
}

enum status catalog_events_missed(struct catalog *catalog, struct scope *scope, const struct feed_cursor *after,
                                  uint32_t limit, struct feed_page *page)
{
    return feed_store_read_placed(catalog->options.pg, scope, after, limit, page);
}

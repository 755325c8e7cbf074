/* Live events, as a worker sees them: where in the front server's channels a reader goes on without a gap, and what it has
 * to be told first. */
#ifndef CATALOG_EVENTS_H
#define CATALOG_EVENTS_H

#include "base/scope.h"
#include "base/status.h"
#include "domain/change.h"

struct catalog;

/* Where a reader stands. */
struct event_stand {
    struct text epoch;          /* part of the channels' names */
    struct feed_cursor relayed; /* what comes behind it is still to be published, or just now */
    bool held;                  /* the front server holds all that comes behind the reader's cursor */
};

/* For a reader with this cursor, who comes to listen: that is noted. STATUS_NOT_FOUND where no runner has relayed anything
 * yet; otherwise as pg_exec for what writes. */
MUST_CHECK enum status catalog_event_stand(struct catalog *catalog, struct scope *scope,
                                           const struct feed_cursor *after, struct event_stand *stand);

/* What a reader has missed: as catalog_changes, with the categories of products. */
MUST_CHECK enum status catalog_events_missed(struct catalog *catalog, struct scope *scope,
                                             const struct feed_cursor *after, uint32_t limit, struct feed_page *page);

#endif

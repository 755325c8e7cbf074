/* The statements of live events: how far the feed was relayed to the front server, and what that still holds. */
#ifndef STORE_EVENT_STORE_H
#define STORE_EVENT_STORE_H

#include "domain/event.h"
#include "store/job_claim.h"
#include "store/pg.h"

/* How far the relay is. */
struct event_relay {
    struct text epoch; /* UUID: the channels of the front server's present memory */
    struct feed_cursor place;
};

/* Where a reader may begin. */
struct event_start {
    struct event_relay relay;
    bool held;   /* the front server holds all that comes behind the cursor */
    bool wanted; /* somebody came so lately that nothing is passed over for a while */
};

/* For a reader with this cursor. STATUS_NOT_FOUND where nothing has been relayed ever. */
MUST_CHECK enum status event_store_start(struct pg *pg, struct scope *scope, const struct feed_cursor *after,
                                         struct event_start *start);

/* Notes that somebody comes. What is changed from now on is not passed over, but the reader may have been before: its place
 * is to be looked for anew. As pg_exec for what writes. */
MUST_CHECK enum status event_store_want(struct pg *pg, struct scope *scope);

/* STATUS_NOT_FOUND where nothing has been relayed ever. */
MUST_CHECK enum status event_store_relay(struct pg *pg, struct scope *scope, struct event_relay *relay);

/* The rest is for the job that is held, and STATUS_STALE where it is not any more.
 *
 * Begins an epoch: at the place given, or with NULL where the last one ended, or at the end of the feed. age_ms:
 * how long ago its channels were made. place becomes where the relay is to go on. */
MUST_CHECK enum status event_store_begin(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                         struct text epoch, const struct feed_cursor *from, int64_t age_ms,
                                         struct feed_cursor *place);

/* What was relayed in one go. */
struct event_batch {
    struct feed_cursor before; /* the place from which it was read */
    struct feed_cursor last;
    bool placed;    /* before is to be kept as a place */
    int64_t age_ms; /* how long ago the first was published, at least */
};

/* Moves the relay on. STATUS_STALE also where the epoch is another by now. */
MUST_CHECK enum status event_store_move(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                        struct text epoch, const struct event_batch *batch);

/* Passes over all that is committed, unless somebody came in the last EVENT_WANTED_S: then, and where the epoch is another by
 * now, STATUS_NOT_FOUND, and nothing is done. place becomes where the relay is to go on; a reader cannot begin before it. */
MUST_CHECK enum status event_store_pass(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                        struct text epoch, struct feed_cursor *place);

#endif

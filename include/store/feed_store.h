/* The statement that reads the feed of changes. */
#ifndef STORE_FEED_STORE_H
#define STORE_FEED_STORE_H

#include "domain/change.h"
#include "store/job_claim.h"
#include "store/pg.h"

/* Bytes of data after which a page ends, whatever its limit. */
#define FEED_PAGE_BYTES ((size_t)4 * 1024 * 1024)

/* The changes behind after, or with NULL from the oldest kept, in the order of the feed: those of which no earlier one can
 * be committed any more. At most limit, and fewer where they have FEED_PAGE_BYTES of data together. STATUS_GONE where
 * changes behind after have been removed. floor is set in both cases: the feed begins behind it. */
MUST_CHECK enum status feed_store_read(struct pg *pg, struct scope *scope, const struct feed_cursor *after,
                                       uint32_t limit, struct feed_page *page);

/* The same with the categories that products are in and have left. */
MUST_CHECK enum status feed_store_read_placed(struct pg *pg, struct scope *scope, const struct feed_cursor *after,
                                              uint32_t limit, struct feed_page *page);

/* Where a follower of the feed stands; STATUS_NOT_FOUND where it has not begun. */
MUST_CHECK enum status feed_store_follower(struct pg *pg, struct scope *scope, const char *name,
                                           struct feed_cursor *place);

/* Moves it on, for the job that is held: STATUS_STALE, and it is not moved, where it is not held any more. */
MUST_CHECK enum status feed_store_move_follower(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                                const char *name, const struct feed_cursor *place);

#endif

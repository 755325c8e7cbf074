/* Removing for good what is past its time, a batch at a time. */
#ifndef STORE_PURGE_STORE_H
#define STORE_PURGE_STORE_H

#include "store/job_claim.h"

enum purge_what {
    PURGE_IDEMPOTENCY, /* answers kept for idempotency keys */
    PURGE_PRODUCTS,    /* products that were deleted */
    PURGE_CHANGES,     /* the feed: its beginning, and the mark of what is gone (change_floor) with it */
    PURGE_LINES,       /* staged lines of imports: at once where nothing will be done with them, else after a time */
    PURGE_ERRORS,      /* lines of imports that failed */
    PURGE_IMPORTS,     /* imports whose jobs are gone */
    PURGE_JOBS,        /* jobs that have ended */
    PURGE_DELIVERIES,  /* deliveries of webhooks that have ended, and those of webhooks that were deleted */
    PURGE_WEBHOOKS,    /* webhooks that were deleted, once they have no deliveries */
    PURGE_WORDS,       /* words that searches know, and no product has: looked for again when age_s have passed */
    PURGE_COUNT
};

/* What a purge removes, in the plural, for the log. */
extern const char *const purge_names[PURGE_COUNT];

/* Removes at most batch of them that are older than age_s seconds, for the job that is held. *more: there may be others.
 * STATUS_STALE, with nothing removed, where it is not held any more; otherwise as pg_exec. */
MUST_CHECK enum status purge_store_batch(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                         enum purge_what what, int64_t age_s, uint64_t batch, uint64_t *removed,
                                         bool *more);

#endif

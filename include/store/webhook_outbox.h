/* What the runner does with webhooks, for the job that it holds: deliveries are made of the feed, taken when they are due,
 * and settled. Each is one short transaction; those that write return STATUS_STALE, with nothing done, where the job is not
 * held any more. Statuses not told here are pg_exec's.
 *
 * The deliveries of a webhook that concern one thing are taken one after the other, in the order of the feed: none before
 * the one before it was delivered or given up. */
#ifndef STORE_WEBHOOK_OUTBOX_H
#define STORE_WEBHOOK_OUTBOX_H

#include "domain/webhook.h"
#include "store/job_claim.h"

/* Deliveries that wait for one webhook; while there are more, the feed is not read for it. */
#define OUTBOX_BACKLOG_MAX 2000

/* Does what was asked for: replays and redeliveries. *more: there may be others. */
MUST_CHECK enum status webhook_outbox_heed(struct pg *pg, struct scope *scope, const struct job_hold *hold, bool *more);

/* The job has run for a while: a runner that dies later is not held against it. */
MUST_CHECK enum status webhook_outbox_prove(struct pg *pg, struct scope *scope, const struct job_hold *hold);

struct outbox_fill {
    uint64_t webhooks; /* that are active */
    uint64_t read;     /* changes, for whichever */
    uint64_t made;     /* deliveries */
    uint64_t gaps;     /* webhooks for which changes were gone from the feed before they were read */
};

/* Makes deliveries of the next changes, at most limit for each webhook, and moves each webhook's place on with them. */
MUST_CHECK enum status webhook_outbox_fill(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                           uint64_t limit, struct outbox_fill *fill);

/* Names one making of a delivery: after a replay it is another. */
struct outbox_key {
    struct text webhook;
    struct feed_cursor place;
    struct text made;
};

/* A delivery that is due. */
struct outbox_delivery {
    struct outbox_key key;
    struct text subject;
    uint64_t attempts; /* so far */
    struct text url;
    struct text secret;
    struct text previous_secret; /* absent where it signs no more */
    struct text type;
    struct text at; /* RFC 3339 */
    struct text data;
};

/* The deliveries that are due, up to as many for each webhook, the longest due first; those that are under way count, and
 * are among them. None of the webhooks that are full. Fewer where they have bytes_max of data together. */
MUST_CHECK enum status webhook_outbox_take(struct pg *pg, struct scope *scope, uint64_t for_each,
                                           const struct text *full, size_t full_count, size_t bytes_max,
                                           struct outbox_delivery **deliveries, size_t *count);

/* What came of an attempt. */
struct outbox_outcome {
    struct outbox_key key;
    struct text url; /* to which it was made */
    struct webhook_verdict verdict;
    struct text response_status; /* digits, or absent */
    struct text response_body;   /* valid UTF-8 without NUL, or absent */
    struct text error;           /* likewise */
    int64_t duration_ms;
};

/* A webhook that was disabled. */
struct outbox_disabled {
    struct text webhook;
    struct text reason;
};

/* Notes what came of attempts, and that a webhook's endpoint works or fails. It is disabled where it is gone, or has failed
 * for longer than disable_after_s; the others that want to know get an event. Webhooks disabled are in *disabled. */
MUST_CHECK enum status webhook_outbox_settle(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                             const struct outbox_outcome *outcomes, size_t count,
                                             int64_t disable_after_s, struct outbox_disabled **disabled,
                                             size_t *disabled_count);

#endif

/* Jobs as people and handlers see them: making, reading, trying again, cancelling. What a runner does with them stands in
 * store/job_claim.h. Statuses not told here are pg_exec's. */
#ifndef STORE_JOB_STORE_H
#define STORE_JOB_STORE_H

#include "domain/job.h"
#include "store/pg.h"

struct job_order {
    struct text id; /* UUID */
    struct text kind;
    struct text unique_key; /* absent: there may be others of the kind */
    struct text payload;    /* absent: {} */
    uint64_t attempts_max;
};

/* Queues a job. id becomes the job's: another one than the order's where one of the same kind and unique key waits or runs
 * already, which is STATUS_CONFLICT. */
MUST_CHECK enum status job_store_add(struct pg *pg, struct scope *scope, const struct job_order *order,
                                     struct text *id);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status job_store_get(struct pg *pg, struct scope *scope, struct text id, struct job *job);

/* The newest first. */
MUST_CHECK enum status job_store_list(struct pg *pg, struct scope *scope, const struct job_query *query,
                                      struct job **jobs, size_t *count, bool *more);

/* Queues one that failed or was cancelled again, with all its attempts before it, and makes one that waits due now; any
 * other is left alone. STATUS_CONFLICT where another with its unique key has been queued since. */
MUST_CHECK enum status job_store_retry(struct pg *pg, struct scope *scope, struct text id);

/* Ends one that is queued, and asks one that runs to end; any other is left alone. */
MUST_CHECK enum status job_store_cancel(struct pg *pg, struct scope *scope, struct text id);

#endif

/* Jobs as people and handlers see them: making and reading them. Their changes stand in store/job_change.h, and what a
 * runner does with them in store/job_claim.h. Statuses not told here are pg_exec's. */
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

/* A job as it is now, read to be changed. */
struct stored_job {
    struct job job;
    struct text at;   /* when that was, by the database's clock, as the job's times are told */
    struct text seen; /* what tells whether it is still so */
};

/* Queues a job. id becomes the job's: another one than the order's where one of the same kind and unique key waits or runs
 * already, which is STATUS_CONFLICT. */
MUST_CHECK enum status job_store_add(struct pg *pg, struct scope *scope, const struct job_order *order,
                                     struct text *id);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status job_store_get(struct pg *pg, struct scope *scope, struct text id, struct job *job);

/* The same, to change it. */
MUST_CHECK enum status job_store_load(struct pg *pg, struct scope *scope, struct text id, struct stored_job *stored);

/* The newest first. */
MUST_CHECK enum status job_store_list(struct pg *pg, struct scope *scope, const struct job_query *query,
                                      struct job **jobs, size_t *count, bool *more);

#endif

/* What clients may do with background jobs: look at them, try them again, cancel them. */
#ifndef CATALOG_JOB_QUEUE_H
#define CATALOG_JOB_QUEUE_H

#include "base/scope.h"
#include "base/status.h"
#include "domain/job.h"

struct catalog;
struct pg;

struct job_page {
    struct job *jobs;
    size_t count;
    bool more;
    struct cursor next; /* where more */
};

/* STATUS_NOT_FOUND; otherwise as pg_exec, as in the others here. */
MUST_CHECK enum status catalog_job_get(struct catalog *catalog, struct scope *scope, struct text id, struct job *job);

MUST_CHECK enum status catalog_job_list(struct catalog *catalog, struct scope *scope, const struct job_query *query,
                                        struct job_page *page);

/* Sees to it that the job runs soon: one that failed or was cancelled is queued again, one that waits is due now. job is as
 * it is then. STATUS_NOT_FOUND; STATUS_CONFLICT where it has succeeded (job tells), or where another of its kind and key
 * has taken its place (job->state is one that has ended then). */
MUST_CHECK enum status catalog_job_retry(struct catalog *catalog, struct scope *scope, struct text id, struct job *job);

/* Cancels a job: at once where it is queued, else its runner ends it within seconds (job->cancelling). STATUS_NOT_FOUND;
 * STATUS_CONFLICT where it has ended in another way. */
MUST_CHECK enum status catalog_job_cancel(struct catalog *catalog, struct scope *scope, struct text id,
                                          struct job *job);

/* The same for who has no catalog. */
MUST_CHECK enum status job_queue_retry(struct pg *pg, struct scope *scope, struct text id, struct job *job);
MUST_CHECK enum status job_queue_cancel(struct pg *pg, struct scope *scope, struct text id, struct job *job);

#endif

/* What clients may do with background jobs: look at them, try them again, cancel them. */
#ifndef CATALOG_JOB_QUEUE_H
#define CATALOG_JOB_QUEUE_H

#include "catalog/product_change.h"
#include "domain/job.h"

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

/* What became of a change of a job. */
struct job_result {
    struct job job;   /* as it is then, or would be; as it is, where it cannot be changed; nothing where replayed */
    struct text json; /* the same as it is answered */
    bool replayed;    /* the answer of the first request with this key */
};

/* Of the options the expectation does not count: jobs have no versions.
 *
 * Sees to it that the job runs soon: one that failed or was cancelled is queued again, with all its attempts before it, one
 * that waits is due now. STATUS_NOT_FOUND; STATUS_CONFLICT where it has succeeded (result->job tells), or where another of
 * its kind and key has taken its place (result->job.state is one that has ended then); STATUS_KEY_REUSED,
 * STATUS_IN_PROGRESS. */
MUST_CHECK enum status catalog_job_retry(struct catalog *catalog, struct scope *scope,
                                         const struct change_options *options, struct text id,
                                         struct job_result *result);

/* Cancels a job: at once where it is queued, else its runner ends it within seconds (job.cancelling). STATUS_CONFLICT where
 * it has ended in another way; else as catalog_job_retry. */
MUST_CHECK enum status catalog_job_cancel(struct catalog *catalog, struct scope *scope,
                                          const struct change_options *options, struct text id,
                                          struct job_result *result);

/* The same for who has no catalog, and no key. */
MUST_CHECK enum status job_queue_retry(struct pg *pg, struct scope *scope, struct text id, struct job *job);
MUST_CHECK enum status job_queue_cancel(struct pg *pg, struct scope *scope, struct text id, struct job *job);

#endif

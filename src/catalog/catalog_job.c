/* Jobs as clients see them. */
#include "catalog/job_queue.h"

#include "catalog_internal.h"

#include "store/job_store.h"

#include <string.h>

/* A job may be claimed, or end, between a statement and the look at what came of it. */
#define CHANGES_MAX 3

enum status catalog_job_get(struct catalog *catalog, struct scope *scope, struct text id, struct job *job)
{
    return job_store_get(catalog->options.pg, scope, id, job);
}

enum status catalog_job_list(struct catalog *catalog, struct scope *scope, const struct job_query *query,
                             struct job_page *page)
{
    enum status status = job_store_list(catalog->options.pg, scope, query, &page->jobs, &page->count, &page->more);

    if (status == STATUS_OK && page->more) {
        page->next = (struct cursor){.fingerprint = job_query_fingerprint(query)};
        memcpy(page->next.id, page->jobs[page->count - 1].id.data, UUID_TEXT_LENGTH);
        page->next.id[UUID_TEXT_LENGTH] = '\0';
    }
    return status;
}

static bool is_over(const struct job *job)
{
    return job->state != JOB_QUEUED && job->state != JOB_RUNNING;
}

enum status job_queue_retry(struct pg *pg, struct scope *scope, struct text id, struct job *job)
{
    enum status status = job_store_retry(pg, scope, id);
    enum status seen;

    if (status != STATUS_OK && status != STATUS_CONFLICT) {
        return status;
    }
    seen = job_store_get(pg, scope, id, job);
    if (seen == STATUS_OK && (status == STATUS_CONFLICT || job->state == JOB_SUCCEEDED)) {
        return STATUS_CONFLICT;
    }
    return seen;
}

enum status job_queue_cancel(struct pg *pg, struct scope *scope, struct text id, struct job *job)
{
    enum status status = STATUS_OK;

    for (unsigned i = 0; i < CHANGES_MAX && status == STATUS_OK; i++) {
        status = job_store_cancel(pg, scope, id);
        if (status == STATUS_OK) {
            status = job_store_get(pg, scope, id, job);
        }
        if (status == STATUS_OK && (is_over(job) || job->cancelling)) {
            return is_over(job) && job->state != JOB_CANCELLED ? STATUS_CONFLICT : STATUS_OK;
        }
    }
    return status == STATUS_OK ? STATUS_UNAVAILABLE : status;
}

enum status catalog_job_retry(struct catalog *catalog, struct scope *scope, struct text id, struct job *job)
{
    return job_queue_retry(catalog->options.pg, scope, id, job);
}

enum status catalog_job_cancel(struct catalog *catalog, struct scope *scope, struct text id, struct job *job)
{
    return job_queue_cancel(catalog->options.pg, scope, id, job);
}

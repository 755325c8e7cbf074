/* Jobs as clients see them: the lists, and the way of a change, which is written for the job as it was read. */
#include "catalog/job_queue.h"

#include "catalog_internal.h"
#include "kept_answer.h"

#include "base/log.h"
#include "store/job_change.h"

#include <string.h>

/* How often a job is read again because it was claimed, ended or changed by others between the look at it and the write. */
#define TRIES_MAX 20

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

/* --- changing one --- */

/* What a job becomes, and the effect that makes it that. */
typedef enum job_effect (*job_wish)(struct job *job, struct text at);

/* One change on its way. */
struct change {
    struct pg *pg;
    struct scope *scope;
    struct catalog *catalog; /* NULL: nobody wants the answer as JSON */
    const struct change_options *options;
    job_wish wish;
    struct job_result *result;
};

static enum status render(struct change *change)
{
    struct strbuf *out;

    if (change->catalog == NULL) {
        return STATUS_OK;
    }
    out = &change->catalog->rendered;
    strbuf_clear(out, CATALOG_RENDERED_KEPT);
    change->catalog->options.render_job(out, &change->result->job);
    if (out->overflowed) {
        log_error("job %.*s cannot be rendered", TEXT_PRINT(change->result->job.id));
        return STATUS_INTERNAL;
    }
    change->result->json = arena_copy(change->scope->arena, strbuf_text(out));
    return STATUS_OK;
}

/* Makes the change of the job as it is now. STATUS_STALE where it is that no longer. */
static enum status attempt(struct change *change, struct text id)
{
    struct stored_job now = {0};
    enum job_effect effect;
    enum status status = job_store_load(change->pg, change->scope, id, &now);

    if (status != STATUS_OK) {
        return status;
    }
    change->result->job = now.job;
    effect = change->wish(&change->result->job, now.at);
    if (effect == JOB_EFFECT_REFUSED) {
        return STATUS_CONFLICT;
    }
    status = render(change);
    if (status != STATUS_OK || (effect == JOB_EFFECT_NONE && !kept_answer_wanted(change->options))) {
        return status;
    }
    status = job_change_write(change->pg, change->scope, effect,
                              &(struct job_change){
                                  .id = id,
                                  .seen = now.seen,
                                  .at = now.at,
                                  .json = change->result->json,
                                  .idempotency = kept_answer_identity(change->options),
                                  .dry_run = change->options->dry_run,
                              });
    if (status != STATUS_OK) {
        change->result->job = now.job;
    }
    return status;
}

static enum status make(struct change *change, struct text id)
{
    enum status status = STATUS_STALE;

    for (int tries = 0; tries < TRIES_MAX && status == STATUS_STALE; tries++) {
        status = attempt(change, id);
    }
    if (status == STATUS_STALE) {
        log_warning("job %.*s changes faster than a change of it can be made", TEXT_PRINT(id));
        return STATUS_UNAVAILABLE;
    }
    return status;
}

static enum status make_keyed(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                              job_wish wish, struct text id, struct job_result *result)
{
    struct change change = {catalog->options.pg, scope, catalog, options, wish, result};
    struct change_result kept = {0};
    enum status status;

    *result = (struct job_result){0};
    status = kept_answer_find(catalog, scope, options, NULL, &kept);
    if (status == STATUS_NOT_FOUND) {
        status = kept_answer_settle(catalog, scope, options, NULL, make(&change, id), &kept);
    }
    if (kept.replayed) {
        *result = (struct job_result){.json = kept.view.json, .replayed = true};
    }
    return status;
}

enum status catalog_job_retry(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                              struct text id, struct job_result *result)
{
    return make_keyed(catalog, scope, options, job_wish_retry, id, result);
}

enum status catalog_job_cancel(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                               struct text id, struct job_result *result)
{
    return make_keyed(catalog, scope, options, job_wish_cancel, id, result);
}

static enum status make_plain(struct pg *pg, struct scope *scope, job_wish wish, struct text id, struct job *job)
{
    const struct change_options options = {0};
    struct job_result result = {0};
    struct change change = {pg, scope, NULL, &options, wish, &result};
    const enum status status = make(&change, id);

    *job = result.job;
    return status;
}

enum status job_queue_retry(struct pg *pg, struct scope *scope, struct text id, struct job *job)
{
    return make_plain(pg, scope, job_wish_retry, id, job);
}

enum status job_queue_cancel(struct pg *pg, struct scope *scope, struct text id, struct job *job)
{
    return make_plain(pg, scope, job_wish_cancel, id, job);
}

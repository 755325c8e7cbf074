/* The kind "purge": removes for good what is past its time - kept answers, deleted products, the beginning of the feed,
 * ended jobs, deliveries of webhooks, words that no product has - in small batches, one a step, so that nothing waits for it
 * for long. Periodic. */
#include "kinds.h"

#include "base/log.h"
#include "store/purge_store.h"
#include "json/parse.h"
#include "json/value.h"

#include <stdio.h>

#define ATTEMPTS_MAX 5
#define DAY_S INT64_C(86400)

#define IMPORT_AGE_S (7 * DAY_S) /* for as long an import may be tried again, and what failed be mended */

/* Rows of one statement. A product has a dozen entries in indexes. */
static const uint64_t batches[PURGE_COUNT] = {
    [PURGE_IDEMPOTENCY] = 1000, [PURGE_PRODUCTS] = 200, [PURGE_CHANGES] = 1000, [PURGE_LINES] = 5000,
    [PURGE_ERRORS] = 5000,      [PURGE_IMPORTS] = 1000, [PURGE_JOBS] = 1000,    [PURGE_DELIVERIES] = 1000,
    [PURGE_WEBHOOKS] = 100,     [PURGE_WORDS] = 1000};

struct purge {
    enum purge_what what; /* in the order of the enum */
    uint64_t removed;     /* of this one */
};

static int64_t every_s(const struct config *config)
{
    return config->purge_every_s;
}

static int64_t age_of(const struct config *config, enum purge_what what)
{
    switch (what) {
    case PURGE_PRODUCTS:
        return config->purge_after_days * DAY_S;
    case PURGE_CHANGES:
        return config->feed_retention_days * DAY_S;
    case PURGE_LINES:
    case PURGE_ERRORS:
        return IMPORT_AGE_S;
    case PURGE_IMPORTS:
    case PURGE_JOBS:
        return config->jobs_retention_days * DAY_S;
    case PURGE_DELIVERIES:
        return config->webhook_retention_days * DAY_S;
    case PURGE_WORDS:       /* from one sweep to the next */
    case PURGE_IDEMPOTENCY: /* as the contract says */
    case PURGE_WEBHOOKS:
    case PURGE_COUNT:
    default:
        return DAY_S;
    }
}

/* There is nothing to say about a purge. */
static bool begin(struct job_run *run)
{
    struct json_object *payload = NULL;
    struct faults faults;

    faults_init(&faults, run->arena);
    if (json_parse(run->job->payload, &faults, &payload) != STATUS_OK) {
        (void)snprintf(run->error, sizeof run->error, "the payload is not JSON");
        return false;
    }
    if (!json_is_object(payload)) {
        (void)snprintf(run->error, sizeof run->error, "the payload must be an object");
        return false;
    }
    json_check_members(payload, NULL, 0, "", &faults);
    if (faults.count > 0) {
        (void)snprintf(run->error, sizeof run->error, "the payload has a member %s, and a purge takes none",
                       faults.item[0].where);
        return false;
    }
    return true;
}

static enum job_step step(struct job_run *run, struct scope *scope)
{
    struct purge *purge = run->state;
    const enum purge_what what = purge->what;
    uint64_t removed = 0;
    bool more = false;

    if (what >= PURGE_COUNT) {
        return JOB_STEP_DONE;
    }
    const enum status status = purge_store_batch(run->tools->pg, scope, &run->job->hold, what,
                                                 age_of(run->tools->config, what), batches[what], &removed, &more);
    if (status != STATUS_OK) {
        return job_step_of(run, status, arena_printf(scope->arena, "removing %s", purge_names[what]).data);
    }
    purge->removed += removed;
    if (more) {
        return JOB_STEP_MORE;
    }
    if (purge->removed > 0) {
        log_info("purge: removed %llu %s", (unsigned long long)purge->removed, purge_names[what]);
    }
    *purge = (struct purge){.what = what + 1};
    run->progress = (uint64_t)JOB_PROGRESS_WHOLE * purge->what / PURGE_COUNT;
    return JOB_STEP_MORE;
}

const struct job_kind job_purge = {
    .name = "purge",
    .attempts_max = ATTEMPTS_MAX,
    .every_s = every_s,
    .resident = true,
    .state_size = sizeof(struct purge),
    .begin = begin,
    .step = step,
};

/* The kind "webhook": sends the events of the feed to webhooks. There is one such job at a time, in all runners; it goes on
 * for as long as any webhook is active, and holds all that is under way in its memory alone. So whatever it dies of loses
 * nothing: what was not noted as delivered is still due for the next one. */
#include "../kinds.h"

#include "outbox.h"

#include "base/clock.h"
#include "base/log.h"
#include "jobs/courier.h"

#include <stdio.h>
#include <sys/resource.h>

#define EVERY_S 10 /* who makes or changes a webhook has it made at once (store/webhook_write.c) */
#define ATTEMPTS_MAX 5
#define FILL_MS 200 /* between two looks at a feed that had nothing new */
#define TAKE_MS 10  /* between two looks at what is due, while requests end */
#define FILL_MOST 200
#define UNDER_WAY_MAX 512 /* of all webhooks */
#define BYTES_MAX ((size_t)32 * 1024 * 1024)
#define DESCRIPTORS 4096
#define SETTLED_MAX 200
#define PROVEN_MS 30000 /* it goes on for weeks, in which runners may die now and then without its doing */

struct delivering {
    struct courier *courier;
    struct outbox outbox;
    uint64_t fill_limit;
    uint64_t webhooks; /* active, at the last look at the feed */
    int64_t proven_ns; /* when it will have run for a while; 0: it has */
    int64_t fill_ns;   /* when the feed is looked at next */
    int64_t take_ns;   /* when what is due is looked at next */
};

static int64_t every_s(const struct config *config)
{
    (void)config;
    return EVERY_S;
}

/* Each request has a socket, and the usual limit is near their number. */
static void raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < DESCRIPTORS) {
        limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* There is nothing to say about it. */
static bool begin(struct job_run *run)
{
    struct delivering *delivering = run->state;

    raise_descriptors();
    delivering->fill_limit = FILL_MOST;
    delivering->proven_ns = clock_deadline_in_ms(PROVEN_MS);
    delivering->courier = courier_new(&(struct courier_options){.allowed = &run->tools->config->webhook_allow,
                                                                .timeout_ms = run->tools->config->webhook_timeout_ms});
    if (delivering->courier == NULL) {
        (void)snprintf(run->error, sizeof run->error, "libcurl cannot be made ready");
        return false;
    }
    run->wake = courier_descriptor(delivering->courier);
    return true;
}

static void end(struct job_run *run)
{
    struct delivering *delivering = run->state;

    courier_free(delivering->courier);
    outbox_free(&delivering->outbox);
}

/* --- what has ended --- */

static void tell_disabled(const struct outbox_disabled *disabled, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        log_warning("webhook %.*s is disabled: %.*s", TEXT_PRINT(disabled[i].webhook), TEXT_PRINT(disabled[i].reason));
    }
}

static enum status settle(struct job_run *run, struct scope *scope)
{
    struct delivering *delivering = run->state;
    struct outbox_outcome *outcomes = arena_alloc(scope->arena, SETTLED_MAX * sizeof *outcomes);
    struct outbox_disabled *disabled = NULL;
    size_t disabled_count = 0;
    const size_t count = outbox_outcomes(&delivering->outbox, scope->arena, run->tools->config, outcomes, SETTLED_MAX);

    if (count == 0) {
        return STATUS_OK;
    }
    const enum status status =
        webhook_outbox_settle(run->tools->pg, scope, &run->job->hold, outcomes, count,
                              run->tools->config->webhook_disable_after_s, &disabled, &disabled_count);
    if (status == STATUS_OK) {
        const int64_t soon_ns = clock_deadline_in_ms(delivering->outbox.under_way > 0 ? TAKE_MS : 0);

        outbox_forget(&delivering->outbox, count);
        tell_disabled(disabled, disabled_count);
        delivering->take_ns = soon_ns < delivering->take_ns ? soon_ns : delivering->take_ns;
    }
    return status;
}

/* --- what is new, and what is due --- */

/* Where the changes are so large that reading them takes too long, fewer are read at once. */
static void adapt(struct delivering *delivering, enum status status)
{
    if (status == STATUS_DEADLINE && delivering->fill_limit > 1) {
        delivering->fill_limit /= 4;
        delivering->fill_limit += delivering->fill_limit == 0;
    } else if (status == STATUS_OK && delivering->fill_limit < FILL_MOST) {
        delivering->fill_limit *= 2;
    }
}

static enum status prove(struct job_run *run, struct scope *scope)
{
    struct delivering *delivering = run->state;
    enum status status = STATUS_OK;

    if (delivering->proven_ns != 0 && delivering->proven_ns <= clock_monotonic_ns()) {
        status = webhook_outbox_prove(run->tools->pg, scope, &run->job->hold);
        delivering->proven_ns = status == STATUS_OK ? 0 : delivering->proven_ns;
    }
    return status;
}

static enum status fill(struct job_run *run, struct scope *scope)
{
    struct delivering *delivering = run->state;
    struct outbox_fill filled = {0};
    bool more = false;
    enum status status = webhook_outbox_heed(run->tools->pg, scope, &run->job->hold, &more);

    if (status == STATUS_OK) {
        status = webhook_outbox_fill(run->tools->pg, scope, &run->job->hold, delivering->fill_limit, &filled);
        adapt(delivering, status);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (filled.gaps > 0) {
        log_warning(
            "%llu webhooks were behind the beginning of the feed: what was removed before they had it is not sent",
            (unsigned long long)filled.gaps);
    }
    delivering->webhooks = filled.webhooks;
    delivering->fill_ns = clock_deadline_in_ms(more || filled.read > 0 ? 0 : FILL_MS);
    return STATUS_OK;
}

/* Requests to one webhook at once: fewer than may be where there are very many webhooks, so that none keeps others out. */
static uint64_t for_each(const struct job_run *run)
{
    const struct delivering *delivering = run->state;
    const uint64_t most = (uint64_t)run->tools->config->webhook_concurrency;
    const uint64_t share = delivering->webhooks > 0 ? UNDER_WAY_MAX / delivering->webhooks : UNDER_WAY_MAX;

    return most < share ? most : share > 0 ? share : 1;
}

static enum status take(struct job_run *run, struct scope *scope)
{
    struct delivering *delivering = run->state;
    const uint64_t most = for_each(run);
    struct text *full = NULL;
    const size_t full_count = outbox_full(&delivering->outbox, scope->arena, most, &full);
    struct outbox_delivery *due = NULL;
    size_t count = 0;
    enum status status = STATUS_OK;

    if (delivering->webhooks == 0 || delivering->outbox.bytes >= BYTES_MAX) {
        return STATUS_OK;
    }
    status = webhook_outbox_take(run->tools->pg, scope, most, full, full_count, BYTES_MAX, &due, &count);
    for (size_t i = 0; status == STATUS_OK && i < count && delivering->outbox.bytes < BYTES_MAX; i++) {
        outbox_send(&delivering->outbox, delivering->courier, &due[i], most);
    }
    return status;
}

static enum status look(struct job_run *run, struct scope *scope)
{
    struct delivering *delivering = run->state;
    enum status status = STATUS_OK;

    if (delivering->fill_ns <= clock_monotonic_ns()) {
        status = prove(run, scope);
        status = status == STATUS_OK ? fill(run, scope) : status;
    }
    if (status == STATUS_OK) {
        status = take(run, scope);
    }
    if (status == STATUS_OK) {
        delivering->take_ns = clock_deadline_in_ms(FILL_MS);
    }
    return status;
}

/* --- a step --- */

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static enum job_step step(struct job_run *run, struct scope *scope)
{
    struct delivering *delivering = run->state;
    enum status status;

    courier_run(delivering->courier);
    outbox_collect(&delivering->outbox, delivering->courier);
    status = settle(run, scope);
    if (status != STATUS_OK) {
        return job_step_of(run, status, "noting what came of deliveries");
    }
    if (earliest(delivering->fill_ns, delivering->take_ns) <= clock_monotonic_ns()) {
        status = look(run, scope);
        if (status != STATUS_OK) {
            return job_step_of(run, status, "looking for deliveries");
        }
        if (delivering->webhooks == 0 && delivering->outbox.under_way == 0 && delivering->outbox.ended == NULL) {
            return JOB_STEP_DONE;
        }
    }
    run->wait_ms = delivering->outbox.ended != NULL
                       ? 0
                       : clock_poll_timeout(earliest(courier_due_ns(delivering->courier),
                                                     earliest(delivering->fill_ns, delivering->take_ns)));
    return JOB_STEP_WAIT;
}

const struct job_kind job_webhook = {
    .name = "webhook",
    .attempts_max = ATTEMPTS_MAX,
    .every_s = every_s,
    .forgotten = true,
    .resident = true,
    .state_size = sizeof(struct delivering),
    .begin = begin,
    .step = step,
    .end = end,
};

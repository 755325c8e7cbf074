/* The life of a job in a runner. */
#include "slot.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>

#define SLOT_MEMORY 4096
#define AWAY_PAUSE_MS 250

void slot_init(struct slot *slot)
{
    *slot = (struct slot){.arena = arena_new(SLOT_MEMORY)};
}

void slot_free(struct slot *slot)
{
    slot_drop(slot);
    arena_free(slot->arena);
}

void slot_drop(struct slot *slot)
{
    if (slot->phase != SLOT_FREE) {
        if (slot->run.state != NULL && slot->kind->end != NULL) {
            slot->kind->end(&slot->run);
        }
        arena_reset(slot->arena);
    }
    *slot = (struct slot){.arena = slot->arena};
}

static void settle(struct slot *slot, enum job_step step)
{
    slot->turn = job_turn_after(step, slot->cancelling, slot->job.attempts, slot->job.attempts_max, slot->away);
    if (slot->turn != JOB_TURN_GO_ON) {
        slot->phase = SLOT_LEAVING;
        slot->due_ns = 0;
    }
}

void slot_take(struct slot *slot, const struct job_kind *kind, const struct claimed_job *job,
               const struct job_tools *tools, int64_t lease_ns)
{
    slot->phase = SLOT_RUNNING;
    slot->kind = kind;
    slot->job = *job;
    slot->job.hold.id = arena_copy(slot->arena, job->hold.id);
    slot->job.hold.fence = arena_copy(slot->arena, job->hold.fence);
    slot->job.kind = text_of(kind->name);
    slot->job.payload = arena_copy(slot->arena, job->payload);
    slot->job.checkpoint = arena_copy(slot->arena, job->checkpoint);
    slot->began_ns = clock_monotonic_ns();
    slot->lease_ns = lease_ns;
    slot->run = (struct job_run){
        .tools = tools, .job = &slot->job, .arena = slot->arena, .progress = job->progress, .wake = -1};
    (void)snprintf(slot->run.checkpoint, sizeof slot->run.checkpoint, "%.*s", TEXT_PRINT(job->checkpoint));
    slot->run.state = arena_alloc(slot->arena, kind->state_size + 1);
    if (!kind->begin(&slot->run)) {
        settle(slot, JOB_STEP_FAIL);
    }
}

void slot_step(struct slot *slot, struct scope *scope, int64_t now_ns)
{
    enum job_step step = JOB_STEP_MORE;

    if (!slot->cancelling) {
        slot->run.error[0] = '\0';
        slot->run.wait_ms = 0;
        step = slot->kind->step(&slot->run, scope);
    }
    slot->away = step == JOB_STEP_AWAY ? slot->away + 1 : 0;
    slot->due_ns = now_ns;
    if (step == JOB_STEP_AWAY) {
        slot->due_ns += (AWAY_PAUSE_MS + (int64_t)clock_jitter(AWAY_PAUSE_MS)) * CLOCK_NS_PER_MS;
    } else if (step == JOB_STEP_WAIT) {
        slot->due_ns += slot->run.wait_ms * CLOCK_NS_PER_MS;
    }
    settle(slot, step);
}

static enum status write_outcome(struct slot *slot, struct scope *scope)
{
    const struct job_hold *hold = &slot->job.hold;
    struct pg *pg = slot->run.tools->pg;
    const struct text error = slot->run.error[0] != '\0' ? text_of(slot->run.error) : TEXT_ABSENT;
    enum status status;

    switch (slot->turn) {
    case JOB_TURN_SUCCEED:
        return slot->kind->forgotten ? job_claim_forget(pg, scope, hold)
                                     : job_claim_end(pg, scope, hold, JOB_SUCCEEDED, TEXT_ABSENT);
    case JOB_TURN_FAIL:
        return job_claim_end(pg, scope, hold, JOB_FAILED, error);
    case JOB_TURN_CANCEL:
        return job_claim_end(pg, scope, hold, JOB_CANCELLED, TEXT_ABSENT);
    case JOB_TURN_REQUEUE:
        status =
            job_claim_requeue(pg, scope, hold, job_backoff_ms(slot->job.attempts, clock_jitter(UINT32_MAX)), error);
        if (status == STATUS_STALE) { /* it may have been asked to end since the last heartbeat */
            slot->turn = JOB_TURN_CANCEL;
            status = job_claim_end(pg, scope, hold, JOB_CANCELLED, error);
        }
        return status;
    case JOB_TURN_DROP:
    case JOB_TURN_GO_ON:
    default:
        return STATUS_STALE;
    }
}

static void tell(const struct slot *slot, enum status status)
{
    const long long ms = (long long)((clock_monotonic_ns() - slot->began_ns) / CLOCK_NS_PER_MS);
    const struct text id = slot->job.hold.id;
    const char *kind = slot->kind->name;

    if (status == STATUS_STALE) {
        log_warning("job %.*s (%s) is not held by this runner any more", TEXT_PRINT(id), kind);
        return;
    }
    switch (slot->turn) {
    case JOB_TURN_FAIL:
        log_error("job %.*s (%s) failed in attempt %llu and is in the dead letter: %s", TEXT_PRINT(id), kind,
                  (unsigned long long)slot->job.attempts, slot->run.error);
        break;
    case JOB_TURN_REQUEUE:
        log_warning("job %.*s (%s) is tried again after attempt %llu of %llu: %s", TEXT_PRINT(id), kind,
                    (unsigned long long)slot->job.attempts, (unsigned long long)slot->job.attempts_max,
                    slot->run.error);
        break;
    case JOB_TURN_CANCEL:
        log_info("job %.*s (%s) was cancelled", TEXT_PRINT(id), kind);
        break;
    case JOB_TURN_SUCCEED:
    case JOB_TURN_DROP:
    case JOB_TURN_GO_ON:
    default:
        log_line(slot->kind->forgotten ? LOG_LEVEL_DEBUG : LOG_LEVEL_INFO, "job %.*s (%s) is done after %lld ms",
                 TEXT_PRINT(id), kind, ms);
        break;
    }
}

enum status slot_leave(struct slot *slot, struct scope *scope)
{
    const enum status status = write_outcome(slot, scope);

    if (status == STATUS_OK || status == STATUS_STALE) {
        tell(slot, status);
        slot_drop(slot);
    } else {
        slot->due_ns = clock_deadline_in_ms(AWAY_PAUSE_MS);
    }
    return status;
}

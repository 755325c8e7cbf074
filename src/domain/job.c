/* The rules of jobs. */
#include "domain/job.h"

#include "base/hash.h"
#include "domain/timestamp.h"

const char *const job_state_names[JOB_STATE_COUNT] = {
    [JOB_QUEUED] = "queued", [JOB_RUNNING] = "running",     [JOB_SUCCEEDED] = "succeeded",
    [JOB_FAILED] = "failed", [JOB_CANCELLED] = "cancelled",
};

bool job_state_of(struct text name, enum job_state *state)
{
    for (unsigned i = 0; i < JOB_STATE_COUNT; i++) {
        if (text_equal(name, text_of(job_state_names[i]))) {
            *state = (enum job_state)i;
            return true;
        }
    }
    return false;
}

bool job_kind_is_valid(struct text kind)
{
    if (kind.length == 0 || kind.length > JOB_KIND_MAX || kind.data[0] == '_') {
        return false;
    }
    for (size_t i = 0; i < kind.length; i++) {
        if ((kind.data[i] < 'a' || kind.data[i] > 'z') && kind.data[i] != '_') {
            return false;
        }
    }
    return true;
}

static bool is_later(struct text time, struct text than)
{
    int64_t time_us = 0;
    int64_t than_us = 0;

    return timestamp_to_micros(time, &time_us) && timestamp_to_micros(than, &than_us) && time_us > than_us;
}

enum job_effect job_wish_retry(struct job *job, struct text at)
{
    switch (job->state) {
    case JOB_FAILED:
    case JOB_CANCELLED:
        job->state = JOB_QUEUED;
        job->attempts = TEXT("0");
        job->run_at = at;
        job->started_at = TEXT_ABSENT;
        job->ended_at = TEXT_ABSENT;
        return JOB_EFFECT_REVIVE;
    case JOB_QUEUED:
        if (!is_later(job->run_at, at)) {
            return JOB_EFFECT_NONE;
        }
        job->run_at = at;
        return JOB_EFFECT_HURRY;
    case JOB_RUNNING:
        return JOB_EFFECT_NONE;
    case JOB_SUCCEEDED:
    case JOB_STATE_COUNT:
    default:
        return JOB_EFFECT_REFUSED;
    }
}

enum job_effect job_wish_cancel(struct job *job, struct text at)
{
    switch (job->state) {
    case JOB_QUEUED:
        job->state = JOB_CANCELLED;
        job->run_at = TEXT_ABSENT;
        job->ended_at = at;
        return JOB_EFFECT_END;
    case JOB_RUNNING:
        if (job->cancelling) {
            return JOB_EFFECT_NONE;
        }
        job->cancelling = true;
        return JOB_EFFECT_ASK;
    case JOB_CANCELLED:
        return JOB_EFFECT_NONE;
    case JOB_SUCCEEDED:
    case JOB_FAILED:
    case JOB_STATE_COUNT:
    default:
        return JOB_EFFECT_REFUSED;
    }
}

uint64_t job_query_fingerprint(const struct job_query *query)
{
    const struct text state = query->has_state ? text_of(job_state_names[query->state]) : TEXT_ABSENT;

    return hash_add(hash_add(hash_add(HASH_START, TEXT("job")), state), query->kind);
}

static enum job_turn after_failure(bool cancelling, uint64_t attempts, uint64_t attempts_max)
{
    if (cancelling) {
        return JOB_TURN_CANCEL;
    }
    return attempts < attempts_max ? JOB_TURN_REQUEUE : JOB_TURN_FAIL;
}

enum job_turn job_turn_after(enum job_step step, bool cancelling, uint64_t attempts, uint64_t attempts_max,
                             unsigned away)
{
    switch (step) {
    case JOB_STEP_DONE:
        return JOB_TURN_SUCCEED;
    case JOB_STEP_RETRY:
        return after_failure(cancelling, attempts, attempts_max);
    case JOB_STEP_FAIL:
        return JOB_TURN_FAIL;
    case JOB_STEP_LOST:
        return JOB_TURN_DROP;
    case JOB_STEP_AWAY:
        if (away >= JOB_AWAY_MAX) {
            return after_failure(cancelling, attempts, attempts_max);
        }
        break;
    case JOB_STEP_MORE:
    case JOB_STEP_WAIT:
    default:
        break;
    }
    return cancelling ? JOB_TURN_CANCEL : JOB_TURN_GO_ON;
}

int64_t job_backoff_ms(uint64_t attempts, uint32_t random)
{
    int64_t pause = JOB_BACKOFF_FIRST_MS;

    for (uint64_t i = 1; i < attempts && pause < JOB_BACKOFF_MAX_MS; i++) {
        pause *= 2;
    }
    if (pause > JOB_BACKOFF_MAX_MS) {
        pause = JOB_BACKOFF_MAX_MS;
    }
    return pause / 2 + (int64_t)(random % ((uint32_t)(pause / 2) + 1));
}

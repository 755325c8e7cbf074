/* What a job is, as people see it, and the rules of how one goes on: pure. */
#ifndef DOMAIN_JOB_H
#define DOMAIN_JOB_H

#include "base/text.h"
#include "domain/cursor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOB_KIND_MAX 40   /* bytes of [a-z_], the first a letter */
#define JOB_ERROR_MAX 300 /* bytes of last_error, with NUL */
#define JOB_PROGRESS_WHOLE 1000
#define JOB_BACKOFF_FIRST_MS 1000
#define JOB_BACKOFF_MAX_MS 600000

enum job_state {
    JOB_QUEUED, /* waits for a runner, or for its time */
    JOB_RUNNING,
    JOB_SUCCEEDED,
    JOB_FAILED, /* the dead letter */
    JOB_CANCELLED,
    JOB_STATE_COUNT
};

extern const char *const job_state_names[JOB_STATE_COUNT];

/* False, with *state untouched, for what is no name of a state. */
bool job_state_of(struct text name, enum job_state *state);

bool job_kind_is_valid(struct text kind);

/* A job as it is shown. Timestamps are RFC 3339, numbers digits; what is not there yet is absent. */
struct job {
    struct text id;
    struct text kind;
    enum job_state state;
    struct text attempts;
    struct text attempts_max;
    struct text progress; /* 0 to 1 */
    struct text last_error;
    struct text created_at;
    struct text run_at; /* of one that is queued */
    struct text started_at;
    struct text ended_at;
    bool cancelling; /* it runs, and has been asked to end */
};

/* What a wish of people does to a job. */
enum job_effect {
    JOB_EFFECT_NONE,    /* it is so already */
    JOB_EFFECT_REVIVE,  /* from those that have ended back into the queue */
    JOB_EFFECT_HURRY,   /* it waits, and is due now */
    JOB_EFFECT_END,     /* from the queue to those that have ended */
    JOB_EFFECT_ASK,     /* its runner is asked to end it */
    JOB_EFFECT_REFUSED, /* it cannot be: the job is left as it is */
    JOB_EFFECT_COUNT
};

/* Makes of a job as it was read what it is once it was tried again, or cancelled, at that time (as text, like those of the job). */
enum job_effect job_wish_retry(struct job *job, struct text at);
enum job_effect job_wish_cancel(struct job *job, struct text at);

/* What a list of jobs may ask for, already parsed: the newest first. */
struct job_query {
    bool has_state;
    enum job_state state;
    struct text kind; /* absent: all */
    uint32_t limit;
    bool has_cursor;
    struct cursor cursor; /* of it only id and fingerprint count */
};

/* Of the filters: a cursor belongs to one list. */
uint64_t job_query_fingerprint(const struct job_query *query);

/* --- how a run goes on --- */

/* What came of a step of a job. */
enum job_step {
    JOB_STEP_MORE,  /* there is another one */
    JOB_STEP_WAIT,  /* there is another one, later */
    JOB_STEP_AWAY,  /* the database could not be asked, or not in time: the same step again, later */
    JOB_STEP_DONE,  /* the job is done */
    JOB_STEP_RETRY, /* the attempt failed; another may succeed */
    JOB_STEP_FAIL,  /* no attempt can succeed */
    JOB_STEP_LOST,  /* the job is somebody else's by now */
};

/* What is to be done with a job after a step. */
enum job_turn {
    JOB_TURN_GO_ON,
    JOB_TURN_SUCCEED,
    JOB_TURN_REQUEUE, /* after a pause */
    JOB_TURN_FAIL,    /* into the dead letter */
    JOB_TURN_CANCEL,
    JOB_TURN_DROP, /* nothing may be written of it */
};

/* As many steps in a row that ended with JOB_STEP_AWAY make a failed attempt: then it is the job, and not the database. */
#define JOB_AWAY_MAX 20

/* attempts counts the running one. away: how many steps in a row ended with JOB_STEP_AWAY, this one included. A job that is
 * done is not cancelled any more. */
enum job_turn job_turn_after(enum job_step step, bool cancelling, uint64_t attempts, uint64_t attempts_max,
                             unsigned away);

/* Milliseconds until the next attempt: doubled with each, up to a bound, and half of it at random. random is any number. */
int64_t job_backoff_ms(uint64_t attempts, uint32_t random);

#endif

/* What a runner does with the queue: claiming, renewing leases, giving jobs back and ending them. Each is one short
 * transaction. Statuses not told here are pg_exec's. */
#ifndef STORE_JOB_CLAIM_H
#define STORE_JOB_CLAIM_H

#include "domain/job.h"
#include "store/pg.h"

/* Names a job, and the claim under which it is held. */
struct job_hold {
    struct text id;
    struct text fence;
};

struct claimed_job {
    struct job_hold hold;
    struct text kind;
    struct text payload;
    struct text checkpoint; /* as the last heartbeat wrote it, or absent */
    uint64_t attempts;      /* this one included */
    uint64_t attempts_max;
    uint64_t progress; /* thousandths */
};

struct job_claimant {
    struct text runner;       /* UUID */
    const char *const *kinds; /* what it can run */
    size_t kind_count;
    int64_t lease_ms;
};

/* Claims at most max jobs that are due, the longest due first. STATUS_UNCERTAIN: some may have been claimed, which
 * job_claim_hand_back gives back. */
MUST_CHECK enum status job_claim_take(struct pg *pg, struct scope *scope, const struct job_claimant *claimant,
                                      size_t max, struct claimed_job **jobs, size_t *count);

/* Takes jobs whose lease is over from their runners: queued again, with a pause from the third attempt on; cancelled, where
 * that was asked for; into the dead letter, where the attempts are used up. */
MUST_CHECK enum status job_claim_rescue(struct pg *pg, struct scope *scope, uint64_t *queued, uint64_t *failed);

struct job_beat {
    struct job_hold hold;
    uint64_t progress;      /* thousandths */
    struct text checkpoint; /* or absent */
    bool held;              /* out: it is still this claim's */
    bool cancelling;        /* out */
};

/* Renews the leases of all and writes how far they are. */
MUST_CHECK enum status job_claim_beat(struct pg *pg, struct scope *scope, int64_t lease_ms, struct job_beat *beats,
                                      size_t count);

/* Ends a job. error may be absent: what was said last stays then. STATUS_STALE where it is not this claim's any more. */
MUST_CHECK enum status job_claim_end(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                     enum job_state state, struct text error);

/* The same of one that has succeeded and is not worth keeping. */
MUST_CHECK enum status job_claim_forget(struct pg *pg, struct scope *scope, const struct job_hold *hold);

/* Queues a job again, for after a pause. STATUS_STALE as above, and where it has been asked to end. */
MUST_CHECK enum status job_claim_requeue(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                         int64_t pause_ms, struct text error);

/* Queues again, at once and with the attempt not counted, all that the runner holds but for those named. */
MUST_CHECK enum status job_claim_hand_back(struct pg *pg, struct scope *scope, struct text runner,
                                           const struct job_hold *kept, size_t count, uint64_t *handed);

struct periodic_job {
    struct text id; /* UUID, for a job of this kind if one is due */
    const char *kind;
    int64_t every_s;
    uint64_t attempts_max;
};

/* Queues a job of each kind that is due, one in all runners; none while the last one is waiting or running. */
MUST_CHECK enum status job_claim_schedule(struct pg *pg, struct scope *scope, const struct periodic_job *jobs,
                                          size_t count, uint64_t *queued);

/* For statements that write for a job: begins one, in which "held" has a row where the job is still this claim's ($1 its
 * id, $2 its fence), which stays so until the statement's end. */
#define JOB_HELD JOB_HELD_AS("$1", "$2")
#define JOB_HELD_AS(id, fence)                                                                                         \
    "WITH held AS MATERIALIZED (SELECT id FROM job WHERE id = " id " AND fence = " fence                               \
    " AND state = 'running' FOR UPDATE)"

#endif

/* Changes of jobs by people: each one statement, made for the job as it was read, which with the job's row writes the answer
 * that is kept for the request's key where one is given. All of it is committed, or nothing. */
#ifndef STORE_JOB_CHANGE_H
#define STORE_JOB_CHANGE_H

#include "store/idempotency_store.h"
#include "store/job_store.h"

struct job_change {
    struct text id;
    struct text seen; /* of job_store_load: as the job must still be */
    struct text at;   /* the time that the change is stamped with */
    struct text json; /* the job after it, as it is answered: for the key */
    struct idempotency idempotency;
    bool dry_run; /* roll back: find out what the answer would be */
};

/* Has the effect on the job; JOB_EFFECT_NONE only keeps the answer, and is nothing to do without a key. STATUS_STALE where
 * the job is not as it was read any more; STATUS_CONFLICT where another with its kind and unique key has been queued since
 * one that is revived ended; STATUS_IN_PROGRESS: a request with this key is running, or was just now; else as pg_exec. */
MUST_CHECK enum status job_change_write(struct pg *pg, struct scope *scope, enum job_effect effect,
                                        const struct job_change *change);

#endif

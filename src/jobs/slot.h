/* One place in a runner, and the job that is under way in it. */
#ifndef JOBS_SLOT_H
#define JOBS_SLOT_H

#include "jobs/kind.h"

#include <stdbool.h>
#include <stdint.h>

enum slot_phase {
    SLOT_FREE,
    SLOT_RUNNING,
    SLOT_LEAVING, /* the outcome is known and yet to be written */
};

struct slot {
    enum slot_phase phase;
    const struct job_kind *kind;
    struct claimed_job job; /* a copy, in the arena */
    struct job_run run;
    struct arena *arena;
    int64_t began_ns;
    int64_t due_ns;   /* no step before */
    int64_t lease_ns; /* no step begins after: by then the job may be somebody else's */
    bool cancelling;
    unsigned away;      /* steps in a row that could not ask the database */
    enum job_turn turn; /* of one that is leaving */
};

void slot_init(struct slot *slot);
void slot_free(struct slot *slot);

/* Takes a job in. Where its payload cannot be read it leaves at once, for the dead letter. */
void slot_take(struct slot *slot, const struct job_kind *kind, const struct claimed_job *job,
               const struct job_tools *tools, int64_t lease_ns);

/* One step of one that runs. */
void slot_step(struct slot *slot, struct scope *scope, int64_t now_ns);

/* Writes the outcome of one that is leaving. STATUS_OK and STATUS_STALE: the slot is free; else it is tried again later. */
enum status slot_leave(struct slot *slot, struct scope *scope);

/* Frees the slot without a word to the database. */
void slot_drop(struct slot *slot);

#endif

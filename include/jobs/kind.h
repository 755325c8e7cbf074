/* A kind of job: how its payload is read, and what one step of it does.
 *
 * A runner is one thread that has many jobs under way, so a step is short: one batch, some hundred milliseconds at most.
 * Every job may be run more than once - its runner can die after any statement - so that a step must be one that can be
 * done again: what it writes goes in a statement that begins with JOB_HELD (store/job_claim.h), and where the job stands
 * is read from what was written. */
#ifndef JOBS_KIND_H
#define JOBS_KIND_H

#include "base/arena.h"
#include "base/config.h"
#include "base/scope.h"
#include "store/job_claim.h"

#define JOB_CHECKPOINT_MAX 256

struct catalog;
struct product_cache;

/* What every job may use. */
struct job_tools {
    const struct config *config;
    struct pg *pg;
    struct product_cache *cache; /* of it only product_cache_repair is for jobs */
    struct catalog *catalog;     /* through which alone a job changes products; NULL where the runner has none */
};

/* One attempt at a job. */
struct job_run {
    const struct job_tools *tools;
    const struct claimed_job *job;
    struct arena *arena; /* lives as long as the run */
    void *state;         /* the kind's own, zeroed at first, for as long as the run */
    /* What a step may set. */
    uint64_t progress;                   /* thousandths */
    char checkpoint[JOB_CHECKPOINT_MAX]; /* written with the next heartbeat: a hint for the next attempt; "" for none */
    int64_t wait_ms;                     /* with JOB_STEP_WAIT */
    int wake;                            /* a descriptor: readable, it ends the wait; -1 at first: there is none */
    char error[JOB_ERROR_MAX];           /* why, with JOB_STEP_RETRY and JOB_STEP_FAIL, and where begin refuses */
};

struct job_kind {
    const char *name;
    uint64_t attempts_max;                           /* of those that the schedule makes */
    int64_t (*every_s)(const struct config *config); /* seconds between those; NULL or 0: none are made */
    bool (*runs_here)(const struct config *config);  /* whether this runner takes jobs of the kind; NULL: it does */
    bool forgotten; /* one that has succeeded leaves no trace: there are many, and nothing is to be said of them */
    bool resident;  /* one at a time, in a place of its own: no number of long jobs keeps it waiting */
    size_t state_size;
    /* Reads the payload. False, with the reason in error, where it is not one: no attempt can succeed. */
    bool (*begin)(struct job_run *run);
    /* scope: memory and time of this step. */
    enum job_step (*step)(struct job_run *run, struct scope *scope);
    void (*end)(struct job_run *run); /* releases what begin and step took, however the run ends; NULL: nothing */
};

/* One of them alone: a program that runs no others does without the libraries that they need. */
extern const struct job_kind job_import;

/* The kinds of wares-jobs. */
extern const struct job_kind *const job_kinds[];
extern const size_t job_kind_count;

/* For a step's statement: what its status means for the step, STATUS_OK excepted; error is set where it is a failure.
 * doing is a phrase for it ("removing changes"). */
enum job_step job_step_of(struct job_run *run, enum status status, const char *doing);

#endif

/* A runner of jobs with all that it stands on, for the programs that run one. */
#ifndef BIN_PROGRAM_RUNNER_H
#define BIN_PROGRAM_RUNNER_H

#include "jobs/runner.h"

struct program_jobs {
    const struct config *config;
    const char *name; /* of the connection to Postgres */
    unsigned concurrency;
    const struct job_kind *const *kinds;
    size_t kind_count;
    bool (*is_over)(void *context); /* as in runner_options */
    void *context;
};

/* Builds the layers below, runs until the runner ends, and takes them down again. Returns the exit status. */
int program_run_jobs(const struct program_jobs *jobs);

#endif

/* wares-jobs, but for the kinds of job that it runs. */
#ifndef BIN_JOBS_H
#define BIN_JOBS_H

#include "jobs/kind.h"

#define JOBS_PROGRAM "wares-jobs"
#define JOBS_CONCURRENCY_DEFAULT 4

/* The whole program: options, configuration, the runner with these kinds. Returns the exit status. */
int jobs_main(int argc, char **argv, const struct job_kind *const *kinds, size_t count);

#endif

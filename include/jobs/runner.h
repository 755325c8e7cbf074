/* The runner: claims jobs from the queue and has up to a number of them under way at once, in one thread. Several runners,
 * on several hosts, share one queue.
 *
 * Every RUNNER_BEAT_MS it renews the leases of all its jobs in one statement. One that it is told it does not hold any more
 * is dropped; where Postgres cannot be asked, no step is begun once a lease may be over. Postgres may be away at any time,
 * the start included. */
#ifndef JOBS_RUNNER_H
#define JOBS_RUNNER_H

#include "base/status.h"
#include "jobs/kind.h"

#include <stdbool.h>

#define RUNNER_CONCURRENCY_MAX 256
#define RUNNER_LEASE_MS 4000
#define RUNNER_BEAT_MS 1000
#define RUNNER_IDLE_MS 500  /* between two looks at an empty queue */
#define RUNNER_STEP_MS 2000 /* for one step, and for each statement of the runner's own */

struct runner_options {
    const struct config *config;
    struct pg *pg;               /* stays the caller's */
    struct product_cache *cache; /* likewise */
    struct catalog *catalog;     /* likewise, for kinds that change products; or NULL */
    unsigned concurrency;
    const struct job_kind *const *kinds;
    size_t kind_count;
    /* Asked between two steps, at least every RUNNER_IDLE_MS: true ends the runner as TERM does. NULL: only that does. */
    bool (*is_over)(void *context);
    void *context;
};

/* Runs until TERM or INT (signals must be blocked: base/signals.h). Then no job is claimed, and what is not done is handed
 * back, to be taken up by others at once: within three times RUNNER_STEP_MS, whatever the state of Postgres. STATUS_OK;
 * STATUS_INTERNAL, logged, where signals cannot be had. */
MUST_CHECK enum status runner_run(const struct runner_options *options);

#endif

/* A runner of jobs on its layers. */
#include "program_runner.h"

#include "program_layers.h"

#include <stdio.h>
#include <stdlib.h>

int program_run_jobs(const struct program_jobs *jobs)
{
    const struct program_layers_options options = {
        .config = jobs->config,
        .name = jobs->name,
        /* Below the time of a step: Postgres then ends a slow one, rolled back, before it is given up in the unknown. */
        .statement_ms = RUNNER_STEP_MS - RUNNER_STEP_MS / 10,
        /* The pool, or wares migrate, brings the schema up; until then the queue is left alone. */
        .closed = "no job is run",
        .memory_max = 0, /* what jobs write is marked in the cache, but nothing is read through it */
    };
    struct program_layers layers;
    char error[PROGRAM_SENTENCE_MAX];
    enum status status;

    if (!program_layers_begin(&layers, &options, error, sizeof error)) {
        (void)fprintf(stderr, "%s: REDIS_URL: %s\n", jobs->name, error);
        return PROGRAM_EXIT_USAGE;
    }
    status = runner_run(&(struct runner_options){.config = jobs->config,
                                                 .pg = layers.pg,
                                                 .cache = layers.cache,
                                                 .catalog = layers.catalog,
                                                 .concurrency = jobs->concurrency,
                                                 .kinds = jobs->kinds,
                                                 .kind_count = jobs->kind_count,
                                                 .is_over = jobs->is_over,
                                                 .context = jobs->context});
    program_layers_end(&layers);
    return status == STATUS_OK ? EXIT_SUCCESS : PROGRAM_EXIT_FAULT;
}

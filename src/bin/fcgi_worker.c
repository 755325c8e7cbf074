/* A worker of wares.fcgi on its layers, and the migrations before the first one. */
#include "fcgi.h"
#include "program_layers.h"

#include "base/clock.h"
#include "base/log.h"
#include "handler/job_json.h"
#include "handler/webhook_json.h"
#include "server/worker.h"

#include <stdlib.h>

/* For migrations at the start; those that a request meets keep to its deadline. */
#define MIGRATE_MS 600000

void fcgi_migrate_at_start(const struct config *config)
{
    struct pg *pg = pg_new(&(struct pg_options){.url = config->database_url, .name = FCGI_PROGRAM});
    struct scope scope = {.arena = arena_new(4096), .deadline_ns = clock_deadline_in_ms(PROGRAM_CONNECT_MS)};
    char error[PROGRAM_SENTENCE_MAX];

    if (pg_connect(pg, &scope) != STATUS_OK) {
        log_info("the schema is looked at once Postgres can be reached");
    } else if (program_migrate(pg, clock_deadline_in_ms(MIGRATE_MS), error, sizeof error) != STATUS_OK) {
        log_error("the schema cannot be migrated: %s", error);
    }
    pg_free(pg);
    arena_free(scope.arena);
}

int fcgi_run_worker(const struct config *config, int ready_fd)
{
    const struct worker_options options = {.listen_fd = FCGI_LISTEN_FD, .ready_fd = ready_fd};
    struct program_layers layers;
    struct app app = {.config = config};
    char error[PROGRAM_SENTENCE_MAX];
    enum status status;

    if (!program_layers_begin(
            &layers,
            &(struct program_layers_options){
                .config = config,
                .name = FCGI_PROGRAM,
                /* Below the deadline: Postgres then ends a slow write, rolled back, before it is given up in the unknown. */
                .statement_ms = config->deadline_ms - config->deadline_ms / 10,
                .closed = "requests are refused",
                .migrates = config->migrate,
                .announces = config->hosts == HOSTS_ONE,
                .memory_max = (size_t)config->l1_bytes,
                .catalog = {.render_job = job_write,
                            .render_webhook = webhook_write,
                            .render_delivery = delivery_write,
                            .stale_ms_max = config->stale_max_s * 1000},
            },
            error, sizeof error)) {
        fcgi_complain(error);
        return PROGRAM_EXIT_USAGE;
    }
    app.catalog = layers.catalog;
    status = worker_run(&app, &options);
    app_release(&app);
    program_layers_end(&layers);
    return status == STATUS_OK ? EXIT_SUCCESS : PROGRAM_EXIT_FAULT;
}

/* The layers below a runner, wired together, and the gate of the schema. */
#include "program_runner.h"

#include "program.h"

#include "cache/product_cache.h"
#include "cache/redis.h"
#include "catalog/catalog.h"
#include "domain/category.h"
#include "domain/product.h"
#include "migrate/migrate.h"
#include "store/pg.h"
#include "json/record.h"

#include <stdio.h>
#include <stdlib.h>

/* What the greeting of new connections to Postgres needs. */
struct schema_gate {
    struct product_cache *cache;
    const struct pg *own;            /* the connection that writes */
    char told[PROGRAM_SENTENCE_MAX]; /* the fault that was logged last, so that one fault is one line */
};

/* Who serves the connection is told before anything is sent over it: where this process dies, others may trust in what it
 * marked only once that backend is gone. */
static enum status attach_cache(struct pg *pg, struct scope *scope, struct product_cache *cache)
{
    const struct pg_backend backend = pg_backend(pg);
    struct text identity = TEXT_ABSENT;
    const enum status status = pg_database_identity(pg, scope, &identity);

    if (status == STATUS_OK) {
        product_cache_attach(cache, identity, (struct cells_backend){.start_us = backend.start_us, .pid = backend.pid});
    }
    return status;
}

static bool is_backend_gone(void *context, struct scope *scope, const struct cells_backend *backend)
{
    return pg_backend_is_gone(context, scope,
                              (struct pg_backend){.pid = (int)backend->pid, .start_us = backend->start_us});
}

/* pg_options.greeting: lets only a connection to a database with the right schema be used. The pool, or wares migrate,
 * brings it there; until then the queue is left alone. */
static enum status check_schema(struct pg *pg, struct scope *scope, void *context)
{
    struct schema_gate *gate = context;
    const struct migration_set set = migrations_built_in();
    char error[PROGRAM_SENTENCE_MAX] = "";
    const enum status status = migrate_check(pg, scope, &set, error, sizeof error);

    program_log_once(gate->told, "no job is run", status == STATUS_OK ? "" : error);
    return status == STATUS_OK && pg == gate->own ? attach_cache(pg, scope, gate->cache) : status;
}

/* What there is only once the gate has its place in the options of the connection. */
static void tell_gate(struct schema_gate *gate, const struct pg *own, struct product_cache *cache)
{
    gate->own = own;
    gate->cache = cache;
}

static void render_product(struct strbuf *out, const struct record *product)
{
    json_write_record(out, &product_schema, product);
}

static void render_category(struct strbuf *out, const struct record *category)
{
    json_write_record(out, &category_schema, category);
}

int program_run_jobs(const struct program_jobs *jobs)
{
    const struct config *config = jobs->config;
    struct schema_gate gate = {0};
    char error[PROGRAM_SENTENCE_MAX];
    struct product_cache *cache;
    struct redis *redis = NULL;
    struct catalog *catalog;
    enum status status;
    struct pg *pg;

    if (redis_new(config->redis_url, config->redis_timeout_ms, &redis, error, sizeof error) != STATUS_OK) {
        (void)fprintf(stderr, "%s: REDIS_URL: %s\n", jobs->name, error);
        return PROGRAM_EXIT_USAGE;
    }
    pg = pg_new(&(struct pg_options){
        .url = config->database_url,
        .name = jobs->name,
        /* Below the time of a step: Postgres then ends a slow one, rolled back, before it is given up in the unknown. */
        .statement_ms = RUNNER_STEP_MS - RUNNER_STEP_MS / 10,
        .greeting = check_schema,
        .greeting_context = &gate,
    });
    /* Nothing is read through it; what jobs write is marked in it. */
    cache = product_cache_new(&(struct product_cache_options){
        .redis = redis,
        .ttl_s = config->cache_ttl_s,
        .folder = config->runtime_dir,
        .many_hosts = config->hosts == HOSTS_MANY,
        .is_gone = is_backend_gone,
        .context = pg,
    });
    tell_gate(&gate, pg, cache);
    catalog = catalog_new(&(struct catalog_options){
        .pg = pg,
        .cache = cache,
        .render = render_product,
        .render_category = render_category,
        .currency = config->currency,
    });
    status = runner_run(&(struct runner_options){.config = config,
                                                 .pg = pg,
                                                 .cache = cache,
                                                 .catalog = catalog,
                                                 .concurrency = jobs->concurrency,
                                                 .kinds = jobs->kinds,
                                                 .kind_count = jobs->kind_count,
                                                 .is_over = jobs->is_over,
                                                 .context = jobs->context});
    catalog_free(catalog);
    product_cache_free(cache);
    redis_free(redis);
    pg_free(pg);
    return status == STATUS_OK ? EXIT_SUCCESS : PROGRAM_EXIT_FAULT;
}

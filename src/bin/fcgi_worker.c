/* A worker of wares.fcgi: the schema's gate, and the layers wired together.
 *
 * Postgres may be away at any time, the start included: nothing here waits for it for long. Whether the schema is the
 * one that this program knows is asked on every new connection, and answered with 503 until it is. */
#include "fcgi.h"

#include "base/clock.h"
#include "cache/product_cache.h"
#include "cache/redis.h"
#include "catalog/catalog.h"
#include "catalog/home.h"
#include "domain/category.h"
#include "domain/product.h"
#include "handler/job_json.h"
#include "handler/webhook_json.h"
#include "migrate/migrate.h"
#include "server/worker.h"
#include "store/pg.h"
#include "json/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* For migrations at the start; those that a request meets keep to its deadline. */
#define MIGRATE_MS 600000

/* What the greeting of new connections to Postgres needs. */
struct schema_gate {
    const struct config *config;
    struct product_cache *cache;
    const struct pg *own;            /* the connection that writes; one that streams an export is greeted too */
    char told[PROGRAM_SENTENCE_MAX]; /* the fault that was logged last, so that one fault is one line */
};

static void report_migration(const struct migration *migration)
{
    log_info("running migration %s", migration->name);
}

/* Migrates on this connection. */
static enum status migrate_until(struct pg *pg, int64_t deadline_ns, char *error, size_t error_size)
{
    const struct migration_set set = migrations_built_in();
    struct scope scope = {.arena = arena_new(4096), .deadline_ns = deadline_ns};
    unsigned applied = 0;
    enum status status;

    error[0] = '\0';
    status = migrate_run(pg, &scope, &set, report_migration, &applied, error, error_size);
    if (status == STATUS_OK && applied > 0) {
        log_info("%u migrations were run", applied);
    }
    arena_free(scope.arena);
    return status;
}

/* Who serves the connection is told before anything is sent over it: where this process dies, others may trust in what it
 * marked only once that backend is gone. */
static enum status attach_cache(struct pg *pg, struct scope *scope, const struct schema_gate *gate)
{
    struct product_cache *cache = gate->cache;
    const struct pg_backend backend = pg_backend(pg);
    struct text identity = TEXT_ABSENT;
    enum status status = pg_database_identity(pg, scope, &identity);

    if (status == STATUS_OK) {
        product_cache_attach(cache, identity, (struct cells_backend){.start_us = backend.start_us, .pid = backend.pid});
    }
    if (status == STATUS_OK && gate->config->hosts == HOSTS_ONE) {
        catalog_home_announce(pg, scope, cache);
    }
    return status;
}

static bool is_backend_gone(void *context, struct scope *scope, const struct cells_backend *backend)
{
    return pg_backend_is_gone(context, scope,
                              (struct pg_backend){.pid = (int)backend->pid, .start_us = backend->start_us});
}

/* pg_options.greeting: lets only a connection to a database with the right schema be used. */
static enum status check_schema(struct pg *pg, struct scope *scope, void *context)
{
    struct schema_gate *gate = context;
    const struct migration_set set = migrations_built_in();
    char error[PROGRAM_SENTENCE_MAX] = "";
    enum status status = migrate_check(pg, scope, &set, error, sizeof error);

    if (status == STATUS_INVALID && gate->config->migrate) {
        status = migrate_until(pg, scope->deadline_ns, error, sizeof error);
    }
    program_log_once(gate->told, "requests are refused", status == STATUS_OK ? "" : error);
    return status == STATUS_OK && pg == gate->own ? attach_cache(pg, scope, gate) : status;
}

/* What there is only once the gate has its place in the options of the connection. */
static void tell_gate(struct schema_gate *gate, const struct pg *own, struct product_cache *cache)
{
    gate->own = own;
    gate->cache = cache;
}

void fcgi_migrate_at_start(const struct config *config)
{
    struct pg *pg = pg_new(&(struct pg_options){.url = config->database_url, .name = FCGI_PROGRAM});
    struct scope scope = {.arena = arena_new(4096), .deadline_ns = clock_deadline_in_ms(PROGRAM_CONNECT_MS)};
    char error[PROGRAM_SENTENCE_MAX];

    if (pg_connect(pg, &scope) != STATUS_OK) {
        log_info("the schema is looked at once Postgres can be reached");
    } else if (migrate_until(pg, clock_deadline_in_ms(MIGRATE_MS), error, sizeof error) != STATUS_OK) {
        log_error("the schema cannot be migrated: %s", error);
    }
    pg_free(pg);
    arena_free(scope.arena);
}

static void render_product(struct strbuf *out, const struct record *product)
{
    json_write_record(out, &product_schema, product);
}

static void render_category(struct strbuf *out, const struct record *category)
{
    json_write_record(out, &category_schema, category);
}

int fcgi_run_worker(const struct config *config, int ready_fd)
{
    const struct worker_options options = {.listen_fd = FCGI_LISTEN_FD, .ready_fd = ready_fd};
    struct schema_gate gate = {.config = config};
    struct app app = {.config = config};
    char error[PROGRAM_SENTENCE_MAX];
    struct redis *redis = NULL;
    struct product_cache *cache;
    struct pg *pg;
    enum status status;

    if (redis_new(config->redis_url, config->redis_timeout_ms, &redis, error, sizeof error) != STATUS_OK) {
        fcgi_complain(error);
        return PROGRAM_EXIT_USAGE;
    }
    pg = pg_new(&(struct pg_options){
        .url = config->database_url,
        .name = FCGI_PROGRAM,
        /* Below the deadline: Postgres then ends a slow write, rolled back, before it is given up in the unknown. */
        .statement_ms = config->deadline_ms - config->deadline_ms / 10,
        .greeting = check_schema,
        .greeting_context = &gate,
    });
    cache = product_cache_new(&(struct product_cache_options){
        .redis = redis,
        .ttl_s = config->cache_ttl_s,
        .memory_max = (size_t)config->l1_bytes,
        .folder = config->runtime_dir,
        .many_hosts = config->hosts == HOSTS_MANY,
        .l1_ttl_ms = config->l1_ttl_ms,
        .is_gone = is_backend_gone,
        .context = pg,
    });
    tell_gate(&gate, pg, cache);
    app.catalog = catalog_new(&(struct catalog_options){
        .pg = pg,
        .cache = cache,
        .render = render_product,
        .render_category = render_category,
        .render_job = job_write,
        .render_webhook = webhook_write,
        .render_delivery = delivery_write,
        .currency = config->currency,
        .stale_ms_max = config->stale_max_s * 1000,
    });
    status = worker_run(&app, &options);
    app_release(&app);
    catalog_free(app.catalog);
    product_cache_free(cache);
    redis_free(redis);
    pg_free(pg);
    return status == STATUS_OK ? EXIT_SUCCESS : PROGRAM_EXIT_FAULT;
}

/* The layers wired together, and the gate of the schema.
 *
 * Postgres may be away at any time, the start included: nothing here waits for it. Whether the schema is the one that this
 * program knows is asked on every new connection, and the connection is of no use until it is. */
#include "program_layers.h"

#include "base/log.h"
#include "catalog/home.h"
#include "domain/category.h"
#include "domain/product.h"
#include "migrate/migrate.h"
#include "json/record.h"

/* --- the gate --- */

static void report_migration(const struct migration *migration)
{
    log_info("running migration %s", migration->name);
}

enum status program_migrate(struct pg *pg, int64_t deadline_ns, char *error, size_t error_size)
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
static enum status attach_cache(struct program_layers *layers, struct scope *scope)
{
    const struct pg_backend backend = pg_backend(layers->pg);
    struct text identity = TEXT_ABSENT;
    const enum status status = pg_database_identity(layers->pg, scope, &identity);

    if (status == STATUS_OK) {
        product_cache_attach(layers->cache, identity,
                             (struct cells_backend){.start_us = backend.start_us, .pid = backend.pid});
    }
    if (status == STATUS_OK && layers->options.announces) {
        catalog_home_announce(layers->pg, scope, layers->cache);
    }
    return status;
}

/* pg_options.greeting: lets only a connection to a database with the right schema be used. */
static enum status check_schema(struct pg *pg, struct scope *scope, void *context)
{
    struct program_layers *layers = context;
    const struct migration_set set = migrations_built_in();
    char error[PROGRAM_SENTENCE_MAX] = "";
    enum status status = migrate_check(pg, scope, &set, error, sizeof error);

    if (status == STATUS_INVALID && layers->options.migrates) {
        status = program_migrate(pg, scope->deadline_ns, error, sizeof error);
    }
    program_log_once(layers->told, layers->options.closed, status == STATUS_OK ? "" : error);
    return status == STATUS_OK && pg == layers->pg ? attach_cache(layers, scope) : status;
}

/* --- the layers --- */

static bool is_backend_gone(void *context, struct scope *scope, const struct cells_backend *backend)
{
    return pg_backend_is_gone(context, scope,
                              (struct pg_backend){.pid = (int)backend->pid, .start_us = backend->start_us});
}

static void render_product(struct strbuf *out, const struct record *product)
{
    json_write_record(out, &product_schema, product);
}

static void render_category(struct strbuf *out, const struct record *category)
{
    json_write_record(out, &category_schema, category);
}

static struct catalog *make_catalog(const struct program_layers *layers)
{
    struct catalog_options options = layers->options.catalog;

    options.pg = layers->pg;
    options.cache = layers->cache;
    options.render = render_product;
    options.render_category = render_category;
    options.currency = layers->options.config->currency;
    return catalog_new(&options);
}

bool program_layers_begin(struct program_layers *layers, const struct program_layers_options *options, char *error,
                          size_t error_size)
{
    const struct config *config = options->config;

    *layers = (struct program_layers){.options = *options};
    if (redis_new(config->redis_url, config->redis_timeout_ms, &layers->redis, error, error_size) != STATUS_OK) {
        return false;
    }
    layers->pg = pg_new(&(struct pg_options){
        .url = config->database_url,
        .name = options->name,
        .statement_ms = options->statement_ms,
        .greeting = check_schema,
        .greeting_context = layers,
    });
    layers->cache = product_cache_new(&(struct product_cache_options){
        .redis = layers->redis,
        .ttl_s = config->cache_ttl_s,
        .memory_max = options->memory_max,
        .folder = config->runtime_dir,
        .many_hosts = config->hosts == HOSTS_MANY,
        .l1_ttl_ms = config->l1_ttl_ms,
        .is_gone = is_backend_gone,
        .context = layers->pg,
    });
    layers->catalog = make_catalog(layers);
    return true;
}

void program_layers_end(struct program_layers *layers)
{
    catalog_free(layers->catalog);
    product_cache_free(layers->cache);
    redis_free(layers->redis);
    pg_free(layers->pg);
}

/* Two workers that change products of one schema: each with a connection, a cache and a catalog of its own. */
#ifndef TESTS_WORKERS_H
#define TESTS_WORKERS_H

#include "catalog/catalog.h"

#include "../database.h"
#include "cells_folder.h"

#include "cache/product_cache.h"
#include "json/record.h"

#define TEA "01900000-0000-7000-8000-000000000001"

static struct worker {
    struct pg *pg;
    struct redis *redis;
    struct product_cache *cache;
    struct catalog *catalog;
} mine, others;

static inline void workers_render(struct strbuf *out, const struct record *product)
{
    json_write_record(out, &product_schema, product);
}

static inline void employ(struct worker *worker, struct pg *pg)
{
    char error[200];
    worker->pg = pg;
    assert_int_equal(redis_new("off", 100, &worker->redis, error, sizeof(error)), STATUS_OK);
    worker->cache =
        product_cache_new(&(struct product_cache_options){.redis = worker->redis, .ttl_s = 60, .folder = folder});
    product_cache_attach(worker->cache, TEXT("test"), (struct cells_backend){.pid = 1});
    worker->catalog = catalog_new(
        &(struct catalog_options){.pg = pg, .cache = worker->cache, .render = workers_render, .currency = "USD"});
}

static inline void dismiss(struct worker *worker)
{
    catalog_free(worker->catalog);
    product_cache_free(worker->cache);
    redis_free(worker->redis);
}

static inline int workers_set_up(void **state)
{
    (void)catalogue_set_up(state);
    make_cells_folder();
    employ(&mine, ((struct database *)*state)->pg);
    employ(&others, database_connect(0));
    return 0;
}

static inline int workers_tear_down(void **state)
{
    dismiss(&mine);
    dismiss(&others);
    pg_free(others.pg);
    remove_cells();
    return database_tear_down(state);
}

static inline int workers_clear(void **state)
{
    (void)database_reset(state);
    run_sql(*state, "TRUNCATE category, product, change, idempotency; "
                    "INSERT INTO category (id, name, slug) VALUES ('" TEA "', 'Tea', 'tea')");
    return 0;
}

#endif

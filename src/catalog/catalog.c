/* The catalog's state, what its files share, and whether it is ready. */
#include "catalog_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "cache/product_cache.h"
#include "domain/timestamp.h"
#include "store/pg.h"

#include <inttypes.h>
#include <stdlib.h>

struct catalog *catalog_new(const struct catalog_options *options)
{
    struct catalog *catalog = memory_new(1, sizeof *catalog);

    catalog->options = *options;
    strbuf_init(&catalog->rendered, CATALOG_PRODUCT_JSON_MAX);
    return catalog;
}

void catalog_free(struct catalog *catalog)
{
    if (catalog != NULL) {
        strbuf_free(&catalog->rendered);
        free(catalog);
    }
}

enum status catalog_render(struct catalog *catalog, struct scope *scope, const struct record *product,
                           struct product_view *view)
{
    uint64_t version = 0;

    strbuf_clear(&catalog->rendered, CATALOG_RENDERED_KEPT);
    catalog->options.render(&catalog->rendered, product);
    if (catalog->rendered.overflowed || !text_to_u64(product->value[PRODUCT_VERSION], &version)) {
        log_error("product %.*s cannot be rendered", TEXT_PRINT(product->value[PRODUCT_ID]));
        return STATUS_INTERNAL;
    }
    view->version = (int64_t)version;
    view->json = arena_copy(scope->arena, strbuf_text(&catalog->rendered));
    return STATUS_OK;
}

enum status catalog_know_database(struct catalog *catalog, struct scope *scope)
{
    return product_cache_is_attached(catalog->options.cache) ? STATUS_OK : pg_connect(catalog->options.pg, scope);
}

enum status catalog_begin_write(struct catalog *catalog, struct scope *scope, const struct cache_marks *marks)
{
    const enum status status = pg_connect(catalog->options.pg, scope);

    return status == STATUS_OK ? product_cache_begin_write(catalog->options.cache, scope, marks) : status;
}

/* Of what is created most is read by nobody soon, and the first who reads it elsewhere puts it into Redis. */
void catalog_keep_created(struct catalog *catalog, struct text id, const struct product_view *view,
                          const struct cache_ticket *ticket)
{
    const struct cached_product product = {.version = view->version, .json = view->json};

    product_cache_put_here(catalog->options.cache, id, &product, ticket);
}

void catalog_keep(struct catalog *catalog, struct scope *scope, struct text id, const struct product_view *view,
                  const struct cache_ticket *ticket)
{
    const struct cached_product product = {.version = view->version, .json = view->json};

    product_cache_put(catalog->options.cache, scope, id, &product, ticket);
}

enum cache_outcome change_outcome(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return CACHE_COMMITTED;
    case STATUS_UNCERTAIN:
    case STATUS_INTERNAL:
        return CACHE_UNKNOWN;
    case STATUS_NOT_FOUND:
    case STATUS_GONE:
    case STATUS_INVALID:
    case STATUS_CONFLICT:
    case STATUS_STALE:
    case STATUS_KEY_REUSED:
    case STATUS_IN_PROGRESS:
    case STATUS_TOO_LARGE:
    case STATUS_READ_ONLY:
    case STATUS_UNAVAILABLE:
    case STATUS_DEADLINE:
    default:
        return CACHE_ROLLED_BACK;
    }
}

enum status catalog_stamp(struct catalog *catalog, struct scope *scope, const struct stamp *stamp,
                          const struct record *now, struct record *record)
{
    char *at = arena_alloc(scope->arena, CLOCK_TEXT_SIZE);
    int64_t at_us = 0;
    int64_t before_us = 0;
    uint64_t version = 0;
    enum status status = pg_now(catalog->options.pg, scope, &at_us);

    if (status != STATUS_OK) {
        return status;
    }
    if (now != NULL && timestamp_to_micros(now->value[stamp->updated_at], &before_us) && at_us <= before_us) {
        at_us = before_us + 1;
    }
    if (now != NULL) {
        (void)text_to_u64(now->value[stamp->version], &version);
    }
    clock_format_micros(at_us, at);
    record_set(record, stamp->updated_at, text_of(at));
    record_set(record, stamp->created_at, now != NULL ? now->value[stamp->created_at] : text_of(at));
    record_set(record, stamp->version, arena_printf(scope->arena, "%" PRIu64, version + 1));
    return STATUS_OK;
}

enum status catalog_ready(struct catalog *catalog, struct scope *scope, bool *cache_answers)
{
    struct pg_result *result = NULL;

    *cache_answers = product_cache_answers(catalog->options.cache, scope);
    return pg_exec(catalog->options.pg, scope, "ready", "SELECT 1", true, NULL, 0, &result);
}

void catalog_hold(struct catalog *catalog)
{
    product_cache_hold(catalog->options.cache);
}

void catalog_release(struct catalog *catalog)
{
    product_cache_release(catalog->options.cache);
}

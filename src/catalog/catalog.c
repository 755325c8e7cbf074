/* The catalog's state, what its files share, and whether it is ready. */
#include "catalog_internal.h"

#include "base/log.h"
#include "base/memory.h"
#include "cache/product_cache.h"
#include "store/pg.h"

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

void catalog_keep(struct catalog *catalog, struct scope *scope, struct text id, const struct product_view *view,
                  const struct cache_ticket *ticket)
{
    struct cached_product product = {.version = view->version, .json = view->json};

    product_cache_put(catalog->options.cache, scope, id, &product, ticket);
}

enum status catalog_explain(enum status status, const struct constraint_fault *table, size_t count,
                            struct faults *faults)
{
    for (size_t i = 0; i < count; i++) {
        if (table[i].from == status) {
            faults_add(faults, FAULT_IN_BODY, table[i].pointer, table[i].code, "%s", table[i].detail);
            return table[i].to;
        }
    }
    return status;
}

enum status catalog_ready(struct catalog *catalog, struct scope *scope, bool *cache_answers)
{
    struct pg_result *result = NULL;

    *cache_answers = product_cache_answers(catalog->options.cache, scope);
    return pg_exec(catalog->options.pg, scope, "ready", "SELECT 1", true, NULL, 0, &result);
}

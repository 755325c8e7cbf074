/* Products: reads by id through the cache, writes to the database and then the cache. Lists stand in catalog_list.c. */
#include "catalog_internal.h"

#include "base/log.h"
#include "base/uuid.h"
#include "cache/product_cache.h"
#include "store/product_store.h"

#define RENDERED_KEPT ((size_t)256 * 1024) /* of the buffer, between products */

/* The JSON of a product, in the scope's arena. */
static enum status render(struct catalog *catalog, struct scope *scope, const struct record *product,
                          struct product_view *view)
{
    uint64_t version = 0;

    strbuf_clear(&catalog->rendered, RENDERED_KEPT);
    catalog->options.render(&catalog->rendered, product);
    if (catalog->rendered.overflowed || !text_to_u64(product->value[PRODUCT_VERSION], &version)) {
        log_error("product %.*s cannot be rendered", TEXT_PRINT(product->value[PRODUCT_ID]));
        return STATUS_INTERNAL;
    }
    view->version = (int64_t)version;
    view->json = arena_copy(scope->arena, strbuf_text(&catalog->rendered));
    return STATUS_OK;
}

static void keep(struct catalog *catalog, struct scope *scope, struct text id, const struct product_view *view)
{
    struct cached_product product = {.version = view->version, .json = view->json};

    product_cache_put(catalog->options.cache, scope, id, &product);
}

enum status catalog_product_get(struct catalog *catalog, struct scope *scope, struct text id, bool fresh,
                                struct product_view *view)
{
    struct cached_product cached;
    struct record product;
    enum status status;

    if (!fresh && product_cache_get(catalog->options.cache, scope, id, &cached) == STATUS_OK) {
        *view = (struct product_view){.version = cached.version, .json = cached.json};
        return STATUS_OK;
    }
    status = product_store_get(catalog->options.pg, scope, id, &product);
    if (status == STATUS_OK) {
        status = render(catalog, scope, &product, view);
    }
    if (status == STATUS_OK && !fresh) {
        keep(catalog, scope, id, view);
    }
    return status;
}

enum status catalog_product_create(struct catalog *catalog, struct scope *scope, struct record *input,
                                   struct faults *faults, struct text *id, struct product_view *view)
{
    static const struct constraint_fault broken[] = {
        {STATUS_NOT_FOUND, STATUS_INVALID, "/category_id", "unknown_category", "must be the id of a category"},
        {STATUS_CONFLICT, STATUS_CONFLICT, "/sku", "taken", "is the sku of another product"},
    };
    char made[UUID_TEXT_LENGTH + 1];
    struct record product;
    enum status status;

    record_complete(&product_schema, input, catalog->options.currency, faults);
    if (faults->count > 0) {
        return STATUS_INVALID;
    }
    uuid_make(made);
    *id = arena_copy(scope->arena, text_of(made));
    record_set(input, PRODUCT_ID, *id);
    status = product_store_insert(catalog->options.pg, scope, input, &product);
    if (status == STATUS_OK) {
        status = render(catalog, scope, &product, view);
    }
    if (status == STATUS_OK) {
        keep(catalog, scope, *id, view);
    }
    return catalog_explain(status, broken, sizeof broken / sizeof broken[0], faults);
}

/* The statements about products. */
#include "store/product_store.h"

#include "row.h"

#define NAME "product_get"

static const char *sql_of(struct scope *scope)
{
    return arena_printf(scope->arena, "SELECT %s, deleted_at FROM product WHERE id = $1",
                        row_columns(scope->arena, &product_schema))
        .data;
}

static enum status read_product(struct scope *scope, enum status status, const struct pg_result *result,
                                struct record *product)
{
    if (status == STATUS_OK && pg_rows(result) > 0 && pg_value(result, 0, PRODUCT_FIELD_COUNT).data != NULL) {
        return STATUS_GONE;
    }
    return status == STATUS_OK ? row_read_only(scope->arena, &product_schema, result, product) : status;
}

enum status product_store_get(struct pg *pg, struct scope *scope, struct text id, struct record *product)
{
    struct pg_result *result = NULL;
    const enum status status = pg_exec(pg, scope, NAME, sql_of(scope), true, &id, 1, &result);

    return read_product(scope, status, result, product);
}

enum status product_store_get_jointly(struct pg *pg, struct scope *scope, struct text id, struct record *product)
{
    struct pg_result *result = NULL;
    const enum status status = pg_read_jointly(pg, scope, NAME, sql_of(scope), &id, 1, &result);

    return read_product(scope, status, result, product);
}

/* The statements about products. */
#include "store/product_store.h"

#include "row.h"

enum status product_store_get(struct pg *pg, struct scope *scope, struct text id, struct record *product)
{
    const char *sql = arena_printf(scope->arena, "SELECT %s, deleted_at FROM product WHERE id = $1",
                                   row_columns(scope->arena, &product_schema))
                          .data;
    struct pg_result *result = NULL;
    enum status status = pg_read_jointly(pg, scope, "product_get", sql, &id, 1, &result);

    if (status == STATUS_OK && pg_rows(result) > 0 && pg_value(result, 0, PRODUCT_FIELD_COUNT).data != NULL) {
        return STATUS_GONE;
    }
    return status == STATUS_OK ? row_read_only(scope->arena, &product_schema, result, product) : status;
}

/* The statements about products. */
#include "store/product_store.h"

#include "row.h"

enum status product_store_get(struct pg *pg, struct scope *scope, struct text id, struct record *product)
{
    const char *sql = arena_printf(scope->arena, "SELECT %s, deleted_at FROM product WHERE id = $1",
                                   row_columns(scope->arena, &product_schema))
                          .data;
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "product_get", sql, true, &id, 1, &result);

    if (status == STATUS_OK && pg_rows(result) > 0 && pg_value(result, 0, PRODUCT_FIELD_COUNT).data != NULL) {
        return STATUS_GONE;
    }
    return status == STATUS_OK ? row_read_only(scope->arena, &product_schema, result, product) : status;
}

enum status product_store_insert(struct pg *pg, struct scope *scope, const struct record *input, struct record *product)
{
    static const enum product_field given[] = {PRODUCT_ID,          PRODUCT_SKU,      PRODUCT_NAME,
                                               PRODUCT_DESCRIPTION, PRODUCT_PRICE,    PRODUCT_CURRENCY,
                                               PRODUCT_CATEGORY_ID, PRODUCT_STATUS,   PRODUCT_ATTRIBUTES,
                                               PRODUCT_IMAGES,      PRODUCT_GROUP_KEY};
    const char *sql =
        arena_printf(
            scope->arena,
            "INSERT INTO product (id, sku, name, description, price, currency, category_id, status, attributes, "
            "images, group_key) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) RETURNING %s",
            row_columns(scope->arena, &product_schema))
            .data;
    struct text values[sizeof(given) / sizeof(given[0])];
    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
        values[i] = input->value[given[i]];
    }
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "product_insert", sql, false, values, sizeof(values) / sizeof(values[0]), &result);

    return status == STATUS_OK ? row_read_only(scope->arena, &product_schema, result, product) : status;
}

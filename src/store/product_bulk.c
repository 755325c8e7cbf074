/* Many products in one statement: each column goes as one array, which Postgres unnests to rows. */
#include "store/product_bulk.h"

#include "pg_array.h"

enum status product_bulk_insert(struct pg *pg, struct scope *scope, const struct record *products, size_t count,
                                uint64_t *added)
{
    static const char sql[] =
        "WITH added AS (INSERT INTO product (id, sku, name, description, price, currency, category_id, status, "
        "attributes, images, "
        "group_key, created_at, updated_at) "
        "SELECT * FROM unnest($1::text[]::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]::numeric[], "
        "$6::text[], $7::text[]::uuid[], "
        "$8::text[], $9::text[]::json[], $10::text[]::json[], $11::text[], $12::text[]::timestamptz[], "
        "$13::text[]::timestamptz[]) "
        "ON CONFLICT DO NOTHING RETURNING search) "
        "SELECT count(*), search_learn_from(array_agg(search)) FROM added"; /* there is no feed to learn them from */
    static const enum product_field fields[] = {
        PRODUCT_ID,        PRODUCT_SKU,         PRODUCT_NAME,       PRODUCT_DESCRIPTION, PRODUCT_PRICE,
        PRODUCT_CURRENCY,  PRODUCT_CATEGORY_ID, PRODUCT_STATUS,     PRODUCT_ATTRIBUTES,  PRODUCT_IMAGES,
        PRODUCT_GROUP_KEY, PRODUCT_CREATED_AT,  PRODUCT_UPDATED_AT,
    };
    enum { COLUMNS = sizeof(fields) / sizeof(fields[0]) };
    struct pg_array arrays[COLUMNS];
    struct text values[COLUMNS];
    enum status status = STATUS_OK;
    struct pg_result *result = NULL;

    for (size_t column = 0; column < COLUMNS; column++) {
        pg_array_init(&arrays[column]);
        for (size_t i = 0; i < count; i++) {
            pg_array_append(&arrays[column], products[i].value[fields[column]]);
        }
        status = pg_array_end(&arrays[column], &values[column]) ? status : STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        status = pg_exec_arrays(pg, scope, "product_bulk_insert", sql, false, values, COLUMNS, PG_ARRAYS(0, COLUMNS),
                                &result);
    }
    if (status == STATUS_OK && !text_to_u64(pg_value(result, 0, 0), added)) {
        status = STATUS_INTERNAL;
    }
    for (size_t column = 0; column < COLUMNS; column++) {
        pg_array_free(&arrays[column]);
    }
    return status;
}

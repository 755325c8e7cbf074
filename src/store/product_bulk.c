/* Many products in one statement: each column goes as one array, which Postgres unnests to rows. */
#include "store/product_bulk.h"

#include "base/strbuf.h"

#define ARRAY_BYTES_MAX ((size_t)512 << 20)

static void append_element(struct strbuf *array, struct text value)
{
    if (value.data == NULL) {
        strbuf_append(array, "NULL", 4);
        return;
    }
    strbuf_append_char(array, '"');
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] == '"' || value.data[i] == '\\') {
            strbuf_append_char(array, '\\');
        }
        strbuf_append_char(array, value.data[i]);
    }
    strbuf_append_char(array, '"');
}

/* One field of all products in Postgres's text form of an array. */
static void append_column(struct strbuf *array, const struct record *products, size_t count, enum product_field field)
{
    strbuf_append_char(array, '{');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            strbuf_append_char(array, ',');
        }
        append_element(array, products[i].value[field]);
    }
    strbuf_append_char(array, '}');
}

enum status product_bulk_insert(struct pg *pg, struct scope *scope, const struct record *products, size_t count,
                                uint64_t *added)
{
    static const char sql[] =
        "INSERT INTO product (id, sku, name, description, price, currency, category_id, status, attributes, images, "
        "group_key, created_at, updated_at) "
        "SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::numeric[], $6::text[], $7::uuid[], "
        "$8::text[], $9::json[], $10::json[], $11::text[], $12::timestamptz[], $13::timestamptz[]) "
        "ON CONFLICT DO NOTHING";
    static const enum product_field fields[] = {
        PRODUCT_ID,        PRODUCT_SKU,         PRODUCT_NAME,       PRODUCT_DESCRIPTION, PRODUCT_PRICE,
        PRODUCT_CURRENCY,  PRODUCT_CATEGORY_ID, PRODUCT_STATUS,     PRODUCT_ATTRIBUTES,  PRODUCT_IMAGES,
        PRODUCT_GROUP_KEY, PRODUCT_CREATED_AT,  PRODUCT_UPDATED_AT,
    };
    enum { COLUMNS = sizeof(fields) / sizeof(fields[0]) };
    struct strbuf arrays[COLUMNS];
    struct text values[COLUMNS];
    enum status status = STATUS_OK;
    struct pg_result *result = NULL;

    for (size_t i = 0; i < COLUMNS; i++) {
        strbuf_init(&arrays[i], ARRAY_BYTES_MAX);
        append_column(&arrays[i], products, count, fields[i]);
        values[i] = strbuf_text(&arrays[i]);
        status = arrays[i].overflowed ? STATUS_TOO_LARGE : status;
    }
    if (status == STATUS_OK) {
        status = pg_exec(pg, scope, "product_bulk_insert", sql, false, values, COLUMNS, &result);
    }
    if (status == STATUS_OK) {
        *added = pg_affected(result);
    }
    for (size_t i = 0; i < COLUMNS; i++) {
        strbuf_free(&arrays[i]);
    }
    return status;
}

/* The statements that change products.
 *
 * A request with an idempotency key takes a lock for its transaction first: who finds it taken is told so, and waits for
 * nobody. Who gets it after the first request has committed fails on the key's row, and finds the answer there. */
#include "store/product_write.h"

#include "row.h"
#include "stored_product.h"

#include <string.h>

/* --- reading what is to be changed --- */

const char *stored_product_columns(struct arena *arena)
{
    return arena_printf(arena, "%s, deleted_at, " ROW_SET_BY, row_columns(arena, &product_schema)).data;
}

enum status stored_product_read(struct arena *arena, const struct pg_result *result, size_t row,
                                struct stored_product *product)
{
    uint64_t version = 0;
    enum status status = row_read(arena, &product_schema, result, row, &product->record);

    if (status == STATUS_OK) {
        status = text_to_u64(product->record.value[PRODUCT_VERSION], &version) ? STATUS_OK : STATUS_INTERNAL;
        product->version = (int64_t)version;
        product->deleted = pg_value(result, row, PRODUCT_FIELD_COUNT).data != NULL;
        product->set_by = pg_value(result, row, PRODUCT_FIELD_COUNT + 1);
    }
    return status;
}

static enum status load(struct pg *pg, struct scope *scope, const char *name, const char *condition, struct text which,
                        struct stored_product *product)
{
    const char *sql =
        arena_printf(scope->arena, "SELECT %s FROM product WHERE %s", stored_product_columns(scope->arena), condition)
            .data;
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, name, sql, true, &which, 1, &result);

    if (status != STATUS_OK) {
        return status;
    }
    return pg_rows(result) == 0 ? STATUS_NOT_FOUND : stored_product_read(scope->arena, result, 0, product);
}

enum status product_write_load(struct pg *pg, struct scope *scope, struct text id, struct stored_product *product)
{
    return load(pg, scope, "product_load", "id = $1", id, product);
}

enum status product_write_load_by_sku(struct pg *pg, struct scope *scope, struct text sku,
                                      struct stored_product *product)
{
    return load(pg, scope, "product_load_by_sku", SKU_IS("$1"), sku, product);
}

enum status product_write_check(struct pg *pg, struct scope *scope, const struct record *record,
                                struct product_references *references)
{
    static const char sql[] =
        "SELECT $1::uuid IS NULL OR EXISTS (SELECT FROM category WHERE id = $1), "
        "EXISTS (SELECT FROM (SELECT id FROM product WHERE " SKU_IS("$2::text") ") taken WHERE id IS DISTINCT FROM $3)";
    const struct text values[] = {record->value[PRODUCT_CATEGORY_ID], record->value[PRODUCT_SKU],
                                  record->value[PRODUCT_ID]};
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "product_check", sql, true, values, sizeof(values) / sizeof(values[0]), &result);

    if (status == STATUS_OK) {
        references->category_exists = pg_is_true(result, 0, 0);
        references->sku_taken = pg_is_true(result, 0, 1);
    }
    return status;
}

/* --- writing --- */

/* Parameters that all statements share, in this order; those of an update and of a key follow. */
static const enum product_field written[] = {
    PRODUCT_ID,        PRODUCT_SKU,         PRODUCT_NAME,       PRODUCT_DESCRIPTION, PRODUCT_PRICE,
    PRODUCT_CURRENCY,  PRODUCT_CATEGORY_ID, PRODUCT_STATUS,     PRODUCT_ATTRIBUTES,  PRODUCT_IMAGES,
    PRODUCT_GROUP_KEY, PRODUCT_VERSION,     PRODUCT_CREATED_AT, PRODUCT_UPDATED_AT,
};

enum { WRITTEN = sizeof(written) / sizeof(written[0]) };

#define COLUMNS                                                                                                        \
    "id, sku, name, description, price, currency, category_id, status, attributes, images, group_key, version, "       \
    "created_at, updated_at"
#define VALUES                                                                                                         \
    "$1::uuid, $2::text, $3::text, $4::text, $5::numeric, $6::text, $7::uuid, $8::text, $9::json, $10::json, "         \
    "$11::text, $12::bigint, $13::timestamptz, $14::timestamptz"

/* $15 type of change, $16 JSON; the row of the feed for what the part "written" holds. */
#define FEED                                                                                                           \
    "feed AS (INSERT INTO change (type, id, version, at, data) SELECT $15::text, $1, $12, $14, $16::text FROM "        \
    "written)"

/* The turn of a request without a key, and with one. */
#define OPEN_TURN "WITH turn AS (SELECT true AS mine), "
#define KEYED_TURN(key)                                                                                                \
    "WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended(" key "::text, 0)) AS mine), "
#define KEPT(key, request)                                                                                             \
    ", kept AS (INSERT INTO idempotency (key, request, id, version, body) "                                            \
    "SELECT " key ", sha256(convert_to(" request "::text, 'UTF8')), $1, $12, $16 FROM written)"

#define INSERTED "written AS (INSERT INTO product (" COLUMNS ") SELECT " VALUES " FROM turn WHERE mine RETURNING id), "
#define UPDATED                                                                                                        \
    "written AS (UPDATE product SET (" COLUMNS ", deleted_at, field_version) = ROW (" VALUES                           \
    ", CASE WHEN $17::boolean THEN $14 END, coalesce(field_version || $18::jsonb, $18::jsonb, field_version)) "        \
    "FROM turn WHERE mine AND id = $1 AND version = $12 - 1 RETURNING id), "
#define OUTCOME " SELECT mine, EXISTS (SELECT FROM written) FROM turn"

struct write_sql {
    const char *name;
    const char *sql;
};

static const struct write_sql insert = {"product_insert", OPEN_TURN INSERTED FEED OUTCOME};
static const struct write_sql insert_keyed = {"product_insert_keyed",
                                              KEYED_TURN("$17") INSERTED FEED KEPT("$17", "$18") OUTCOME};
static const struct write_sql update = {"product_update", OPEN_TURN UPDATED FEED OUTCOME};
static const struct write_sql update_keyed = {"product_update_keyed",
                                              KEYED_TURN("$19") UPDATED FEED KEPT("$19", "$20") OUTCOME};

static const struct write_sql keep = {
    "product_keep",
    KEYED_TURN("$4") "kept AS (INSERT INTO idempotency (key, request, id, version, body, unchanged) "
                     "SELECT $4, sha256(convert_to($5::text, 'UTF8')), $1::uuid, $2::bigint, $3::text, true FROM turn "
                     "WHERE mine AND EXISTS (SELECT FROM product WHERE id = $1 AND version = $2) RETURNING key) "
                     "SELECT mine, EXISTS (SELECT FROM kept) FROM turn"};

/* What the row that each of these statements gives says, and which constraint it broke. */
static enum status outcome(const struct pg *pg, enum status status, const struct pg_result *result)
{
    if (status == STATUS_CONFLICT && strcmp(pg_constraint(pg), "idempotency_taken") == 0) {
        return STATUS_IN_PROGRESS;
    }
    return status == STATUS_OK ? row_outcome(result) : status;
}

static enum status run(struct pg *pg, struct scope *scope, const struct product_write *write, bool is_update)
{
    const bool keyed = write->idempotency.key.data != NULL && !write->dry_run;
    const struct write_sql *chosen = is_update ? (keyed ? &update_keyed : &update) : keyed ? &insert_keyed : &insert;
    struct text values[WRITTEN + 6];
    struct pg_result *result = NULL;
    size_t count = 0;
    enum status status;

    for (; count < WRITTEN; count++) {
        values[count] = write->record->value[written[count]];
    }
    values[count++] = text_of(write->type);
    values[count++] = write->json;
    if (is_update) {
        values[count++] = write->deleted ? TEXT("t") : TEXT("f");
        values[count++] = write->field_versions;
    }
    if (keyed) {
        values[count++] = write->idempotency.key;
        values[count++] = write->idempotency.request;
    }
    status = write->dry_run ? pg_rehearse(pg, scope, chosen->sql, values, count, 0, &result)
                            : pg_exec(pg, scope, chosen->name, chosen->sql, false, values, count, &result);
    return outcome(pg, status, result);
}

enum status product_write_insert(struct pg *pg, struct scope *scope, const struct product_write *write)
{
    return run(pg, scope, write, false);
}

enum status product_write_update(struct pg *pg, struct scope *scope, const struct product_write *write)
{
    return run(pg, scope, write, true);
}

enum status product_write_keep(struct pg *pg, struct scope *scope, const struct product_write *write)
{
    const struct text values[] = {write->record->value[PRODUCT_ID], write->record->value[PRODUCT_VERSION], write->json,
                                  write->idempotency.key, write->idempotency.request};
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, keep.name, keep.sql, false, values, sizeof(values) / sizeof(values[0]), &result);

    return outcome(pg, status, result);
}

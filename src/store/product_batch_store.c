/* The statements of batches: each column goes as one array, which Postgres unnests to rows. */
#include "store/product_batch_store.h"

#include "import_move.h"
#include "pg_array.h"
#include "stored_product.h"

#include <string.h>

/* --- reading --- */

static enum status read_products(struct scope *scope, const struct pg_result *result, struct batch_found *found)
{
    const size_t count = pg_rows(result);

    found->products = arena_alloc(scope->arena, (count + 1) * sizeof *found->products);
    for (size_t i = 0; i < count; i++) {
        const enum status status = stored_product_read(scope->arena, result, i, &found->products[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    found->product_count = count;
    return STATUS_OK;
}

/* UNION, not OR: each half has its index. And rows are looked up one by one: a plan is kept, and of a join that was planned
 * while the table was empty all of the table would be read when it is not. */
static enum status load_products(struct pg *pg, struct scope *scope, const struct text values[2], size_t bytes_max,
                                 struct batch_found *found)
{
    const char *columns = stored_product_columns(scope->arena);
    const char *sql =
        arena_printf(scope->arena,
                     "SELECT %s FROM (SELECT unnest($1::text[]::uuid[]) AS wanted_id UNION "
                     "SELECT p.id FROM unnest($2::text[]) AS s (sku) CROSS JOIN LATERAL ("
                     "SELECT id FROM product WHERE " SKU_IS(
                         "s.sku") " LIMIT 1) p) wanted "
                                  "CROSS JOIN LATERAL (SELECT * FROM product WHERE id = wanted_id OFFSET 0) product",
                     columns)
            .data;
    struct pg_result *result = NULL;
    bool full = false;
    enum status status =
        pg_read_bounded(pg, scope, "batch_load", sql, bytes_max, values, 2, PG_ARRAYS(0, 2), &result, &full);

    if (status == STATUS_OK && full) {
        return STATUS_TOO_LARGE;
    }
    return status == STATUS_OK ? read_products(scope, result, found) : status;
}

static enum status load_categories(struct pg *pg, struct scope *scope, const struct text *ids,
                                   struct batch_found *found)
{
    struct pg_result *result = NULL;
    enum status status = pg_exec_arrays(pg, scope, "batch_categories",
                                        "SELECT id FROM category WHERE id = ANY ((SELECT $1::text[]::uuid[])::uuid[])",
                                        true, ids, 1, PG_ARRAYS(0, 1), &result);

    if (status == STATUS_OK) {
        found->category_count = pg_rows(result);
        found->categories = arena_alloc(scope->arena, (found->category_count + 1) * sizeof *found->categories);
        for (size_t i = 0; i < found->category_count; i++) {
            found->categories[i] = pg_value(result, i, 0);
        }
    }
    return status;
}

enum status product_batch_load(struct pg *pg, struct scope *scope, const struct batch_keys *keys, size_t bytes_max,
                               struct batch_found *found)
{
    struct pg_array ids;
    struct pg_array skus;
    struct pg_array categories;
    struct text values[3];
    const bool ids_fit = pg_array_of(&ids, keys->ids, keys->id_count, &values[0]);
    const bool skus_fit = pg_array_of(&skus, keys->skus, keys->sku_count, &values[1]);
    const bool categories_fit = pg_array_of(&categories, keys->categories, keys->category_count, &values[2]);
    enum status status = ids_fit && skus_fit && categories_fit ? STATUS_OK : STATUS_TOO_LARGE;

    *found = (struct batch_found){0};
    if (status == STATUS_OK && keys->id_count + keys->sku_count > 0) {
        status = load_products(pg, scope, values, bytes_max, found);
    }
    if (status == STATUS_OK && keys->category_count > 0) {
        status = load_categories(pg, scope, &values[2], found);
    }
    pg_array_free(&ids);
    pg_array_free(&skus);
    pg_array_free(&categories);
    return status;
}

/* --- writing --- */

/* The columns of a row in the order of their parameters; what a product_write has beside them follows. */
static const enum product_field written[] = {
    PRODUCT_ID,        PRODUCT_SKU,         PRODUCT_NAME,       PRODUCT_DESCRIPTION, PRODUCT_PRICE,
    PRODUCT_CURRENCY,  PRODUCT_CATEGORY_ID, PRODUCT_STATUS,     PRODUCT_ATTRIBUTES,  PRODUCT_IMAGES,
    PRODUCT_GROUP_KEY, PRODUCT_VERSION,     PRODUCT_CREATED_AT, PRODUCT_UPDATED_AT,
};

enum {
    WRITTEN = sizeof(written) / sizeof(written[0]),
    COLUMN_TYPE = WRITTEN,
    COLUMN_DATA,
    CREATED_COLUMNS, /* what comes is the same for all that is new */
    COLUMN_DELETED = CREATED_COLUMNS,
    COLUMN_FIELD_VERSION,
    COLUMN_INSERT,
    COLUMNS,
};

#define WRITTEN_ARRAYS PG_ARRAYS(0, COLUMNS)

/* The columns of a row, and the parameters that have them. */
#define ROW                                                                                                            \
    "id, sku, name, description, price, currency, category_id, status, attributes, images, group_key, version, "       \
    "created_at, updated_at"
#define ROW_ARRAYS                                                                                                     \
    "$1::text[]::uuid[], $2::text[], $3::text[], $4::text[], $5::text[]::numeric[], $6::text[], "                      \
    "$7::text[]::uuid[], $8::text[], $9::text[]::json[], $10::text[]::json[], $11::text[], $12::text[]::bigint[], "    \
    "$13::text[]::timestamptz[], $14::text[]::timestamptz[]"

#define GIVEN                                                                                                          \
    "given AS MATERIALIZED (SELECT * FROM unnest(" ROW_ARRAYS ", $15::text[], $16::text[], $17::text[]::boolean[], "   \
    "$18::text[]::jsonb[], $19::text[]::boolean[]) WITH ORDINALITY "                                                   \
    "AS g (" ROW ", type, data, deleted, field_version, is_new, place), turn WHERE mine), "
/* Batches that are about the same skus or products come to them in the same order, whatever order was given: none waits
 * for what waits for it. The locks stand in a query of their own, so that they are taken one by one in that order. */
#define INSERTED                                                                                                       \
    "inserted AS (INSERT INTO product (" ROW ") SELECT " ROW " FROM given WHERE is_new ORDER BY lower(sku), place "    \
    "RETURNING id), "
#define LOCKED                                                                                                         \
    "locked AS MATERIALIZED (SELECT g.*, p.ctid AS stands FROM (SELECT * FROM given WHERE NOT is_new ORDER BY id) g, " \
    "LATERAL (SELECT p.ctid FROM product p WHERE p.id = g.id AND p.version = g.version - 1 FOR NO KEY UPDATE) p), "
/* What is locked stays where it stands, and is come to by that alone: of a join by id, planned while the table was empty, all of
 * the table would be read when it is not. */
#define UPDATED                                                                                                        \
    "updated AS (UPDATE product p SET sku = g.sku, name = g.name, description = g.description, price = g.price, "      \
    "currency = g.currency, category_id = g.category_id, status = g.status, attributes = g.attributes, "               \
    "images = g.images, group_key = g.group_key, version = g.version, updated_at = g.updated_at, "                     \
    "deleted_at = CASE WHEN g.deleted THEN g.updated_at END, "                                                         \
    "field_version = coalesce(p.field_version || g.field_version, g.field_version, p.field_version) "                  \
    "FROM locked g WHERE p.ctid = g.stands RETURNING p.id), "
#define FEED                                                                                                           \
    "feed AS (INSERT INTO change (type, id, version, at, data) "                                                       \
    "SELECT type, id, version, updated_at, data FROM given ORDER BY place)"
#define OUTCOME                                                                                                        \
    " SELECT mine, CASE WHEN mine AND (SELECT count(*) FROM inserted) + (SELECT count(*) FROM updated) "               \
    "< (SELECT count(*) FROM given) THEN abandon_stale() END FROM turn"

static const char batch[] = "WITH turn AS (SELECT true AS mine), " GIVEN INSERTED LOCKED UPDATED FEED OUTCOME;

static const char batch_keyed[] =
    "WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended($20::text, 0)) AS mine), " GIVEN
        INSERTED LOCKED UPDATED FEED ", kept AS (INSERT INTO idempotency (key, request, changed, body) "
    "SELECT $20, sha256(convert_to($21::text, 'UTF8')), (SELECT array_agg(id) FROM given WHERE NOT is_new), $22::text "
    "FROM turn WHERE mine)" OUTCOME;

static const char batch_moved[] = IMPORT_MOVE(
    "$20", "$21", "$22", "$23", "$24", "$25", "$26", "$27", "$28",
    "$29") ", turn AS (SELECT EXISTS (SELECT FROM moved) AS mine), " GIVEN INSERTED LOCKED UPDATED FEED OUTCOME;

/* Where all rows are new, and there is nothing to be kept or moved with them, which is what creates that join one transaction
 * are: an update that finds no rows costs a tenth of a statement of a few rows. */
static const char created[] =
    "WITH inserted AS (INSERT INTO product (" ROW ") SELECT " ROW " FROM unnest(" ROW_ARRAYS ") WITH ORDINALITY "
    "AS g (" ROW ", place) ORDER BY lower(sku), place) "
    "INSERT INTO change (type, id, version, at, data) "
    "SELECT * FROM unnest($15::text[], $1::text[]::uuid[], $12::text[]::bigint[], $14::text[]::timestamptz[], "
    "$16::text[])";

static struct text column_value(const struct batch_row *row, size_t column)
{
    switch (column) {
    case COLUMN_TYPE:
        return text_of(row->write.type);
    case COLUMN_DATA:
        return row->write.json;
    case COLUMN_DELETED:
        return row->write.deleted ? TEXT("t") : TEXT("f");
    case COLUMN_FIELD_VERSION:
        return row->write.field_versions;
    case COLUMN_INSERT:
        return row->insert ? TEXT("t") : TEXT("f");
    default:
        return row->write.record->value[written[column]];
    }
}

static bool all_created(const struct batch_row *rows, size_t count)
{
    size_t i = 0;

    while (i < count && rows[i].insert) {
        i++;
    }
    return i == count;
}

static enum status run(struct pg *pg, struct scope *scope, const struct text *values, const struct idempotency *key,
                       bool dry_run, bool moves)
{
    struct pg_result *result = NULL;
    enum status status;

    if (dry_run) {
        status = pg_rehearse(pg, scope, batch, values, COLUMNS, WRITTEN_ARRAYS, &result);
    } else if (moves) {
        status = pg_exec_arrays(pg, scope, "batch_write_moved", batch_moved, false, values,
                                COLUMNS + IMPORT_MOVE_VALUES, WRITTEN_ARRAYS | IMPORT_MOVE_ARRAYS(COLUMNS), &result);
    } else if (key->key.data != NULL) {
        status = pg_exec_arrays(pg, scope, "batch_write_keyed", batch_keyed, false, values, COLUMNS + 3, WRITTEN_ARRAYS,
                                &result);
    } else {
        status = pg_exec_arrays(pg, scope, "batch_write", batch, false, values, COLUMNS, WRITTEN_ARRAYS, &result);
    }
    if (status == STATUS_CONFLICT && strcmp(pg_constraint(pg), "idempotency_taken") == 0) {
        return STATUS_IN_PROGRESS;
    }
    return status == STATUS_OK && !pg_is_true(result, 0, 0) ? STATUS_IN_PROGRESS : status;
}

enum status product_batch_write(struct pg *pg, struct scope *scope, const struct batch_row *rows, size_t count,
                                const struct idempotency *idempotency, struct text answer, bool dry_run,
                                const struct import_move *move)
{
    const bool creates = !dry_run && move == NULL && idempotency->key.data == NULL && all_created(rows, count);
    const size_t columns = creates ? CREATED_COLUMNS : COLUMNS;
    struct pg_array arrays[COLUMNS];
    struct pg_array moved[2] = {0};
    struct text values[COLUMNS + IMPORT_MOVE_VALUES];
    struct pg_result *none = NULL;
    enum status status = STATUS_OK;

    for (size_t column = 0; column < columns; column++) {
        pg_array_init(&arrays[column]);
        for (size_t i = 0; i < count; i++) {
            pg_array_append(&arrays[column], column_value(&rows[i], column));
        }
        status = pg_array_end(&arrays[column], &values[column]) ? status : STATUS_TOO_LARGE;
    }
    if (move != NULL) {
        status = import_move_values(scope, move, moved, &values[COLUMNS]) ? status : STATUS_TOO_LARGE;
    } else {
        values[COLUMNS] = idempotency->key;
        values[COLUMNS + 1] = idempotency->request;
        values[COLUMNS + 2] = answer;
    }
    if (status == STATUS_OK && creates) {
        status = pg_exec_arrays(pg, scope, "batch_create", created, false, values, CREATED_COLUMNS,
                                PG_ARRAYS(0, CREATED_COLUMNS), &none);
    } else if (status == STATUS_OK) {
        status = run(pg, scope, values, idempotency, dry_run, move != NULL);
    }
    pg_array_free(&moved[0]);
    pg_array_free(&moved[1]);
    for (size_t column = 0; column < columns; column++) {
        pg_array_free(&arrays[column]);
    }
    return status;
}

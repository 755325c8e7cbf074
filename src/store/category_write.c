/* The statements that change categories. */
#include "store/category_write.h"

#include "row.h"

#define SLUG_MAX 100         /* as in the schema */
#define SLUG_NUMBER_MAX 9999 /* the last number tried behind a name's slug */

/* --- slugs --- */

/* $1 name, $2 the category that may have it. The number behind a slug that is taken has five characters at most with its
 * hyphen, which its first part leaves room for. */
static const char slug_sql[] =
    "WITH wanted AS ("
    "  SELECT slug_of($1) AS slug, rtrim(left(slug_of($1), " TEXT_OF(
        SLUG_MAX) " - 5), '-') || '-' AS stem"
                  ") "
                  "SELECT coalesce("
                  "  (SELECT slug FROM wanted WHERE NOT EXISTS"
                  "    (SELECT FROM category c WHERE c.slug = wanted.slug AND c.id <> $2::uuid)),"
                  "  (SELECT stem || n FROM wanted, generate_series(2, " TEXT_OF(
                      SLUG_NUMBER_MAX) ") n WHERE NOT EXISTS"
                                       "    (SELECT FROM category c WHERE c.slug = stem || n AND c.id <> $2::uuid) "
                                       "LIMIT 1))";

enum status category_write_slug(struct pg *pg, struct scope *scope, struct text id, struct text name, struct text *slug)
{
    const struct text values[] = {name, id};
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "category_slug", slug_sql, true, values, sizeof(values) / sizeof(values[0]), &result);

    if (status == STATUS_OK && pg_value(result, 0, 0).data == NULL) {
        return STATUS_CONFLICT;
    }
    if (status == STATUS_OK) {
        *slug = pg_value(result, 0, 0);
    }
    return status;
}

/* --- reading what is to be changed --- */

enum status category_write_load(struct pg *pg, struct scope *scope, struct text id, struct stored_record *category)
{
    return row_load(pg, scope, "category_load", &category_schema, "category WHERE id = $1", id, category);
}

/* --- writing --- */

/* Parameters $1 to $8; $9 is the JSON, $10 the versions of the fields. */
static const enum category_field written[] = {
    CATEGORY_ID,       CATEGORY_PARENT_ID, CATEGORY_NAME,       CATEGORY_SLUG,
    CATEGORY_POSITION, CATEGORY_VERSION,   CATEGORY_CREATED_AT, CATEGORY_UPDATED_AT,
};

enum { WRITTEN = sizeof(written) / sizeof(written[0]) };

/* Every statement has these parameters, so that each must be named in it with its type. The turn of a request is as in
 * product_write.c; $11 is its key, $12 what makes another the same. */
#define GIVEN                                                                                                          \
    "WITH given (id, parent_id, name, slug, position, version, created_at, updated_at, json, field_version) AS "       \
    "(VALUES ("                                                                                                        \
    "$1::uuid, $2::uuid, $3::text, $4::text, $5::integer, $6::bigint, $7::timestamptz, $8::timestamptz, $9::text, "    \
    "$10::jsonb)), "
#define OPEN_TURN GIVEN "turn AS (SELECT true AS mine), "
#define KEYED_TURN                                                                                                     \
    GIVEN "turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended($11::text, 0)) AS mine), "
#define FEED(type)                                                                                                     \
    ", feed AS (INSERT INTO change (type, id, version, at, data) "                                                     \
    "SELECT '" type "', g.id, g.version, g.updated_at, g.json FROM given g, written WHERE g.json IS NOT NULL)"
#define KEPT                                                                                                           \
    ", kept AS (INSERT INTO idempotency (key, request, id, version, body) "                                            \
    "SELECT $11, sha256(convert_to($12::text, 'UTF8')), g.id, g.version, g.json FROM given g, written)"
#define OUTCOME " SELECT mine, EXISTS (SELECT FROM written) FROM turn"

#define INSERTED                                                                                                       \
    "written AS (INSERT INTO category (id, parent_id, name, slug, position, version, created_at, updated_at) "         \
    "SELECT id, parent_id, name, slug, position, version, created_at, updated_at FROM given, turn WHERE mine "         \
    "RETURNING id)" FEED("category.created")
#define UPDATED(move)                                                                                                  \
    "written AS (UPDATE category c SET " move "name = g.name, slug = g.slug, position = g.position, "                  \
    "version = g.version, updated_at = g.updated_at, "                                                                 \
    "field_version = coalesce(c.field_version || g.field_version, g.field_version, c.field_version) FROM given g, "    \
    "turn "                                                                                                            \
    "WHERE mine AND c.id = g.id AND c.version = g.version - 1 RETURNING c.id)" FEED("category.updated")
#define DELETED                                                                                                        \
    "written AS (DELETE FROM category c USING given g, turn "                                                          \
    "WHERE mine AND c.id = g.id AND c.version = g.version - 1 RETURNING c.id)" FEED("category.deleted")

/* Only an update that moves names parent_id, and with it takes the lock of the tree. */
#define MOVE "parent_id = g.parent_id, "

/* A kind of write, without and with a key. */
struct write_sql {
    const char *name;
    const char *sql;
    const char *keyed_name;
    const char *keyed_sql;
};

static const struct write_sql insert = {"category_insert", OPEN_TURN INSERTED OUTCOME, "category_insert_keyed",
                                        KEYED_TURN INSERTED KEPT OUTCOME};
static const struct write_sql update = {"category_update", OPEN_TURN UPDATED("") OUTCOME, "category_update_keyed",
                                        KEYED_TURN UPDATED("") KEPT OUTCOME};
static const struct write_sql move = {"category_move", OPEN_TURN UPDATED(MOVE) OUTCOME, "category_move_keyed",
                                      KEYED_TURN UPDATED(MOVE) KEPT OUTCOME};
static const struct write_sql delete = {"category_delete", OPEN_TURN DELETED OUTCOME, "category_delete_keyed",
                                        KEYED_TURN DELETED KEPT OUTCOME};

static enum status run(struct pg *pg, struct scope *scope, const struct write_sql *chosen,
                       const struct category_write *write)
{
    const bool keyed = write->idempotency.key.data != NULL && !write->dry_run;
    const char *name = keyed ? chosen->keyed_name : chosen->name;
    const char *sql = keyed ? chosen->keyed_sql : chosen->sql;
    struct text values[WRITTEN + 4];
    struct pg_result *result = NULL;
    size_t count = 0;
    enum status status;

    for (; count < WRITTEN; count++) {
        values[count] = write->record->value[written[count]];
    }
    values[count++] = write->json;
    values[count++] = write->field_versions;
    if (keyed) {
        values[count++] = write->idempotency.key;
        values[count++] = write->idempotency.request;
    }
    status = write->dry_run ? pg_rehearse(pg, scope, sql, values, count, 0, &result)
                            : pg_exec(pg, scope, name, sql, false, values, count, &result);
    return status == STATUS_OK ? row_outcome(result) : status;
}

enum status category_write_insert(struct pg *pg, struct scope *scope, const struct category_write *write)
{
    return run(pg, scope, &insert, write);
}

enum status category_write_update(struct pg *pg, struct scope *scope, const struct category_write *write)
{
    return run(pg, scope, write->moves ? &move : &update, write);
}

enum status category_write_delete(struct pg *pg, struct scope *scope, const struct category_write *write)
{
    return run(pg, scope, &delete, write);
}

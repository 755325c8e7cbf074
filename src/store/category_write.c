/* The statements that change categories. */
#include "store/category_write.h"

#define SLUG_MAX 100         /* as in the schema */
#define SLUG_NUMBER_MAX 9999 /* the last number tried behind a name's slug */
#define TEXT_OF(number) TEXT_OF_EXPANDED(number)
#define TEXT_OF_EXPANDED(number) #number

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

/* --- writing --- */

/* Parameters $1 to $8; $9 is the JSON. */
static const enum category_field written[] = {
    CATEGORY_ID,       CATEGORY_PARENT_ID, CATEGORY_NAME,       CATEGORY_SLUG,
    CATEGORY_POSITION, CATEGORY_VERSION,   CATEGORY_CREATED_AT, CATEGORY_UPDATED_AT,
};

enum { WRITTEN = sizeof(written) / sizeof(written[0]) };

/* Every statement has all parameters, so that each must be named in it with its type. */
#define GIVEN                                                                                                          \
    "WITH given (id, parent_id, name, slug, position, version, created_at, updated_at, json) AS (VALUES ("             \
    "$1::uuid, $2::uuid, $3::text, $4::text, $5::integer, $6::bigint, $7::timestamptz, $8::timestamptz, $9::text)), "
#define FEED(type)                                                                                                     \
    ", feed AS (INSERT INTO change (type, id, version, at, data) "                                                     \
    "SELECT '" type "', g.id, g.version, g.updated_at, g.json FROM given g, written WHERE g.json IS NOT NULL)"
#define OUTCOME " SELECT FROM written"
#define CHANGED "name = g.name, slug = g.slug, position = g.position, version = g.version, updated_at = g.updated_at"
#define BEFORE "FROM given g WHERE c.id = g.id AND c.version = g.version - 1 RETURNING c.id)"

struct write_sql {
    const char *name;
    const char *sql;
};

static const struct write_sql insert = {
    "category_insert",
    GIVEN "written AS (INSERT INTO category (id, parent_id, name, slug, position, version, created_at, "
          "updated_at) SELECT id, parent_id, name, slug, position, version, created_at, updated_at "
          "FROM given RETURNING id)" FEED("category.created") OUTCOME};

/* Only an update that moves names parent_id, and with it takes the lock of the tree. */
static const struct write_sql update = {"category_update", GIVEN "written AS (UPDATE category c SET " CHANGED
                                                                 " " BEFORE FEED("category.updated") OUTCOME};
static const struct write_sql move = {"category_move",
                                      GIVEN "written AS (UPDATE category c SET parent_id = g.parent_id, " CHANGED
                                            " " BEFORE FEED("category.updated") OUTCOME};
static const struct write_sql delete = {"category_delete", GIVEN
                                        "written AS (DELETE FROM category c USING given g WHERE c.id = g.id AND "
                                        "c.version = g.version - 1 RETURNING c.id)" FEED("category.deleted") OUTCOME};

static enum status run(struct pg *pg, struct scope *scope, const struct write_sql *chosen,
                       const struct category_write *write)
{
    struct text values[WRITTEN + 1];
    struct pg_result *result = NULL;
    size_t count = 0;
    enum status status;

    for (; count < WRITTEN; count++) {
        values[count] = write->record->value[written[count]];
    }
    values[count++] = write->json;
    status = pg_exec(pg, scope, chosen->name, chosen->sql, false, values, count, &result);
    return status == STATUS_OK && pg_rows(result) == 0 ? STATUS_STALE : status;
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

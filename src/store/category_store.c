/* The statements about categories. */
#include "store/category_store.h"

#include "row.h"

#include <string.h>

#define SLUG_MAX 100         /* as in the schema */
#define SLUG_NUMBER_MAX 9999 /* the last number tried behind a name's slug */
#define SLUG_TRIES 5         /* where others take the slugs that are found free */

enum status category_store_get(struct pg *pg, struct scope *scope, struct text id, struct record *category)
{
    const char *sql =
        arena_printf(scope->arena, "SELECT %s FROM category WHERE id = $1", row_columns(scope->arena, &category_schema))
            .data;
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "category_get", sql, true, &id, 1, &result);

    return status == STATUS_OK ? row_read_only(scope->arena, &category_schema, result, category) : status;
}

/* Inserts nothing where the parent stands on the last level already. A parent that does not exist fails on the foreign
 * key. The number behind a slug that is taken has five characters at most, which its first part leaves room for. */
static const char *insert_sql(struct arena *arena)
{
    return arena_printf(arena,
                        "WITH RECURSIVE ancestor (parent_id, depth) AS ("
                        "  SELECT parent_id, 1 FROM category WHERE id = $2::uuid"
                        "  UNION ALL"
                        "  SELECT c.parent_id, a.depth + 1 FROM category c JOIN ancestor a ON c.id = a.parent_id"
                        "  WHERE a.depth < %d"
                        "), place AS ("
                        "  SELECT coalesce(max(depth), 0) AS depth FROM ancestor"
                        "), wanted AS ("
                        "  SELECT slug_of($3) AS slug, rtrim(left(slug_of($3), %d), '-') || '-' AS stem"
                        ") "
                        "INSERT INTO category (id, parent_id, name, slug, position) "
                        "SELECT $1::uuid, $2::uuid, $3, coalesce("
                        "  $4,"
                        "  (SELECT slug FROM wanted WHERE NOT EXISTS"
                        "    (SELECT FROM category c WHERE c.slug = wanted.slug)),"
                        "  (SELECT stem || n FROM wanted, generate_series(2, %d) n WHERE NOT EXISTS"
                        "    (SELECT FROM category c WHERE c.slug = stem || n) LIMIT 1)), $5::integer "
                        "FROM place WHERE depth < %d "
                        "RETURNING %s",
                        CATEGORY_DEPTH_MAX, SLUG_MAX - 5, SLUG_NUMBER_MAX, CATEGORY_DEPTH_MAX,
                        row_columns(arena, &category_schema))
        .data;
}

enum status category_store_insert(struct pg *pg, struct scope *scope, const struct record *input,
                                  struct record *category)
{
    const char *sql = insert_sql(scope->arena);
    const struct text values[] = {input->value[CATEGORY_ID], input->value[CATEGORY_PARENT_ID],
                                  input->value[CATEGORY_NAME], input->value[CATEGORY_SLUG],
                                  input->value[CATEGORY_POSITION]};
    struct pg_result *result = NULL;
    enum status status = STATUS_CONFLICT;

    /* Of two that choose the same free slug at once the later finds it taken, and chooses again. */
    for (int tries = 0; tries < SLUG_TRIES && status == STATUS_CONFLICT; tries++) {
        status = pg_exec(pg, scope, "category_insert", sql, false, values, sizeof(values) / sizeof(values[0]), &result);
        if (values[3].data != NULL || strcmp(pg_constraint(pg), "category_slug_taken") != 0) {
            break;
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    return pg_rows(result) == 0 ? STATUS_TOO_LARGE : row_read(scope->arena, &category_schema, result, 0, category);
}

/* --- the list --- */

enum list_shape {
    LIST_PARENT = 1 << 0,
    LIST_CURSOR = 1 << 1,
    LIST_SHAPES = 1 << 2,
};

static const struct {
    const char *name;
    const char *conditions; /* and the limit, which is the last parameter */
} lists[LIST_SHAPES] = {
    [0] = {"category_list", "ORDER BY id LIMIT $1"},
    [LIST_PARENT] = {"category_list_parent", "WHERE parent_id = $1 ORDER BY id LIMIT $2"},
    [LIST_CURSOR] = {"category_list_cursor", "WHERE id > $1 ORDER BY id LIMIT $2"},
    [LIST_PARENT |
        LIST_CURSOR] = {"category_list_parent_cursor", "WHERE parent_id = $1 AND id > $2 ORDER BY id LIMIT $3"},
};

enum status category_store_list(struct pg *pg, struct scope *scope, const struct category_query *query,
                                struct record **categories, size_t *count, bool *more)
{
    struct text values[3];
    size_t given = 0;
    unsigned shape = 0;

    if (query->parent_id.data != NULL) {
        values[given++] = query->parent_id;
        shape |= LIST_PARENT;
    }
    if (query->has_cursor) {
        values[given++] = text_of(query->cursor.id);
        shape |= LIST_CURSOR;
    }
    /* One more than asked for tells whether another page follows. */
    values[given++] = arena_printf(scope->arena, "%u", query->limit + 1);

    const char *sql = arena_printf(scope->arena, "SELECT %s FROM category %s",
                                   row_columns(scope->arena, &category_schema), lists[shape].conditions)
                          .data;
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, lists[shape].name, sql, true, values, given, &result);
    if (status != STATUS_OK) {
        return status;
    }
    const size_t rows = pg_rows(result) < query->limit ? pg_rows(result) : query->limit;
    struct record *read = NULL;
    status = row_read_all(scope->arena, &category_schema, result, rows, &read);
    if (status == STATUS_OK) {
        *categories = read;
        *count = rows;
        *more = pg_rows(result) > rows;
    }
    return status;
}

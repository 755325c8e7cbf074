/* The statements that read categories. */
#include "store/category_store.h"

#include "row.h"

enum status category_store_get(struct pg *pg, struct scope *scope, struct text id, struct record *category)
{
    const char *sql =
        arena_printf(scope->arena, "SELECT %s FROM category WHERE id = $1", row_columns(scope->arena, &category_schema))
            .data;
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "category_get", sql, true, &id, 1, &result);

    return status == STATUS_OK ? row_read_only(scope->arena, &category_schema, result, category) : status;
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
    values[given++] = pg_decimal(scope, query->limit + 1);

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

/* --- all --- */

enum status category_store_all(struct pg *pg, struct scope *scope, size_t max, struct record **categories,
                               size_t *count)
{
    const char *sql =
        arena_printf(scope->arena, "SELECT %s FROM category ORDER BY position, name COLLATE \"C\", id LIMIT $1",
                     row_columns(scope->arena, &category_schema))
            .data;
    const struct text limit = arena_printf(scope->arena, "%zu", max + 1);
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "category_all", sql, true, &limit, 1, &result);

    if (status == STATUS_OK && pg_rows(result) > max) {
        return STATUS_TOO_LARGE;
    }
    if (status == STATUS_OK) {
        status = row_read_all(scope->arena, &category_schema, result, pg_rows(result), categories);
    }
    if (status == STATUS_OK) {
        *count = pg_rows(result);
    }
    return status;
}

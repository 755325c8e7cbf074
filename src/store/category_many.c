/* The statement about several categories. */
#include "store/category_many.h"

#include "row.h"

#include <string.h>

enum status category_store_get_many(struct pg *pg, struct scope *scope, const struct text *ids, size_t count,
                                    struct record **categories, size_t *found)
{
    const char *sql = arena_printf(scope->arena, "SELECT %s FROM category WHERE id = ANY ($1::uuid[]) ORDER BY id",
                                   row_columns(scope->arena, &category_schema))
                          .data;
    struct pg_result *result = NULL;
    size_t length = 2;

    for (size_t i = 0; i < count; i++) {
        length += ids[i].length + 1;
    }
    char *made = arena_alloc(scope->arena, length);
    char *at = made;
    *at++ = '{';
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            *at++ = ',';
        }
        at = mempcpy(at, ids[i].data, ids[i].length);
    }
    *at++ = '}';
    const struct text list = {.data = made, .length = (size_t)(at - made)};
    enum status status = pg_exec(pg, scope, "category_get_many", sql, true, &list, 1, &result);

    if (status == STATUS_OK) {
        status = row_read_all(scope->arena, &category_schema, result, pg_rows(result), categories);
    }
    if (status == STATUS_OK) {
        *found = pg_rows(result);
    }
    return status;
}

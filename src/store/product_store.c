/* The statements about products. */
#include "store/product_store.h"

#include "row.h"

#include "base/clock.h"

#include <stdio.h>

/* Pages up to this many rows are read whole, which is some microseconds quicker for them. Larger ones are read row by
 * row, so that however large the products are a worker never holds much more than PAGE_BYTES_MAX of a page. */
#define WHOLE_PAGE_MAX 50
#define PAGE_BYTES_MAX ((size_t)8 << 20)

/* --- one --- */

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

/* --- the list --- */

/* A statement for each shape of a query, so that each is planned for what it really asks. */
enum list_shape {
    LIST_CATEGORY = 1 << 0,
    LIST_MIN = 1 << 1,
    LIST_MAX = 1 << 2,
    LIST_CURSOR = 1 << 3,
    LIST_SHAPES = 1 << 4,
};

static const char *const list_names[LIST_SHAPES] = {
    [0] = "product_list",
    [LIST_CATEGORY] = "product_list_category",
    [LIST_MIN] = "product_list_min",
    [LIST_MAX] = "product_list_max",
    [LIST_CATEGORY | LIST_MIN] = "product_list_category_min",
    [LIST_CATEGORY | LIST_MAX] = "product_list_category_max",
    [LIST_MIN | LIST_MAX] = "product_list_min_max",
    [LIST_CATEGORY | LIST_MIN | LIST_MAX] = "product_list_category_min_max",
    [LIST_CURSOR] = "product_list_cursor",
    [LIST_CATEGORY | LIST_CURSOR] = "product_list_category_cursor",
    [LIST_MIN | LIST_CURSOR] = "product_list_min_cursor",
    [LIST_MAX | LIST_CURSOR] = "product_list_max_cursor",
    [LIST_CATEGORY | LIST_MIN | LIST_CURSOR] = "product_list_category_min_cursor",
    [LIST_CATEGORY | LIST_MAX | LIST_CURSOR] = "product_list_category_max_cursor",
    [LIST_MIN | LIST_MAX | LIST_CURSOR] = "product_list_min_max_cursor",
    [LIST_CATEGORY | LIST_MIN | LIST_MAX | LIST_CURSOR] = "product_list_category_min_max_cursor",
};

/* A list's statement as it is put together. */
struct list {
    struct arena *arena;
    unsigned shape;
    const char *conditions;
    struct text values[6];
    size_t count;
};

/* Adds a condition on one value, where that is given. */
static void add_condition(struct list *list, enum list_shape bit, const char *comparison, struct text value)
{
    if (value.data != NULL) {
        list->shape |= bit;
        list->values[list->count++] = value;
        list->conditions = arena_printf(list->arena, "%s AND %s $%zu", list->conditions, comparison, list->count).data;
    }
}

static void add_cursor(struct list *list, const struct cursor *cursor)
{
    char *at = arena_alloc(list->arena, CLOCK_TEXT_SIZE);
    clock_format_micros(cursor->at_us, at);
    list->shape |= LIST_CURSOR;
    list->values[list->count++] = text_of(at);
    list->values[list->count++] = text_of(cursor->id);
    list->conditions = arena_printf(list->arena, "%s AND (created_at, id) < ($%zu, $%zu)", list->conditions,
                                    list->count - 1, list->count)
                           .data;
}

static struct list list_of(struct arena *arena, const struct product_query *query)
{
    struct list list = {.arena = arena, .conditions = ""};
    add_condition(&list, LIST_CATEGORY, "category_id =", query->filter.category_id);
    add_condition(&list, LIST_MIN, "price >=", query->filter.min_price);
    add_condition(&list, LIST_MAX, "price <=", query->filter.max_price);
    if (query->has_cursor) {
        add_cursor(&list, &query->cursor);
    }
    /* One more than asked for tells whether another page follows. */
    list.values[list.count++] = arena_printf(arena, "%u", query->limit + 1);
    return list;
}

static size_t row_bytes(const struct pg_result *result, size_t row)
{
    size_t bytes = 0;
    for (size_t column = 0; column < PRODUCT_FIELD_COUNT; column++) {
        bytes += pg_value(result, row, column).length;
    }
    return bytes;
}

/* How many of the rows make the page: at least one, at most limit, and less than PAGE_BYTES_MAX. */
static size_t page_rows(const struct pg_result *result, size_t limit)
{
    size_t rows = pg_rows(result) < limit ? pg_rows(result) : limit;
    size_t taken = 0;
    for (size_t bytes = 0; taken < rows; taken++) {
        bytes += row_bytes(result, taken);
        if (bytes >= PAGE_BYTES_MAX && taken > 0) {
            break;
        }
    }
    return taken;
}

enum status product_store_list(struct pg *pg, struct scope *scope, const struct product_query *query,
                               struct record **products, size_t *count, bool *more)
{
    const struct list list = list_of(scope->arena, query);
    const char *name = list_names[list.shape];
    const char *sql = arena_printf(scope->arena,
                                   "SELECT %s FROM product WHERE status = 'active' AND deleted_at IS NULL%s "
                                   "ORDER BY created_at DESC, id DESC LIMIT $%zu",
                                   row_columns(scope->arena, &product_schema), list.conditions, list.count)
                          .data;
    struct pg_result *result = NULL;
    bool full = false;
    enum status status =
        query->limit <= WHOLE_PAGE_MAX
            ? pg_exec(pg, scope, name, sql, true, list.values, list.count, &result)
            : pg_read_bounded(pg, scope, name, sql, PAGE_BYTES_MAX, list.values, list.count, &result, &full);
    if (status != STATUS_OK) {
        return status;
    }
    const size_t rows = page_rows(result, query->limit);
    struct record *read = NULL;
    status = row_read_all(scope->arena, &product_schema, result, rows, &read);
    if (status == STATUS_OK) {
        *products = read;
        *count = rows;
        *more = full || pg_rows(result) > rows;
    }
    return status;
}

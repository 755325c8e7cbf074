/* The statement of an export, and its rows as records. */
#include "store/product_export.h"

#include "product_list_sql.h"
#include "row.h"

#include "base/memory.h"
#include "store/pg_stream.h"

#include <stdlib.h>

/* The class of the advisory locks: any number that nothing else in the database uses so ("ware"). */
#define SLOT_CLASS UINT32_C(0x77617265)

/* What row_read makes for a row. */
#define ROW_BLOCK 1024

struct product_export {
    struct pg_stream *stream;
    struct arena *arena; /* of the row */
};

enum status product_export_open(struct pg *pg, struct scope *scope, const struct product_filter *filter,
                                const struct product_export_bounds *bounds, struct product_export **opened,
                                struct search_note *note)
{
    const struct product_query query = {.filter = *filter};
    const struct pg_stream_options options = {
        .name = "wares export",
        .waiter = bounds->waiter,
        .statement_ms = bounds->time_ms,
        .idle_ms = bounds->idle_ms,
        .slot_class = SLOT_CLASS,
        .slots = bounds->exports,
    };
    struct list_request request = {.query = &query, .category = list_category_of(filter)};
    struct list_statement statement;
    struct product_search search = {0};
    struct pg_stream *stream = NULL;
    enum status status = STATUS_OK;

    if (filter->search.data != NULL) {
        request.search = &search;
        status = product_search_plan(pg, scope, filter->search, &search);
    }
    if (status != STATUS_OK) {
        return status;
    }
    list_statement_make(&statement, &request, LIST_SCAN, LIST_EXPORT, scope->arena);
    status = pg_stream_open(pg, scope, &options, statement.sql, statement.values, statement.count, &stream);
    if (status == STATUS_OK) {
        *note = search.note;
        *opened = memory_new(1, sizeof(**opened));
        (*opened)->stream = stream;
        (*opened)->arena = arena_new(ROW_BLOCK);
    }
    return status;
}

uint64_t product_export_xmin(const struct product_export *export)
{
    return pg_stream_xmin(export->stream);
}

enum status product_export_next(struct product_export *export, struct scope *scope, struct record *product, bool *found)
{
    const struct pg_result *row = NULL;
    enum status status = pg_stream_next(export->stream, scope, &row);

    arena_reset(export->arena);
    *found = status == STATUS_OK && row != NULL;
    return *found ? row_read(export->arena, &product_schema, row, 0, product) : status;
}

void product_export_close(struct product_export *export)
{
    if (export != NULL) {
        pg_stream_close(export->stream);
        arena_free(export->arena);
        free(export);
    }
}

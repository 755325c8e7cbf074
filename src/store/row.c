/* Rows as records. Pure: touches results only, never the connection. */
#include "row.h"

#include "base/log.h"
#include "domain/timestamp.h"

#include <string.h>

const char *row_columns(struct arena *arena, const struct schema *schema)
{
    size_t size = 1;
    for (size_t i = 0; i < schema->count; i++) {
        size += strlen(schema->fields[i].name) + strlen(", ");
    }
    char *columns = arena_alloc(arena, size);
    char *end = columns;
    for (size_t i = 0; i < schema->count; i++) {
        end = stpcpy(end, i == 0 ? "" : ", ");
        end = stpcpy(end, schema->fields[i].name);
    }
    return columns;
}

/* As an absent slice stands for a value that is not there, so it does here for one that is of no form we know. */
static struct text timestamp(struct arena *arena, struct text text)
{
    char *formatted = arena_alloc(arena, TIMESTAMP_LENGTH + 1);
    if (!timestamp_from_postgres(text, formatted)) {
        return TEXT_ABSENT;
    }
    return (struct text){.data = formatted, .length = TIMESTAMP_LENGTH};
}

enum status row_read(struct arena *arena, const struct schema *schema, const struct pg_result *result, size_t row,
                     struct record *record)
{
    struct record read = {0};
    for (size_t i = 0; i < schema->count; i++) {
        struct text value = pg_value(result, row, i);
        if (schema->fields[i].kind == FIELD_TIMESTAMP && value.data != NULL) {
            value = timestamp(arena, value);
            if (value.data == NULL) {
                log_error("postgres: %s.%s is not a timestamp of the years 1 to 9999", schema->name,
                          schema->fields[i].name);
                return STATUS_INTERNAL;
            }
        }
        record_set(&read, i, value);
    }
    *record = read;
    return STATUS_OK;
}

enum status row_read_only(struct arena *arena, const struct schema *schema, const struct pg_result *result,
                          struct record *record)
{
    return pg_rows(result) == 0 ? STATUS_NOT_FOUND : row_read(arena, schema, result, 0, record);
}

enum status row_read_all(struct arena *arena, const struct schema *schema, const struct pg_result *result, size_t count,
                         struct record **records)
{
    struct record *read = arena_alloc(arena, (count + 1) * sizeof(*read));
    for (size_t i = 0; i < count; i++) {
        enum status status = row_read(arena, schema, result, i, &read[i]);
        if (status != STATUS_OK) {
            return status;
        }
    }
    *records = read;
    return STATUS_OK;
}

enum status row_load(struct pg *pg, struct scope *scope, const char *statement, const struct schema *schema,
                     const char *rows, struct text id, struct stored_record *stored)
{
    const char *sql =
        arena_printf(scope->arena, "SELECT %s, " ROW_SET_BY " FROM %s", row_columns(scope->arena, schema), rows).data;
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, statement, sql, true, &id, 1, &result);

    if (status == STATUS_OK) {
        status = row_read_only(scope->arena, schema, result, &stored->record);
    }
    if (status == STATUS_OK) {
        stored->set_by = pg_value(result, 0, schema->count);
    }
    return status;
}

enum status row_outcome(const struct pg_result *result)
{
    if (!pg_is_true(result, 0, 0)) {
        return STATUS_IN_PROGRESS;
    }
    return pg_is_true(result, 0, 1) ? STATUS_OK : STATUS_STALE;
}

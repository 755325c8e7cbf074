/* Between the rows of a table and the records of its schema, whose fields are its columns. */
#ifndef ROW_H
#define ROW_H

#include "domain/field.h"
#include "store/pg.h"
#include "store/stored_record.h"

/* The columns as in a SELECT list, in the order of the schema; in the arena. */
const char *row_columns(struct arena *arena, const struct schema *schema);

/* Fills a record from a row that has just these columns. Values are lent by the result, but for timestamps, which become
 * RFC 3339 in the arena. STATUS_INTERNAL, logged, where Postgres gives a timestamp that has no such form. */
MUST_CHECK enum status row_read(struct arena *arena, const struct schema *schema, const struct pg_result *result,
                                size_t row, struct record *record);

/* The first row as a record; STATUS_NOT_FOUND where there is none. */
MUST_CHECK enum status row_read_only(struct arena *arena, const struct schema *schema, const struct pg_result *result,
                                     struct record *record);

/* The first count rows as records in the arena. */
MUST_CHECK enum status row_read_all(struct arena *arena, const struct schema *schema, const struct pg_result *result,
                                    size_t count, struct record **records);

/* In a SELECT list: which version set a field, as struct stored_record tells it. */
#define ROW_SET_BY "(SELECT string_agg(key || ':' || value, ',' ORDER BY key) FROM jsonb_each_text(field_version))"

/* Reads one thing to change it: rows tells its table and what it has to be, $1 being the id: "category WHERE id = $1".
 * STATUS_NOT_FOUND, else as pg_exec. */
MUST_CHECK enum status row_load(struct pg *pg, struct scope *scope, const char *statement, const struct schema *schema,
                                const char *rows, struct text id, struct stored_record *stored);

/* What the row of a write tells in its first two columns, whether the key is the write's own, and whether it was written:
 * STATUS_OK, STATUS_IN_PROGRESS where another has the key, STATUS_STALE where there was nothing to write to any more. */
MUST_CHECK enum status row_outcome(const struct pg_result *result);

#endif

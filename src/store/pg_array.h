/* Arrays as parameters: Postgres's text form of one dimension (PostgreSQL's manual, 8.15.6). Pure. */
#ifndef PG_ARRAY_H
#define PG_ARRAY_H

#include "base/strbuf.h"

struct pg_array {
    struct strbuf text;
};

void pg_array_init(struct pg_array *array);
void pg_array_free(struct pg_array *array);

/* Adds an element; an absent one is NULL. */
void pg_array_append(struct pg_array *array, struct text element);

/* Closes the array; *value is lent by it. False where it grew beyond its bound. */
bool pg_array_end(struct pg_array *array, struct text *value);

#endif

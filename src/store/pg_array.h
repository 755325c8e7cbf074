/* Arrays of texts as parameters, in the form in which Postgres takes them as they are (array_recv in its arrayfuncs.c): no
 * character is escaped, and none looked at on either side. A statement that wants other elements casts: $1::text[]::uuid[];
 * where each row is compared with them, in a query of its own, so that it is done once: ((SELECT $1::text[]::uuid[])::uuid[]).
 * Pure. */
#ifndef PG_ARRAY_H
#define PG_ARRAY_H

#include "base/strbuf.h"

struct pg_array {
    struct strbuf bytes;
    uint32_t count;
};

/* For the parameters from the one of that index on, so many of them: which parameters are arrays, for pg_exec_arrays. */
#define PG_ARRAYS(first, count) (((UINT64_C(1) << (count)) - 1) << (first))

void pg_array_init(struct pg_array *array);
void pg_array_free(struct pg_array *array);

/* Adds an element; an absent one is NULL. */
void pg_array_append(struct pg_array *array, struct text element);

/* An array of these elements, closed as by pg_array_end. To be freed in any case. */
bool pg_array_of(struct pg_array *array, const struct text *elements, size_t count, struct text *value);

/* Closes the array; *value is lent by it. False where it grew beyond its bound. */
bool pg_array_end(struct pg_array *array, struct text *value);

#endif

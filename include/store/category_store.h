/* Categories in Postgres: reading them. */
#ifndef STORE_CATEGORY_STORE_H
#define STORE_CATEGORY_STORE_H

#include "domain/category.h"
#include "domain/category_query.h"
#include "store/pg.h"

MUST_CHECK enum status category_store_get(struct pg *pg, struct scope *scope, struct text id, struct record *category);

MUST_CHECK enum status category_store_list(struct pg *pg, struct scope *scope, const struct category_query *query,
                                           struct record **categories, size_t *count, bool *more);

/* All categories, of one moment, in the order of siblings: by position, then name by code points, then id.
 * STATUS_TOO_LARGE where there are more than max; else as pg_exec. */
MUST_CHECK enum status category_store_all(struct pg *pg, struct scope *scope, size_t max, struct record **categories,
                                          size_t *count);

#endif

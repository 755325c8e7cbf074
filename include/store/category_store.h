/* Categories in Postgres. */
#ifndef STORE_CATEGORY_STORE_H
#define STORE_CATEGORY_STORE_H

#include "domain/category.h"
#include "domain/category_query.h"
#include "store/pg.h"

MUST_CHECK enum status category_store_get(struct pg *pg, struct scope *scope, struct text id, struct record *category);

/* Inserts a completed record, CATEGORY_ID included, and returns the row as stored. Where no slug was given one is made of
 * the name and made unique. STATUS_CONFLICT: the given slug is taken; STATUS_NOT_FOUND: the parent does not exist;
 * STATUS_TOO_LARGE: it would stand deeper than CATEGORY_DEPTH_MAX; else as pg_exec. */
MUST_CHECK enum status category_store_insert(struct pg *pg, struct scope *scope, const struct record *input,
                                             struct record *category);

MUST_CHECK enum status category_store_list(struct pg *pg, struct scope *scope, const struct category_query *query,
                                           struct record **categories, size_t *count, bool *more);

#endif

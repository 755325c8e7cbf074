/* Products in Postgres: one function per question, each one round trip. */
#ifndef STORE_PRODUCT_STORE_H
#define STORE_PRODUCT_STORE_H

#include "domain/product.h"
#include "domain/product_query.h"
#include "store/pg.h"

/* The product with that id (36 characters, lower case). STATUS_NOT_FOUND where there is none,
 * STATUS_GONE where it was deleted; else as pg_exec. */
MUST_CHECK enum status product_store_get(struct pg *pg, struct scope *scope, struct text id, struct record *product);

/* Active products that match, newest first (created_at, then id, both descending), at most query->limit of them; fewer
 * where they are so large that a page would pass 8 MiB, but at least one.
 * *products lives in the scope's arena; *more tells whether another page follows. */
MUST_CHECK enum status product_store_list(struct pg *pg, struct scope *scope, const struct product_query *query,
                                          struct record **products, size_t *count, bool *more);

#endif

/* Products in Postgres: one function per question, each one round trip. */
#ifndef STORE_PRODUCT_STORE_H
#define STORE_PRODUCT_STORE_H

#include "domain/product.h"
#include "store/pg.h"

/* The product with that id (36 characters, lower case). STATUS_NOT_FOUND where there is none,
 * STATUS_GONE where it was deleted; else as pg_exec. */
MUST_CHECK enum status product_store_get(struct pg *pg, struct scope *scope, struct text id, struct record *product);

/* Inserts a completed record, PRODUCT_ID included, and returns the row as stored. STATUS_CONFLICT: the sku is taken;
 * STATUS_NOT_FOUND: the category does not exist; else as pg_exec. */
MUST_CHECK enum status product_store_insert(struct pg *pg, struct scope *scope, const struct record *input,
                                            struct record *product);

#endif

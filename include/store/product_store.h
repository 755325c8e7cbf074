/* Products in Postgres: one function per question, each one round trip. */
#ifndef STORE_PRODUCT_STORE_H
#define STORE_PRODUCT_STORE_H

#include "domain/product.h"
#include "store/pg.h"

/* The product with that id (36 characters, lower case), together with others, as pg_read_jointly. STATUS_NOT_FOUND where
 * there is none, STATUS_GONE where it was deleted; else as pg_exec. */
MUST_CHECK enum status product_store_get(struct pg *pg, struct scope *scope, struct text id, struct record *product);

#endif

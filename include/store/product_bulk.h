/* Many products in one statement. */
#ifndef STORE_PRODUCT_BULK_H
#define STORE_PRODUCT_BULK_H

#include "domain/product.h"
#include "store/pg.h"

#include <stddef.h>
#include <stdint.h>

/* Inserts complete records, whose created_at and updated_at count too, and leaves out those whose id or sku is there
 * already. *added tells how many went in. STATUS_NOT_FOUND where a category does not exist: none was inserted; else as
 * pg_exec. */
MUST_CHECK enum status product_bulk_insert(struct pg *pg, struct scope *scope, const struct record *products,
                                           size_t count, uint64_t *added);

#endif

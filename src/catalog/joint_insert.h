/* Products of several requests that are inserted by one transaction, and so share its price: above all the wait for the
 * disk. */
#ifndef CATALOG_JOINT_INSERT_H
#define CATALOG_JOINT_INSERT_H

#include "catalog_internal.h"
#include "store/product_write.h"

/* Inserts the product together with those of requests that wait already (scope->gatherer, which must be there), between the
 * marks of the cache. *alone: it had none to join, or one of them could not be inserted, which undid all: nothing was done,
 * and it is to be inserted by itself. Otherwise as product_write_insert. No key goes with the write. The scope's deadline
 * moves by what the others took. */
MUST_CHECK enum status joint_insert(struct catalog *catalog, struct scope *scope, const struct product_write *write,
                                    bool *alone);

#endif

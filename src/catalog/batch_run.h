/* A batch on its way: looking up what is there (batch_lookup.c), deciding on each operation (batch_decision.c), and writing
 * (product_batch.c). */
#ifndef CATALOG_BATCH_RUN_H
#define CATALOG_BATCH_RUN_H

#include "batch_table.h"
#include "catalog/product_batch.h"
#include "store/product_batch_store.h"

/* What an operation comes to, before it is known whether the sku and the category of it will do. */
struct batch_intent {
    struct stored_product *now; /* NULL: there is no such product */
    struct product_write write; /* its record is NULL where nothing is to be written */
};

/* One time the way. */
struct batch_run {
    struct catalog *catalog;
    struct scope *scope;
    const struct change_options *options;
    struct batch *batch;
    struct faults faults;       /* of the operation that is looked at */
    struct batch_table ids;     /* of products that there are: stored_product */
    struct batch_table skus;    /* of live ones, and of those that will be: a batch_claim */
    struct batch_table touched; /* ids and skus that an operation before was about: its number */
    struct batch_table categories;
    struct batch_intent *intents; /* one for each operation */
    struct batch_row *rows;
    size_t row_count;
};

/* Whose a sku is, or will be. */
struct batch_claim {
    struct stored_product *product; /* NULL: of one that is yet to be made */
    struct text id;
};

/* --- looking up: batch_lookup.c --- */

/* Reads all that the operations name, in one query, and forgets what was decided before. */
MUST_CHECK enum status batch_look_up(struct batch_run *run);

/* Reads what patches have set, and nobody named before: skus and categories, in one query. */
MUST_CHECK enum status batch_look_up_late(struct batch_run *run);

/* The product that an operation is about; NULL where there is none. */
struct stored_product *batch_find_product(struct batch_run *run, const struct batch_operation *operation);

/* Notes whose the sku is, or will be. product is NULL for one that is yet to be made. */
void batch_claim_sku(struct batch_run *run, struct text sku, struct stored_product *product, struct text id);

/* --- deciding: batch_decision.c --- */

/* Decides on every operation, and makes the rows that are to be written. What is no fault of an operation is one of the
 * whole; STATUS_INVALID also where one of an atomic batch has faults. */
MUST_CHECK enum status batch_decide(struct batch_run *run);

#endif

/* Many products in one statement: reading those that a batch is about, and writing what became of them. */
#ifndef STORE_PRODUCT_BATCH_STORE_H
#define STORE_PRODUCT_BATCH_STORE_H

#include "store/import_store.h"
#include "store/product_write.h"

#include <stddef.h>

/* What a batch asks for; UUIDs in lower case, skus in any case. */
struct batch_keys {
    const struct text *ids;
    size_t id_count;
    const struct text *skus; /* of live products */
    size_t sku_count;
    const struct text *categories;
    size_t category_count;
};

struct batch_found {
    struct stored_product *products; /* each once, in no order */
    size_t product_count;
    struct text *categories; /* those of the keys that exist */
    size_t category_count;
};

/* STATUS_TOO_LARGE where the products together have more than bytes_max bytes; else as pg_exec. */
MUST_CHECK enum status product_batch_load(struct pg *pg, struct scope *scope, const struct batch_keys *keys,
                                          size_t bytes_max, struct batch_found *found);

struct batch_row {
    struct product_write write; /* its idempotency and dry_run do not count */
    bool insert;
};

/* Writes all rows and their rows of the feed, in this order, and keeps the answer where there is a key: all, or nothing.
 * With move (NULL: none; a key counts then for nothing) an import moves on in the same transaction; where it cannot it is
 * STATUS_IN_PROGRESS.
 * STATUS_STALE: a product to be changed is of another version meanwhile; STATUS_CONFLICT, STATUS_NOT_FOUND and
 * STATUS_IN_PROGRESS as product_write_insert. */
MUST_CHECK enum status product_batch_write(struct pg *pg, struct scope *scope, const struct batch_row *rows,
                                           size_t count, const struct idempotency *idempotency, struct text answer,
                                           bool dry_run, const struct import_move *move);

#endif

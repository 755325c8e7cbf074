/* Writes of one product: each one statement, which with the product's row writes its row of the feed and, where a key is
 * given, the answer that is kept for it. All of it is committed, or nothing. */
#ifndef STORE_PRODUCT_WRITE_H
#define STORE_PRODUCT_WRITE_H

#include "domain/product.h"
#include "store/idempotency_store.h"
#include "store/pg.h"

#include <stdbool.h>

/* A product as it is now, whether it was deleted or not. */
struct stored_product {
    struct record record;
    int64_t version;
    bool deleted;
    struct text set_by; /* "name:2,sku:4": which version set a field last; those left out are as the product was made */
};

/* Reads a product to change it, by id or by the sku of a live one. STATUS_NOT_FOUND, else as pg_exec. */
MUST_CHECK enum status product_write_load(struct pg *pg, struct scope *scope, struct text id,
                                          struct stored_product *product);
MUST_CHECK enum status product_write_load_by_sku(struct pg *pg, struct scope *scope, struct text sku,
                                                 struct stored_product *product);

struct product_references {
    bool category_exists;
    bool sku_taken; /* by another live product */
};

/* What the constraints of the database would say of a product: of its category, its sku and its id, each of which may be
 * absent. */
MUST_CHECK enum status product_write_check(struct pg *pg, struct scope *scope, const struct record *record,
                                           struct product_references *references);

struct product_write {
    const struct record *record; /* as it is to be, complete: version and timestamps too */
    struct text json;            /* the same as it is answered; goes into the feed, and is the answer that is kept */
    const char *type;            /* of the feed's row: "product.updated" */
    bool deleted;                /* it is to be deleted */
    struct text field_versions;  /* for an update: {"price":4}, the fields that this version sets; absent: none */
    struct idempotency idempotency;
    bool dry_run; /* roll back: find out what the answer would be */
};

/* Inserts a product. STATUS_CONFLICT, with pg_constraint product_sku_taken or product_pkey; STATUS_NOT_FOUND: the
 * category does not exist; STATUS_IN_PROGRESS: a request with this key is running, or, with pg_constraint
 * idempotency_taken, an answer is kept under it; else as pg_exec. */
MUST_CHECK enum status product_write_insert(struct pg *pg, struct scope *scope, const struct product_write *write);

/* Changes the product whose version is one less than the record's. STATUS_STALE where it is of another version, or is
 * not there; else as for an insert. */
MUST_CHECK enum status product_write_update(struct pg *pg, struct scope *scope, const struct product_write *write);

/* Changes nothing, and only keeps the answer: the JSON of the record. STATUS_STALE where the product is not of the
 * record's version; else as for an insert. */
MUST_CHECK enum status product_write_keep(struct pg *pg, struct scope *scope, const struct product_write *write);

#endif

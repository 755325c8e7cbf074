/* The way of every change (product_change.c), for what decides on it (product_changes.c). */
#ifndef CATALOG_PRODUCT_CHANGE_INTERNAL_H
#define CATALOG_PRODUCT_CHANGE_INTERNAL_H

#include "cache/product_cache.h"
#include "catalog/product_change.h"
#include "store/product_write.h"

struct change;

/* Fills the write; leaves its record NULL where nothing is to be changed. now is NULL where there is no such product,
 * which can be only with may_create. */
typedef enum status (*change_decision)(struct change *change, const struct stored_product *now,
                                       struct product_write *write);

struct change {
    struct catalog *catalog;
    struct scope *scope;
    const struct change_options *options;
    struct text id;  /* of the product */
    struct text sku; /* instead of the id, where present */
    bool may_create;
    bool restores; /* a deleted product is what it is about */
    change_decision decide;
    struct record *input; /* what decide works with */
    product_edit edit;
    void *context;
    bool
        in_batch; /* references are looked up with those of others: the write has what came of an edit with faults, too */
    struct faults *faults;
    struct change_result *result;
    struct text category_before; /* of the product as it is; absent where there is none */
    bool merging;                /* the product is of a later version: what was changed since must not be touched */
};

enum status change_run(struct change *change);

/* What the change makes of the product as it is (NULL: there is none), where its expectation holds: STATUS_OK and the
 * write, whose record is NULL where nothing is to be changed. */
enum status change_decide(struct change *change, const struct stored_product *now, struct product_write *write);

/* Decisions. Of products that were deleted only a restoring one is asked. */
enum status decide_put(struct change *change, const struct stored_product *now, struct product_write *write);
enum status decide_edit(struct change *change, const struct stored_product *now, struct product_write *write);
enum status decide_delete(struct change *change, const struct stored_product *now, struct product_write *write);

/* Creates a product that nobody can know yet, without a look at what is there. */
enum status change_create(struct change *change, struct record *record);

/* Which fields differ, as the store notes it: absent where none does. STATUS_STALE where one of them was changed since
 * the client's version, too. */
enum status change_compare(struct change *change, const struct stored_product *now, const struct record *edited,
                           struct text *field_versions);

/* Sets the version and the times of a product that is to be written. */
enum status change_stamp(struct change *change, const struct stored_product *now, struct record *record);

/* The answer that is kept for the key. STATUS_NOT_FOUND: none is, or there is no key. */
enum status change_replay(struct change *change);

/* --- product_references.c --- */

/* Each adds its fault, and returns the status that it stands for: STATUS_INVALID and STATUS_CONFLICT. */
enum status change_unknown_category(struct faults *faults);
enum status change_taken_sku(struct faults *faults);

/* Adds the faults that only the database can tell: a category that does not exist, a sku that is another's.
 * STATUS_INVALID, STATUS_CONFLICT, or STATUS_OK where there are none. */
enum status change_add_references(struct change *change, const struct record *record);

/* For input with faults: STATUS_INVALID, with all of them, or what is to be said of the key first. */
enum status change_refuse(struct change *change);

/* For a write of the record that broke a constraint (STATUS_NOT_FOUND, STATUS_CONFLICT): the fault that it found, and
 * those that the others would, all at once. */
enum status change_explain(struct change *change, enum status status, const struct record *record);

#endif

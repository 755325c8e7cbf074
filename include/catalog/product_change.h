/* Changes of products: each reads the product as it is, decides, and writes only where it is still so, with its row of
 * the feed and the answer that is kept for its idempotency key in one transaction. */
#ifndef CATALOG_PRODUCT_CHANGE_H
#define CATALOG_PRODUCT_CHANGE_H

#include "catalog/catalog.h"
#include "domain/expectation.h"

struct change_options {
    struct expectation expectation;
    struct text key;     /* idempotency key: the answer is kept under it, and given again; absent: none */
    struct text request; /* what makes another request with that key the same one; valid UTF-8 */
    bool dry_run;        /* find out the answer and change nothing; the key is left alone */
};

/* Lives in the scope's arena. */
struct change_result {
    struct text id;
    struct product_view view; /* the product after the change; as it was, where it was deleted */
    bool created;
    bool replayed; /* the answer of the first request with this key */
    /* With STATUS_STALE. */
    int64_t current_version; /* 0: there is no such product */
    struct text changed; /* names of the fields set since the client's version, with commas; absent: none, or unknown */
};

/* Makes of the product as it is what it is to be: fields in FIELD_SERVER are left alone. Called again where another
 * change came first. STATUS_INVALID, and STATUS_CONFLICT, with faults. */
typedef enum status (*product_edit)(void *context, struct scope *scope, const struct record *current,
                                    struct record *edited, struct faults *faults);

/* Common to all:
 * STATUS_OK          *result tells what was done, or would be. A change that changes nothing leaves the version as it is
 * STATUS_NOT_FOUND   there is no such product
 * STATUS_GONE        it was deleted
 * STATUS_INVALID     with faults; those that faults holds already count too
 * STATUS_CONFLICT    with faults: the sku is another product's
 * STATUS_STALE       the expectation does not hold; *result tells what is there
 * STATUS_KEY_REUSED, STATUS_IN_PROGRESS
 * and what pg_exec returns. */

/* Creates a product of what json_read_record gave. */
MUST_CHECK enum status catalog_product_create(struct catalog *catalog, struct scope *scope,
                                              const struct change_options *options, struct record *input,
                                              struct faults *faults, struct change_result *result);

/* Creates the product with that id, or replaces it: what input does not give gets its default. */
MUST_CHECK enum status catalog_product_put(struct catalog *catalog, struct scope *scope,
                                           const struct change_options *options, struct text id, struct record *input,
                                           struct faults *faults, struct change_result *result);

/* The same for the live product with that sku; one that is created gets an id. */
MUST_CHECK enum status catalog_product_put_by_sku(struct catalog *catalog, struct scope *scope,
                                                  const struct change_options *options, struct text sku,
                                                  struct record *input, struct faults *faults,
                                                  struct change_result *result);

MUST_CHECK enum status catalog_product_edit(struct catalog *catalog, struct scope *scope,
                                            const struct change_options *options, struct text id, product_edit edit,
                                            void *context, struct faults *faults, struct change_result *result);

/* Deletes softly: the product can be restored until it is purged. */
MUST_CHECK enum status catalog_product_delete(struct catalog *catalog, struct scope *scope,
                                              const struct change_options *options, struct text id,
                                              struct change_result *result);

/* Undoes a delete; leaves a product alone that is not deleted. */
MUST_CHECK enum status catalog_product_restore(struct catalog *catalog, struct scope *scope,
                                               const struct change_options *options, struct text id,
                                               struct faults *faults, struct change_result *result);

#endif

/* Many changes of products in one request, decided each as if it stood alone and written in one statement. */
#ifndef CATALOG_PRODUCT_BATCH_H
#define CATALOG_PRODUCT_BATCH_H

#include "catalog/product_change.h"

#define BATCH_OPERATIONS_MAX 1000

/* BATCH_MERGE: what is given is merged into the product with the id, or else with the sku, or a product is made of it. */
enum batch_kind { BATCH_CREATE, BATCH_UPDATE, BATCH_UPSERT, BATCH_DELETE, BATCH_MERGE };

struct import_move;

struct batch_operation {
    /* In. */
    enum batch_kind kind;
    struct text id;                   /* of an update or a delete, in lower case; of a merge, or absent */
    struct text sku;                  /* of an upsert; of a merge without an id, or absent: it makes a product then */
    bool only_there;                  /* a merge makes no product */
    struct expectation expectation;   /* if_match */
    struct record input;              /* of a create or an upsert */
    void *patch;                      /* of an update or a merge: the edit's context */
    const struct fault *given_faults; /* of the reading: it is not tried where it has any */
    size_t given_fault_count;
    /* Out. */
    enum status status;
    const struct fault *faults; /* pointers are the operation's own: "/price", "/sku" */
    size_t fault_count;
    bool written; /* false: nothing was to be changed */
    struct change_result result;
};

struct batch {
    struct batch_operation *operations;
    size_t count;      /* 1 to BATCH_OPERATIONS_MAX */
    bool atomic;       /* all, or none */
    product_edit edit; /* of all updates and merges */
    /* Ends before the first operation that is about what one before it is about: count is less then. */
    bool cuts;
    size_t cut;                     /* that operation, for batch_decision.c */
    const struct import_move *move; /* what goes in the same transaction, known once render is done; NULL: nothing */
    /* Writes the answer, of which all is known before anything is written. */
    void (*render)(void *context, const struct batch *batch, struct strbuf *out);
    void *context;
};

/* Carries the batch out. Every operation has its status and result afterwards, or its faults. No two may be about the
 * same product, and a sku or a product that an operation gives free, makes or deletes is so for other requests only.
 * *answer is what render wrote, or what was kept under the key: *replayed tells.
 *
 * STATUS_OK        those that could be done are done
 * STATUS_INVALID   the batch is atomic and one of its operations cannot be done: nothing is
 * STATUS_TOO_LARGE the products that it changes are more than is worked on at once, or so is the answer
 * STATUS_STALE     the options expect a version of the batch itself
 * STATUS_KEY_REUSED, STATUS_IN_PROGRESS, STATUS_UNAVAILABLE (also where others change the same products all the time)
 * and what pg_exec returns: nothing is done. */
MUST_CHECK enum status catalog_product_batch(struct catalog *catalog, struct scope *scope,
                                             const struct change_options *options, struct batch *batch,
                                             struct text *answer, bool *replayed);

#endif

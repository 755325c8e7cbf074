/* Reading the operations of a batch from JSON. */
#ifndef HANDLER_BATCH_READER_H
#define HANDLER_BATCH_READER_H

#include "catalog/product_batch.h"
#include "handler/exchange.h"

struct json_object;

#define BATCH_MEMBERS_MAX 4

/* What an operation may look like, by enum batch_kind. */
struct batch_shape {
    const char *op;
    const char *members[BATCH_MEMBERS_MAX]; /* that it may have; all but if_match are required */
    size_t count;
};

extern const struct batch_shape batch_shapes[];
extern const size_t batch_shape_count;

/* Reads an array of 1 to BATCH_OPERATIONS_MAX operations. Faults of one operation are given to it, with pointers from
 * itself on ("/product/price"); those of the array are added to faults. */
void batch_read(struct exchange *exchange, struct json_object *document, struct batch *batch, struct faults *faults);

#endif

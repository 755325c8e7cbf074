/* Reading the operations of a batch from JSON. */
#ifndef HANDLER_BATCH_READER_H
#define HANDLER_BATCH_READER_H

#include "catalog/product_batch.h"
#include "handler/exchange.h"

struct json_object;

/* Reads an array of 1 to BATCH_OPERATIONS_MAX operations. Faults of one operation are given to it, with pointers from
 * itself on ("/product/price"); those of the array are added to faults. */
void batch_read(struct exchange *exchange, struct json_object *document, struct batch *batch, struct faults *faults);

#endif

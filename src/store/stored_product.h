/* Rows of products that are to be changed. */
#ifndef STORED_PRODUCT_H
#define STORED_PRODUCT_H

#include "store/product_write.h"

/* The SELECT list that stored_product_read reads; in the arena. */
const char *stored_product_columns(struct arena *arena);

MUST_CHECK enum status stored_product_read(struct arena *arena, const struct pg_result *result, size_t row,
                                           struct stored_product *product);

#endif

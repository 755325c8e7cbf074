/* Rows of products that are to be changed. */
#ifndef STORED_PRODUCT_H
#define STORED_PRODUCT_H

#include "store/product_write.h"

/* The SELECT list that stored_product_read reads; in the arena. */
const char *stored_product_columns(struct arena *arena);

MUST_CHECK enum status stored_product_read(struct arena *arena, const struct pg_result *result, size_t row,
                                           struct stored_product *product);

/* The live product with a sku, letter case ignored. As a range of one value, in its order, only the index of skus has it:
 * of a table that was empty when the statement was planned, and whose plan is kept, another index would look as good. */
#define SKU_IS(given)                                                                                                  \
    "product.sku IS NOT NULL AND lower(product.sku) >= lower(" given ") AND lower(product.sku) <= lower(" given        \
    ") AND deleted_at IS NULL ORDER BY lower(product.sku)"

#endif

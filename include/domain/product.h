/* What a product is: its fields, in the order in which JSON shows them. */
#ifndef DOMAIN_PRODUCT_H
#define DOMAIN_PRODUCT_H

#include "domain/field.h"

enum product_field {
    PRODUCT_ID,
    PRODUCT_SKU,
    PRODUCT_NAME,
    PRODUCT_DESCRIPTION,
    PRODUCT_PRICE,
    PRODUCT_CURRENCY,
    PRODUCT_CATEGORY_ID,
    PRODUCT_STATUS,
    PRODUCT_ATTRIBUTES,
    PRODUCT_IMAGES,
    PRODUCT_GROUP_KEY,
    PRODUCT_VERSION,
    PRODUCT_CREATED_AT,
    PRODUCT_UPDATED_AT,
    PRODUCT_FIELD_COUNT,
};

extern const struct schema product_schema;

/* The values of FIELD_STATUS: draft, active, archived. */
extern const char *const product_statuses[];
extern const size_t product_status_count;

#endif

/* What a category is: its fields, in the order in which JSON shows them. */
#ifndef DOMAIN_CATEGORY_H
#define DOMAIN_CATEGORY_H

#include "domain/field.h"

/* Levels of the tree; a category without a parent stands on the first. */
#define CATEGORY_DEPTH_MAX 8

enum category_field {
    CATEGORY_ID,
    CATEGORY_PARENT_ID,
    CATEGORY_NAME,
    CATEGORY_SLUG,
    CATEGORY_POSITION,
    CATEGORY_VERSION,
    CATEGORY_CREATED_AT,
    CATEGORY_UPDATED_AT,
    CATEGORY_FIELD_COUNT,
};

extern const struct schema category_schema;

#endif

/* Changes of categories, each with its row of the feed and the answer that is kept for its idempotency key in one
 * transaction. As those of products (catalog/product_change.h), whose options and results they share; the version, and
 * the JSON in the view, are the category's. */
#ifndef CATALOG_CATEGORY_CHANGE_H
#define CATALOG_CATEGORY_CHANGE_H

#include "catalog/product_change.h"

/* Creates a category of what json_read_record gave. STATUS_INVALID and STATUS_CONFLICT with faults. */
MUST_CHECK enum status catalog_category_create(struct catalog *catalog, struct scope *scope,
                                               const struct change_options *options, struct record *input,
                                               struct faults *faults, struct change_result *result);

/* Changes a category. Where edit leaves the slug absent one is made of the name. STATUS_INVALID with a fault also where it
 * would stand below itself or the tree grow too deep, whatever others move at that moment. */
MUST_CHECK enum status catalog_category_edit(struct catalog *catalog, struct scope *scope,
                                             const struct change_options *options, struct text id, product_edit edit,
                                             void *context, struct faults *faults, struct change_result *result);

/* Deletes a category for good. STATUS_CONFLICT with a fault where there are products in it, or categories below it. */
MUST_CHECK enum status catalog_category_delete(struct catalog *catalog, struct scope *scope,
                                               const struct change_options *options, struct text id,
                                               struct faults *faults, struct change_result *result);

#endif

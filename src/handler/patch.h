/* Patches of products, categories and webhooks: merge patch (RFC 7396) and JSON patch (RFC 6902), as the edits that the catalog asks for. */
#ifndef HANDLER_PATCH_H
#define HANDLER_PATCH_H

#include "write.h"

#include <stdbool.h>

struct json_object;

struct patch {
    struct json_object *document; /* NULL is the document "null" */
    bool is_json_patch;
    const char *pointer;                  /* its own place in the body */
    const char *currency;                 /* of a product that loses its own */
    const struct address_ranges *allowed; /* to a webhook */
};

/* The way in of a request that patches the thing whose id stands in its path: reads the write, the id and the patch. False
 * where that was answered already. */
MUST_CHECK bool patch_begin(struct exchange *exchange, struct write_request *request, struct text *id,
                            struct patch *patch);

/* A product_edit each; context is a struct patch. Faults of what the patch makes of the thing have the
 * pointers of that, those of the patch itself its own. */
enum status patch_product(void *context, struct scope *scope, const struct record *current, struct record *edited,
                          struct faults *faults);
enum status patch_category(void *context, struct scope *scope, const struct record *current, struct record *edited,
                           struct faults *faults);
enum status patch_webhook(void *context, struct scope *scope, const struct record *current, struct record *edited,
                          struct faults *faults);

#endif

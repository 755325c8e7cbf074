/* Applying a patch to a product: to the JSON that a client sees, which is read again whole. */
#include "patch.h"

#include "json/parse.h"
#include "json/patch.h"
#include "json/record.h"

/* A product's JSON is bounded by the rules of its fields, far below this. */
#define DOCUMENT_MAX ((size_t)16 * 1024 * 1024)

static enum status document_of(const struct record *product, struct faults *faults, struct json_object **document)
{
    struct strbuf json;
    enum status status = STATUS_INTERNAL;

    strbuf_init(&json, DOCUMENT_MAX);
    json_write_record(&json, &product_schema, product);
    if (!json.overflowed) {
        status = json_parse(arena_copy(faults->arena, strbuf_text(&json)), faults, document);
    }
    strbuf_free(&json);
    return status;
}

enum status patch_product(void *context, struct scope *scope, const struct record *current, struct record *edited,
                          struct faults *faults)
{
    const struct patch *patch = context;
    struct json_object *document = NULL;
    struct json_object *patched = NULL;
    enum status status = document_of(current, faults, &document);

    (void)scope;
    if (status != STATUS_OK) {
        return status;
    }
    status = patch->is_json_patch ? json_patch(document, patch->document, patch->pointer, &patched, faults)
                                  : json_merge_patch(document, patch->document, patch->pointer, &patched, faults);
    if (status != STATUS_OK) {
        return status;
    }
    json_read_edited_record(&product_schema, patched, "", current, patch->currency, edited, faults);
    return faults->count > 0 ? STATUS_INVALID : STATUS_OK;
}

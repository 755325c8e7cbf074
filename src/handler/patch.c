/* Applying a patch to a product or a category: to the JSON that a client sees, which is read again whole. */
#include "patch.h"

#include "domain/category.h"
#include "domain/webhook.h"
#include "domain/webhook_target.h"
#include "http/negotiate.h"
#include "input.h"
#include "json/parse.h"
#include "json/patch.h"
#include "json/record.h"

/* A product's JSON is bounded by the rules of its fields, far below this. */
#define DOCUMENT_MAX ((size_t)16 * 1024 * 1024)

bool patch_begin(struct exchange *exchange, struct write_request *request, struct text *id, struct patch *patch)
{
    *patch = (struct patch){
        .is_json_patch = content_type_is(exchange->request.content_type, "application/json-patch+json"),
        .pointer = "",
        .currency = exchange->app->config->currency,
        .allowed = &exchange->app->config->webhook_allow,
    };
    return write_begin(exchange, request) && input_path_id(exchange, id) && input_content_type(exchange) &&
           input_json(exchange, &patch->document, &request->faults) && !write_refused(exchange, request);
}

static enum status document_of(const struct schema *schema, const struct record *record, struct faults *faults,
                               struct json_object **document)
{
    struct strbuf json;
    enum status status = STATUS_INTERNAL;

    strbuf_init(&json, DOCUMENT_MAX);
    json_write_record(&json, schema, record);
    if (!json.overflowed) {
        status = json_parse(arena_copy(faults->arena, strbuf_text(&json)), faults, document);
    }
    strbuf_free(&json);
    return status;
}

static enum status apply(const struct patch *patch, const struct schema *schema, const struct record *current,
                         struct record *edited, struct faults *faults)
{
    struct json_object *document = NULL;
    struct json_object *patched = NULL;
    enum status status = STATUS_OK;

    if (patch->is_json_patch) {
        json_check_patch(schema, patch->document, patch->pointer, faults);
        status = faults->count > 0 ? STATUS_INVALID : STATUS_OK;
    } else {
        json_strip_merge_patch(schema, patch->document, patch->pointer, faults);
    }
    if (status == STATUS_OK) {
        status = document_of(schema, current, faults, &document);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = patch->is_json_patch ? json_patch(document, patch->document, patch->pointer, &patched, faults)
                                  : json_merge_patch(document, patch->document, patch->pointer, &patched, faults);
    if (status != STATUS_OK) {
        return status;
    }
    json_read_edited_record(schema, patched, "", current, patch->currency, edited, faults);
    return faults->count > 0 ? STATUS_INVALID : STATUS_OK;
}

enum status patch_product(void *context, struct scope *scope, const struct record *current, struct record *edited,
                          struct faults *faults)
{
    (void)scope;
    return apply(context, &product_schema, current, edited, faults);
}

enum status patch_category(void *context, struct scope *scope, const struct record *current, struct record *edited,
                           struct faults *faults)
{
    (void)scope;
    return apply(context, &category_schema, current, edited, faults);
}

enum status patch_webhook(void *context, struct scope *scope, const struct record *current, struct record *edited,
                          struct faults *faults)
{
    const struct patch *patch = context;
    enum status status = apply(patch, &webhook_schema, current, edited, faults);

    (void)scope;
    if (status == STATUS_OK && !text_equal(current->value[WEBHOOK_URL], edited->value[WEBHOOK_URL]) &&
        !webhook_check_url(edited->value[WEBHOOK_URL], patch->allowed, "/url", faults)) {
        status = STATUS_INVALID;
    }
    return status;
}

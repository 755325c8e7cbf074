/* Changing some fields of a product. */
#include "catalog/product_change.h"
#include "handler/routes.h"
#include "http/negotiate.h"
#include "input.h"
#include "patch.h"
#include "write.h"

#define JSON_PATCH_TYPE "application/json-patch+json"

void product_patch(struct exchange *exchange)
{
    struct patch patch = {.is_json_patch = content_type_is(exchange->request.content_type, JSON_PATCH_TYPE),
                          .pointer = "",
                          .currency = exchange->app->config->currency};
    struct write_request request;
    struct change_result result = {0};
    struct text id;
    enum status status;

    if (!write_begin(exchange, &request) || !input_path_id(exchange, &id) || !input_content_type(exchange) ||
        !input_json(exchange, &patch.document, &request.faults) || write_refused(exchange, &request)) {
        return;
    }
    status = catalog_product_edit(exchange->app->catalog, &exchange->scope, &request.options, id, patch_product, &patch,
                                  &request.faults, &result);
    if (status != STATUS_OK) {
        write_answer_status(exchange, status, "product", &request, &result);
        return;
    }
    write_answer(exchange, &request, &result);
}

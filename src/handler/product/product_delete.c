/* Deleting a product, and undoing it. */
#include "../input.h"
#include "../write.h"
#include "catalog/product_change.h"
#include "handler/routes.h"

void product_delete(struct exchange *exchange)
{
    struct write_request request;
    struct change_result result = {0};
    struct text id;
    enum status status;

    if (!write_begin(exchange, &request) || !input_path_id(exchange, &id) || !input_without_body(exchange) ||
        write_refused(exchange, &request)) {
        return;
    }
    status = catalog_product_delete(exchange->app->catalog, &exchange->scope, &request.options, id, &result);
    write_answer_deleted(exchange, &write_product, status, &request, &result);
}

void product_restore(struct exchange *exchange)
{
    struct write_request request;
    struct change_result result = {0};
    struct text id;
    enum status status;

    if (!write_begin(exchange, &request) || !input_path_id(exchange, &id) || !input_without_body(exchange) ||
        write_refused(exchange, &request)) {
        return;
    }
    status = catalog_product_restore(exchange->app->catalog, &exchange->scope, &request.options, id, &request.faults,
                                     &result);
    write_answer(exchange, &write_product, status, &request, &result);
}

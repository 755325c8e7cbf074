/* One product by its id. */
#include "catalog/catalog.h"
#include "domain/product.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "input.h"
#include "reply.h"

void product_get(struct exchange *exchange)
{
    struct text id;
    struct product_view view;
    enum status status;

    if (!input_without_parameters(exchange) || !input_path_id(exchange, &id)) {
        return;
    }
    status = catalog_product_get(exchange->app->catalog, &exchange->scope, id, request_wants_fresh(&exchange->request),
                                 &view);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "product", NULL);
        return;
    }
    if (!reply_not_modified(exchange, view.version)) {
        reply_json(exchange, 200);
        reply_etag(exchange, view.version);
        exchange->response.lent_body = view.json;
    }
}

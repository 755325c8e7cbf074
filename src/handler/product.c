/* Products: one by id, creation. The list stands in product_list.c. */
#include "domain/product.h"
#include "catalog/catalog.h"
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

void product_create(struct exchange *exchange)
{
    struct record input = {0};
    struct faults faults;
    struct product_view view;
    struct text id;
    enum status status;

    faults_init(&faults, exchange->scope.arena);
    if (!input_without_parameters(exchange) || !input_record(exchange, &product_schema, &input, &faults)) {
        return;
    }
    status = catalog_product_create(exchange->app->catalog, &exchange->scope, &input, &faults, &id, &view);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "product", &faults);
        return;
    }
    reply_json(exchange, 201);
    reply_etag(exchange, view.version);
    reply_location(exchange, "/api/v1/products", id);
    exchange->response.lent_body = view.json;
}

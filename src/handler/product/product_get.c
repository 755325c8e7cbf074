/* One product by its id. */
#include "../input.h"
#include "../projection.h"
#include "../reply.h"
#include "catalog/catalog.h"
#include "domain/product.h"
#include "handler/problem.h"
#include "handler/routes.h"

/* A part of a product, or one with its category. */
static void reply_part(struct exchange *exchange, const struct projection *projection, const struct product_view *view)
{
    char etag[ETAG_TEXT_SIZE];
    enum status status = projection_write_one(exchange, projection, view->json, view->version, etag);

    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "product", NULL);
    } else if (reply_tag_not_modified(exchange, etag)) {
        strbuf_clear(&exchange->response.body, RESPONSE_HEADERS_MAX);
    } else {
        reply_json(exchange, 200);
        reply_tag(exchange, etag);
    }
}

static bool read_projection(struct exchange *exchange, struct projection *projection)
{
    struct query query = {.count = 0};
    struct faults faults;

    faults_init(&faults, exchange->scope.arena);
    if (exchange->request.query.length > 0) {
        input_query(exchange, &query, &faults);
    }
    projection_read(&query, projection, &faults);
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return false;
    }
    return true;
}

void product_get(struct exchange *exchange)
{
    struct text id;
    struct product_view view;
    struct projection projection;
    enum status status;

    if (!read_projection(exchange, &projection) || !input_path_id(exchange, &id)) {
        return;
    }
    status = catalog_product_get(exchange->app->catalog, &exchange->scope, id, request_wants_fresh(&exchange->request),
                                 &view);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "product", NULL);
        return;
    }
    if (reply_match_failed(exchange, "product", view.version)) {
        return;
    }
    if (!projection_is_whole(&projection)) {
        reply_part(exchange, &projection, &view);
        return;
    }
    if (!reply_not_modified(exchange, view.version)) {
        reply_json(exchange, 200);
        reply_etag(exchange, view.version);
        exchange->response.lent_body = view.json;
    }
}

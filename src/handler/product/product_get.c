/* One product by its id. */
#include "../input.h"
#include "../last_modified.h"
#include "../projection.h"
#include "../reply.h"
#include "catalog/catalog.h"
#include "domain/product.h"
#include "handler/problem.h"
#include "handler/routes.h"

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

/* What of a product tells this version of it from others. */
struct validators {
    char etag[ETAG_TEXT_SIZE];
    bool has_date;
    int64_t unix_s;
};

/* True where the client has it: the answer is complete then. */
static bool reply_validated(struct exchange *exchange, const struct product_view *view, bool dated,
                            struct validators *validators)
{
    validators->has_date = dated && last_modified_of(view, exchange->app->config->deadline_ms, &validators->unix_s);
    if (validators->has_date && last_modified_matches(&exchange->request, validators->unix_s)) {
        reply_304(exchange, validators->etag);
        return true;
    }
    return reply_tag_not_modified(exchange, validators->etag);
}

static void reply_product(struct exchange *exchange, const struct validators *validators)
{
    reply_json(exchange, 200);
    reply_tag(exchange, validators->etag);
    if (validators->has_date) {
        reply_last_modified(exchange, validators->unix_s);
    }
}

/* A part of a product, or one with its category, which changes without it. */
static void reply_part(struct exchange *exchange, const struct projection *projection, const struct product_view *view)
{
    struct validators validators;
    enum status status = projection_write_one(exchange, projection, view->json, view->version, validators.etag);

    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "product", NULL);
    } else if (!reply_validated(exchange, view, !projection->expand_category, &validators)) {
        reply_product(exchange, &validators);
    }
}

static void reply_whole(struct exchange *exchange, const struct product_view *view)
{
    struct validators validators;

    etag_from_version(view->version, validators.etag);
    if (!reply_validated(exchange, view, true, &validators)) {
        reply_product(exchange, &validators);
        exchange->response.lent_body = view->json;
    }
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
    /* Whether it is of a version that the client names is not to be said of one that may have another by now. */
    if (status == STATUS_OK && view.unproven && exchange->request.if_match.data != NULL) {
        status = STATUS_UNAVAILABLE;
    }
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "product", NULL);
        return;
    }
    if (reply_match_failed(exchange, "product", view.version)) {
        return;
    }
    if (view.unproven) {
        reply_unproven(exchange, view.age_ms);
    }
    if (projection_is_whole(&projection)) {
        reply_whole(exchange, &view);
    } else {
        reply_part(exchange, &projection, &view);
    }
}

/* One category: read by its id, made, changed, deleted. The lists stand in category_list.c. */
#include "domain/category.h"
#include "catalog/category_change.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "input.h"
#include "patch.h"
#include "reply.h"
#include "write.h"
#include "json/record.h"

void category_get(struct exchange *exchange)
{
    struct text id;
    struct record category;
    int64_t version;
    enum status status;

    if (!input_without_parameters(exchange) || !input_path_id(exchange, &id)) {
        return;
    }
    status = catalog_category_get(exchange->app->catalog, &exchange->scope, id, &category);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "category", NULL);
        return;
    }
    version = record_version(&category, CATEGORY_VERSION);
    if (!reply_match_failed(exchange, "category", version) && !reply_not_modified(exchange, version)) {
        reply_json(exchange, 200);
        reply_etag(exchange, version);
        json_write_record(&exchange->response.body, &category_schema, &category);
    }
}

/* Answers with a category that was written, or with why it was not. */
static void answer(struct exchange *exchange, enum status status, const struct write_request *request,
                   const struct change_result *result)
{
    if (status == STATUS_OK) {
        write_answer_in(exchange, "/api/v1/categories", request, result);
    } else {
        write_answer_status(exchange, status, "category", request, result);
    }
}

void category_create(struct exchange *exchange)
{
    struct record input = {0};
    struct write_request request;
    struct change_result result = {0};

    if (!write_begin(exchange, &request) ||
        !input_record(exchange, &category_schema, TEXT_ABSENT, &input, &request.faults)) {
        return;
    }
    answer(exchange,
           catalog_category_create(exchange->app->catalog, &exchange->scope, &request.options, &input, &request.faults,
                                   &result),
           &request, &result);
}

void category_patch(struct exchange *exchange)
{
    struct patch patch;
    struct write_request request;
    struct change_result result = {0};
    struct text id;

    if (!patch_begin(exchange, &request, &id, &patch)) {
        return;
    }
    answer(exchange,
           catalog_category_edit(exchange->app->catalog, &exchange->scope, &request.options, id, patch_category, &patch,
                                 &request.faults, &result),
           &request, &result);
}

void category_delete(struct exchange *exchange)
{
    struct write_request request;
    struct change_result result = {0};
    struct text id;
    enum status status;

    if (!write_begin(exchange, &request) || !input_path_id(exchange, &id) || write_refused(exchange, &request)) {
        return;
    }
    status = catalog_category_delete(exchange->app->catalog, &exchange->scope, &request.options, id, &request.faults,
                                     &result);
    if (status != STATUS_OK) {
        write_answer_status(exchange, status, "category", &request, &result);
        return;
    }
    write_answer_nothing(exchange, &result);
}

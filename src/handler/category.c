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

static const struct write_kind kind = {"category", "/api/v1/categories"};

void category_get(struct exchange *exchange)
{
    struct text id;
    struct record category;
    enum status status;

    if (!input_without_parameters(exchange) || !input_path_id(exchange, &id)) {
        return;
    }
    status = catalog_category_get(exchange->app->catalog, &exchange->scope, id, &category);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, kind.name, NULL);
        return;
    }
    if (reply_version(exchange, kind.name, record_version(&category, CATEGORY_VERSION))) {
        json_write_record(&exchange->response.body, &category_schema, &category);
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
    write_answer(exchange, &kind,
                 catalog_category_create(exchange->app->catalog, &exchange->scope, &request.options, &input,
                                         &request.faults, &result),
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
    write_answer(exchange, &kind,
                 catalog_category_edit(exchange->app->catalog, &exchange->scope, &request.options, id, patch_category,
                                       &patch, &request.faults, &result),
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
    write_answer_deleted(exchange, &kind, status, &request, &result);
}

/* One category: read by its id, made, changed, deleted. The lists stand in category_list.c. */
#include "domain/category.h"
#include "catalog/category_change.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "input.h"
#include "reply.h"
#include "write.h"
#include "json/record.h"

static int64_t version_of(const struct record *category)
{
    uint64_t version = 0;

    return text_to_u64(category->value[CATEGORY_VERSION], &version) ? (int64_t)version : 0;
}

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
        problem_answer_status(exchange, status, "category", NULL);
        return;
    }
    if (!reply_not_modified(exchange, version_of(&category))) {
        reply_json(exchange, 200);
        reply_etag(exchange, version_of(&category));
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

/* A merge patch is applied: a field that it takes away is what a creation makes of one that is left out. */
static enum status apply_patch(void *context, struct scope *scope, const struct record *current, struct record *edited,
                               struct faults *faults)
{
    const struct record *patch = context;

    (void)scope;
    (void)current;
    for (size_t i = 0; i < category_schema.count; i++) {
        if (record_has(patch, i)) {
            const struct text value = patch->value[i];
            edited->value[i] = value.data != NULL ? value : text_of(category_schema.fields[i].default_value);
        }
    }
    return faults->count > 0 ? STATUS_INVALID : STATUS_OK;
}

void category_patch(struct exchange *exchange)
{
    struct record patch = {0};
    struct write_request request;
    struct change_result result = {0};
    struct text id;

    if (!write_begin(exchange, &request) || !input_path_id(exchange, &id) ||
        !input_flat_patch(exchange, &category_schema, &patch, &request.faults)) {
        return;
    }
    answer(exchange,
           catalog_category_edit(exchange->app->catalog, &exchange->scope, &request.options, id, apply_patch, &patch,
                                 &request.faults, &result),
           &request, &result);
}

void category_delete(struct exchange *exchange)
{
    struct write_request request;
    struct change_result result = {0};
    struct text id;
    enum status status;

    if (!write_begin(exchange, &request) || !input_path_id(exchange, &id)) {
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

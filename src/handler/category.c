/* Categories: the list, one by id, creation. */
#include "domain/category.h"
#include "catalog/catalog.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "input.h"
#include "reply.h"
#include "json/record.h"

static int64_t version_of(const struct record *category)
{
    uint64_t version = 0;

    return text_to_u64(category->value[CATEGORY_VERSION], &version) ? (int64_t)version : 0;
}

void category_list(struct exchange *exchange)
{
    struct query query;
    struct category_query wanted = {0};
    struct category_page page;
    struct faults faults;
    enum status status;

    faults_init(&faults, exchange->scope.arena);
    input_query(exchange, &query, &faults);
    wanted.parent_id = input_uuid(exchange, &query, "parent_id", &faults);
    wanted.limit = input_limit(&query, &faults);
    wanted.has_cursor = input_cursor(&query, category_query_fingerprint(&wanted), &wanted.cursor, &faults);
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return;
    }
    status = catalog_category_list(exchange->app->catalog, &exchange->scope, &wanted, &page);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "list", NULL);
        return;
    }
    reply_json(exchange, 200);
    if (page.more) {
        reply_link_next(exchange, &query, &page.next);
    }
    json_write_records(&exchange->response.body, &category_schema, page.categories, page.count);
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

void category_create(struct exchange *exchange)
{
    struct record input = {0};
    struct record category;
    struct faults faults;
    enum status status;

    faults_init(&faults, exchange->scope.arena);
    if (!input_without_parameters(exchange) ||
        !input_record(exchange, &category_schema, TEXT_ABSENT, &input, &faults)) {
        return;
    }
    status = catalog_category_create(exchange->app->catalog, &exchange->scope, &input, &faults, &category);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "category", &faults);
        return;
    }
    reply_json(exchange, 201);
    reply_etag(exchange, version_of(&category));
    reply_location(exchange, "/api/v1/categories", category.value[CATEGORY_ID]);
    json_write_record(&exchange->response.body, &category_schema, &category);
}

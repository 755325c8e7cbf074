/* One category by its id: read, changed, deleted, and made. The lists stand in category_list.c. */
#include "domain/category.h"
#include "catalog/catalog.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "http/etag.h"
#include "input.h"
#include "reply.h"
#include "json/record.h"

/* How often a category is read at most because others changed it before this request could. Each time one of them got
 * its change done, so that this many others at once are needed for this one to give up. */
#define CHANGE_TRIES 20

static int64_t version_of(const struct record *category)
{
    uint64_t version = 0;

    return text_to_u64(category->value[CATEGORY_VERSION], &version) ? (int64_t)version : 0;
}

static void reply_category(struct exchange *exchange, int status, const struct record *category)
{
    reply_json(exchange, status);
    reply_etag(exchange, version_of(category));
    json_write_record(&exchange->response.body, &category_schema, category);
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
        reply_category(exchange, 200, &category);
    }
}

void category_create(struct exchange *exchange)
{
    struct record input = {0};
    struct record category;
    struct faults faults;
    enum status status;

    faults_init(&faults, exchange->scope.arena);
    if (!input_without_parameters(exchange) || !input_record(exchange, &category_schema, &input, &faults)) {
        return;
    }
    status = catalog_category_create(exchange->app->catalog, &exchange->scope, &input, &faults, &category);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "category", &faults);
        return;
    }
    reply_location(exchange, "/api/v1/categories", category.value[CATEGORY_ID]);
    reply_category(exchange, 201, &category);
}

/* --- changes of one that exists --- */

/* Reads the category that is to be changed. Answers 404, and 412 where If-Match does not name its version (RFC 9110,
 * section 13.1.1); false then. */
static bool read_current(struct exchange *exchange, struct text id, struct record *current)
{
    const struct text if_match = exchange->request.if_match;
    char etag[ETAG_TEXT_SIZE];
    enum status status = catalog_category_get(exchange->app->catalog, &exchange->scope, id, current);

    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "category", NULL);
        return false;
    }
    etag_from_version(version_of(current), etag);
    if (if_match.data == NULL || etag_list_names(if_match, text_of(etag))) {
        return true;
    }
    reply_etag(exchange, version_of(current));
    problem_answer(exchange, PROBLEM_PRECONDITION_FAILED,
                   "The category is of version %lld now, which If-Match does not name; read it again.",
                   (long long)version_of(current));
    return false;
}

/* What is to be done with a category as it was read. */
typedef enum status (*change_function)(struct exchange *exchange, const struct record *current, const void *wanted,
                                       struct faults *faults, struct record *changed);

/* Reads the category and changes it, until nobody else changed it in between. False where that was answered. */
static bool change_current(struct exchange *exchange, struct text id, change_function change, const void *wanted,
                           struct faults *faults, struct record *changed)
{
    enum status status = STATUS_STALE;

    for (int tries = 0; tries < CHANGE_TRIES && status == STATUS_STALE; tries++) {
        struct record current;

        if (!read_current(exchange, id, &current)) {
            return false;
        }
        status = change(exchange, &current, wanted, faults, changed);
    }
    if (status == STATUS_STALE) {
        problem_answer(exchange, PROBLEM_UNAVAILABLE,
                       "Others changed the category each of the %d times that this change was tried. Nothing was "
                       "done; try again in a moment.",
                       CHANGE_TRIES);
    } else if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "category", faults);
    }
    return status == STATUS_OK;
}

static enum status patch_current(struct exchange *exchange, const struct record *current, const void *wanted,
                                 struct faults *faults, struct record *changed)
{
    const struct record *patch = wanted;

    return catalog_category_change(exchange->app->catalog, &exchange->scope, current, patch, faults, changed);
}

void category_patch(struct exchange *exchange)
{
    struct text id;
    struct record patch = {0};
    struct record changed;
    struct faults faults;

    faults_init(&faults, exchange->scope.arena);
    if (input_without_parameters(exchange) && input_path_id(exchange, &id) &&
        input_flat_patch(exchange, &category_schema, &patch, &faults) &&
        change_current(exchange, id, patch_current, &patch, &faults, &changed)) {
        reply_category(exchange, 200, &changed);
    }
}

static enum status delete_current(struct exchange *exchange, const struct record *current, const void *wanted,
                                  struct faults *faults, struct record *changed)
{
    (void)wanted;
    (void)changed;
    return catalog_category_delete(exchange->app->catalog, &exchange->scope, current, faults);
}

void category_delete(struct exchange *exchange)
{
    struct text id;
    struct faults faults;

    faults_init(&faults, exchange->scope.arena);
    if (input_without_parameters(exchange) && input_path_id(exchange, &id) &&
        change_current(exchange, id, delete_current, NULL, &faults, NULL)) {
        exchange->response.status = 204;
    }
}

/* The lists of categories: a page of them, and the whole tree. */
#include "catalog/catalog.h"
#include "domain/category.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "input.h"
#include "list_cache.h"
#include "reply.h"
#include "json/record.h"
#include "json/tree.h"

static void answer_page(struct exchange *exchange, const struct query *query, const struct category_query *wanted,
                        struct text key)
{
    struct category_page page;
    enum status status = catalog_category_list(exchange->app->catalog, &exchange->scope, wanted, &page);

    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "list", NULL);
        return;
    }
    if (page.more) {
        reply_link_next(exchange, query, &page.next);
    }
    json_write_records(&exchange->response.body, &category_schema, page.categories, page.count);
    list_cache_reply(exchange, key);
}

static void answer_tree(struct exchange *exchange, struct text top, struct text key, struct faults *faults)
{
    struct category_tree tree;
    enum status status = catalog_category_tree(exchange->app->catalog, &exchange->scope, top, &tree);

    if (status == STATUS_TOO_LARGE) {
        faults_add(faults, FAULT_IN_PARAMETER, "tree", "too_large",
                   "is answered for at most %d categories, and there are more; page through the list instead",
                   CATEGORY_TREE_MAX);
        problem_answer_faults(exchange, PROBLEM_VALIDATION, faults);
        return;
    }
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "tree", NULL);
        return;
    }
    json_write_category_tree(&exchange->response.body, &tree);
    list_cache_reply(exchange, key);
}

/* A tree is not paged. */
static void refuse_paging(const struct query *query, struct faults *faults)
{
    static const char *const paging[] = {"limit", "cursor"};

    for (size_t i = 0; i < sizeof paging / sizeof paging[0]; i++) {
        if (query_get(query, paging[i]).data != NULL) {
            faults_add(faults, FAULT_IN_PARAMETER, paging[i], "with_tree", "cannot be used with tree=true");
        }
    }
}

void category_list(struct exchange *exchange)
{
    struct query query;
    struct category_query wanted = {0};
    struct faults faults;
    struct text key;
    bool as_tree;

    if (list_cache_answers(exchange, TEXT(""), &key)) {
        return;
    }
    faults_init(&faults, exchange->scope.arena);
    input_query(exchange, &query, &faults);
    wanted.parent_id = input_uuid(exchange, &query, "parent_id", &faults);
    as_tree = input_flag(&query, "tree", &faults);
    if (as_tree) {
        refuse_paging(&query, &faults);
    } else {
        wanted.limit = input_limit(&query, &faults);
        wanted.has_cursor = input_cursor(&query, category_query_fingerprint(&wanted), &wanted.cursor, &faults);
    }
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return;
    }
    list_cache_note(exchange, key, LIST_OF_CATEGORIES, TEXT_ABSENT);
    if (as_tree) {
        answer_tree(exchange, wanted.parent_id, key, &faults);
    } else {
        answer_page(exchange, &query, &wanted, key);
    }
}

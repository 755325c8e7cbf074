/* Facets of the products that a list with the same filters would show. */
#include "../input.h"
#include "../list_cache.h"
#include "../reply.h"
#include "catalog/catalog.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "product_filter.h"
#include "json/facets.h"

void product_facets(struct exchange *exchange)
{
    struct product_query wanted = {.sort = SORT_CREATED_AT, .limit = LIST_LIMIT_DEFAULT};
    struct product_facets facets;
    struct search_note note;
    struct query query = {.count = 0};
    struct faults faults;
    struct text key;

    if (list_cache_answers(exchange, TEXT(""), &key)) {
        return;
    }
    faults_init(&faults, exchange->scope.arena);
    product_filter_read(exchange, &query, &wanted.filter, &faults);
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return;
    }
    product_filter_note(exchange, key, &wanted.filter);
    enum status status = catalog_product_facets(exchange->app->catalog, &exchange->scope, &wanted, &facets, &note);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "list", NULL);
        return;
    }
    reply_search(exchange, &note);
    json_write_facets(&exchange->response.body, &facets);
    /* How a misspelt word is read changes without a write of a product. */
    const bool may_be_kept = wanted.filter.search.data == NULL || (facets.count > 0 && note.spelling_count == 0);
    list_cache_reply(exchange, may_be_kept ? key : TEXT_ABSENT);
}

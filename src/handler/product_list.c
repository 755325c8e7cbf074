/* The list of products: parameters to a query, a page to an array and a Link. */
#include "catalog/catalog.h"
#include "domain/price.h"
#include "domain/product.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "input.h"
#include "reply.h"
#include "json/record.h"

/* A bound of the price: a decimal as a price is one, zero allowed. */
static struct text read_bound(const struct query *query, const char *name, struct faults *faults)
{
    struct text text = query_get(query, name);
    enum price_fault fault;

    if (text.data == NULL) {
        return text;
    }
    fault = price_check(text);
    if (fault != PRICE_OK && fault != PRICE_NOT_POSITIVE) {
        faults_add(faults, FAULT_IN_PARAMETER, name, price_fault_code(fault), "%s", price_fault_detail(fault));
        return TEXT_ABSENT;
    }
    return text;
}

static void read_filters(struct exchange *exchange, const struct query *query, struct product_query *wanted,
                         struct faults *faults)
{
    wanted->filter.category_id = input_uuid(exchange, query, "category_id", faults);
    wanted->filter.min_price = read_bound(query, "min_price", faults);
    wanted->filter.max_price = read_bound(query, "max_price", faults);
    if (wanted->filter.min_price.data != NULL && wanted->filter.max_price.data != NULL &&
        price_compare(wanted->filter.min_price, wanted->filter.max_price) > 0) {
        faults_add(faults, FAULT_IN_PARAMETER, "max_price", "empty_range", "must not be less than min_price");
    }
}

void product_list(struct exchange *exchange)
{
    struct query query;
    struct product_query wanted = {0};
    struct product_page page;
    struct faults faults;
    enum status status;

    faults_init(&faults, exchange->scope.arena);
    input_query(exchange, &query, &faults);
    read_filters(exchange, &query, &wanted, &faults);
    wanted.limit = input_limit(&query, &faults);
    wanted.has_cursor = input_cursor(&query, product_query_fingerprint(&wanted), &wanted.cursor, &faults);
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return;
    }
    status = catalog_product_list(exchange->app->catalog, &exchange->scope, &wanted, &page);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "list", NULL);
        return;
    }
    reply_json(exchange, 200);
    if (page.more) {
        reply_link_next(exchange, &query, &page.next);
    }
    json_write_records(&exchange->response.body, &product_schema, page.products, page.count);
}

/* The list of products: parameters to a query, a page to an array and its Links. */
#include "../input.h"
#include "../list_cache.h"
#include "../projection.h"
#include "../reply.h"
#include "catalog/catalog.h"
#include "domain/product.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "http/prefer.h"
#include "product_filter.h"

/* What a request for a list asks, as far as it is not in the product_query. */
struct wanted {
    struct query query;
    struct product_query list;
    struct projection projection;
    enum product_count count;
};

static enum product_count read_count(const struct exchange *exchange)
{
    struct text count = prefer_get(exchange->request.prefer, "count");

    if (text_equal(count, TEXT("exact"))) {
        return PRODUCT_COUNT_EXACT;
    }
    return text_equal(count, TEXT("estimated")) ? PRODUCT_COUNT_ESTIMATED : PRODUCT_COUNT_NONE;
}

/* The cursor, whose key must be one of this order. */
static void read_cursor(struct wanted *wanted, struct faults *faults)
{
    struct product_query *list = &wanted->list;

    list->has_cursor = input_cursor(&wanted->query, product_query_fingerprint(list), &list->cursor, faults);
    if (list->has_cursor && !product_sort_key_valid(list->sort, cursor_key(&list->cursor))) {
        faults_add(faults, FAULT_IN_PARAMETER, "cursor", "malformed",
                   "must be taken unchanged from a Link header; start without one to begin anew");
    }
}

static bool read_request(struct exchange *exchange, struct wanted *wanted)
{
    struct faults faults;

    faults_init(&faults, exchange->scope.arena);
    product_filter_read(exchange, &wanted->query, &wanted->list.filter, &faults);
    product_sort_read(&wanted->query, &wanted->list, &faults);
    wanted->list.limit = input_limit(&wanted->query, &faults);
    projection_read(&wanted->query, &wanted->projection, &faults);
    wanted->count = read_count(exchange);
    if (faults.count == 0) {
        /* Of faulty filters no cursor could be one. */
        read_cursor(wanted, &faults);
    } else if (query_get(&wanted->query, "cursor").data != NULL) {
        input_cursor_form(&wanted->query, &faults);
    }
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return false;
    }
    if (!reply_links_fit(&wanted->query)) {
        problem_answer(
            exchange, PROBLEM_MALFORMED_REQUEST,
            "The parameters are too long for the links to the pages: encoded they may have %d bytes together.",
            LINK_PARAMETERS_MAX);
        return false;
    }
    return true;
}

/* X-Total-Count, where it was asked for. False where the answer is a problem instead. */
static bool reply_count(struct exchange *exchange, const struct wanted *wanted, const struct product_page *page)
{
    const struct product_query *list = &wanted->list;
    uint64_t count = page->count;

    if (wanted->count == PRODUCT_COUNT_NONE) {
        return true;
    }
    /* A page that is the whole list tells how long that is; one of the newest alone does not. */
    if (list->has_cursor || page->more || page->note.newest_only) {
        enum status status =
            catalog_product_count(exchange->app->catalog, &exchange->scope, list, wanted->count, &count);

        if (status == STATUS_DEADLINE && wanted->count == PRODUCT_COUNT_EXACT) {
            problem_answer(exchange, PROBLEM_DEADLINE,
                           "So many products could not be counted in time; narrow the list, or ask with Prefer: "
                           "count=estimated.");
            return false;
        }
        if (status != STATUS_OK) {
            problem_answer_status(exchange, status, "count", NULL);
            return false;
        }
    }
    /* An estimate may fall short of what the page shows. */
    if (wanted->count == PRODUCT_COUNT_ESTIMATED && count < page->count) {
        count = page->count;
    }
    response_header(&exchange->response, "X-Total-Count",
                    arena_printf(exchange->scope.arena, "%llu", (unsigned long long)count));
    response_header(&exchange->response, "Preference-Applied",
                    wanted->count == PRODUCT_COUNT_EXACT ? TEXT("count=exact") : TEXT("count=estimated"));
    return true;
}

/* An estimate, and how a misspelt word is read, change without a write of a product. */
static bool may_be_kept(const struct wanted *wanted, const struct product_page *page)
{
    return wanted->count != PRODUCT_COUNT_ESTIMATED &&
           (wanted->list.filter.search.data == NULL || (page->count > 0 && page->note.spelling_count == 0));
}

void product_list(struct exchange *exchange)
{
    struct wanted wanted = {0};
    struct product_page page;
    struct text key;
    enum status status;

    if (list_cache_answers(exchange, prefer_get(exchange->request.prefer, "count"), &key) ||
        !read_request(exchange, &wanted)) {
        return;
    }
    product_filter_note(exchange, key, &wanted.list.filter);
    status = catalog_product_list(exchange->app->catalog, &exchange->scope, &wanted.list, &page);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "list", NULL);
        return;
    }
    if (!reply_count(exchange, &wanted, &page)) {
        return;
    }
    status = projection_write_list(exchange, &wanted.projection, page.products, page.count);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "list", NULL);
        return;
    }
    reply_search(exchange, &page.note);
    if (page.more) {
        reply_link_next(exchange, &wanted.query, &page.next);
    }
    if (page.before) {
        reply_link_previous(exchange, &wanted.query, &page.previous);
    }
    list_cache_reply(exchange, may_be_kept(&wanted, &page) ? key : TEXT_ABSENT);
}

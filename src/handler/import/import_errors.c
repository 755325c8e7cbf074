/* The lines of an import that failed, as a file that can be mended and sent again. As many as there may be are sent while
 * they are read, a page at a time; few are an answer like any other. */
#include "../input.h"
#include "base/clock.h"
#include "catalog/imports.h"
#include "handler/problem.h"
#include "handler/routes.h"

#define PAGE_BYTES ((size_t)256 * 1024)

static void write_headers(struct exchange *exchange)
{
    struct response *response = &exchange->response;

    response->status = 200;
    response_header(response, "Content-Type", TEXT("application/x-ndjson"));
    response_header(response, "Content-Disposition", TEXT("attachment; filename=\"errors.ndjson\""));
    response_header(response, "Cache-Control", TEXT("no-store"));
}

static void write_page(struct exchange *exchange, const struct import_error_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        strbuf_append_text(&exchange->response.body, page->lines[i]);
        strbuf_append_char(&exchange->response.body, '\n');
    }
}

/* The pages behind the first. The arena is one of their own: there may be any number. */
static void send_others(struct exchange *exchange, struct text id, struct import_error_page page)
{
    struct scope scope = {.arena = arena_new(PAGE_BYTES)};
    enum status status = STATUS_OK;
    bool sent = exchange_send_part(exchange);

    while (sent && page.more && status == STATUS_OK) {
        arena_reset(scope.arena);
        scope.deadline_ns = clock_deadline_in_ms(exchange->app->config->deadline_ms);
        status = catalog_import_errors(exchange->app->catalog, &scope, id, page.next, PAGE_BYTES, &page);
        if (status == STATUS_OK) {
            write_page(exchange, &page);
            sent = exchange_send_part(exchange);
        }
    }
    if (status != STATUS_OK && exchange->stream->cut == NULL) {
        exchange->stream->cut = "database";
    }
    exchange->scope.store_ns += scope.store_ns;
    arena_free(scope.arena);
}

void import_errors(struct exchange *exchange)
{
    struct import_error_page page = {0};
    struct import import;
    struct text id;
    enum status status;

    if (!input_without_parameters(exchange) || !input_path_id(exchange, &id)) {
        return;
    }
    status = catalog_import_get(exchange->app->catalog, &exchange->scope, id, &import);
    if (status == STATUS_OK) {
        status = catalog_import_errors(exchange->app->catalog, &exchange->scope, id, 0, PAGE_BYTES, &page);
    }
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "import", NULL);
        return;
    }
    if (page.more && !exchange->response.head && exchange->stream == NULL) {
        problem_answer(exchange, PROBLEM_BUSY,
                       "This worker sends another long answer, and this one would be long too; ask again later.");
        return;
    }
    write_headers(exchange);
    exchange->response.streamed = page.more;
    write_page(exchange, &page);
    if (page.more && !exchange->response.head) {
        send_others(exchange, id, page);
    }
}

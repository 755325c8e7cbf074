/* The feed of changes: read from a cursor on, again and again. */
#include "catalog/feed.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "input.h"
#include "reply.h"
#include "json/change.h"

#include <stdio.h>

#define TAG_SIZE 128

static bool read_after(const struct query *query, struct feed_cursor *after, struct faults *faults)
{
    const struct text text = query_get(query, "after");

    if (text.data == NULL) {
        return false;
    }
    if (!feed_cursor_decode(text, after)) {
        faults_add(faults, FAULT_IN_PARAMETER, "after", "malformed",
                   "must be taken unchanged from a change or an export; leave it out to begin with the oldest kept");
    }
    return true;
}

/* What is committed does not change, so that a page is told by where it begins and ends. */
static void make_tag(const struct feed_page *page, char tag[TAG_SIZE])
{
    char first[FEED_CURSOR_TEXT_SIZE] = "";
    char last[FEED_CURSOR_TEXT_SIZE] = "end";

    if (page->count > 0) {
        feed_cursor_encode(&page->changes[0].cursor, first);
        feed_cursor_encode(&page->changes[page->count - 1].cursor, last);
    }
    (void)snprintf(tag, TAG_SIZE, "\"%s-%s\"", first, last);
}

/* Link to what comes behind the last change here (RFC 8288). */
static void add_link(struct exchange *exchange, const struct query *query, const struct feed_page *page)
{
    struct strbuf *out = &exchange->response.headers;
    const struct text limit = query_get(query, "limit");
    char last[FEED_CURSOR_TEXT_SIZE];

    feed_cursor_encode(&page->changes[page->count - 1].cursor, last);
    strbuf_printf(out, "Link: <%.*s?", TEXT_PRINT(exchange->request.path));
    if (limit.data != NULL) { /* digits: it has been read */
        strbuf_printf(out, "limit=%.*s&", TEXT_PRINT(limit));
    }
    strbuf_printf(out, "after=%s>; rel=\"next\"\r\n", last);
}

static void answer(struct exchange *exchange, const struct query *query, const struct feed_page *page)
{
    struct strbuf *out = &exchange->response.body;
    char tag[TAG_SIZE];

    make_tag(page, tag);
    if (!reply_tagged(exchange, tag)) {
        return;
    }
    if (page->count > 0) {
        add_link(exchange, query, page);
    }
    strbuf_append_char(out, '[');
    for (size_t i = 0; i < page->count; i++) {
        strbuf_append_text(out, i > 0 ? TEXT(",") : TEXT(""));
        json_write_change(out, &page->changes[i]);
    }
    strbuf_append_char(out, ']');
}

void change_list(struct exchange *exchange)
{
    struct feed_cursor after = {0};
    struct feed_page page;
    struct query query;
    struct faults faults;
    uint32_t limit;
    bool has_after;
    enum status status;

    faults_init(&faults, exchange->scope.arena);
    input_query(exchange, &query, &faults);
    has_after = read_after(&query, &after, &faults);
    limit = input_limit(&query, &faults);
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return;
    }
    status = catalog_changes(exchange->app->catalog, &exchange->scope, has_after ? &after : NULL, limit, &page);
    if (status == STATUS_GONE) {
        char floor[FEED_CURSOR_TEXT_SIZE];
        feed_cursor_encode(&page.floor, floor);
        problem_answer(exchange, PROBLEM_GONE,
                       "Changes up to %s are not kept any more, and some of them come after the cursor given: read all "
                       "products anew, with an export for example, and go on from its cursor.",
                       floor);
    } else if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "feed", NULL);
    } else {
        answer(exchange, &query, &page);
    }
}

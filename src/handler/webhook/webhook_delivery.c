/* What was sent to a webhook, and what is to be sent again. */
#include "../input.h"
#include "../reply.h"
#include "../write.h"
#include "catalog/webhook_change.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "handler/webhook_json.h"

/* --- the list --- */

static void read_state(const struct query *query, struct delivery_query *wanted, struct faults *faults)
{
    const struct text state = query_get(query, "state");

    for (unsigned i = 0; i < DELIVERY_STATE_COUNT && !wanted->has_state; i++) {
        wanted->has_state = text_equal(state, text_of(delivery_state_names[i]));
        wanted->state = (enum delivery_state)i;
    }
    if (state.data != NULL && !wanted->has_state) {
        faults_add(faults, FAULT_IN_PARAMETER, "state", "unknown_value",
                   "must be one of pending, delivered and failed");
    }
}

static void read_place(const struct query *query, struct delivery_query *wanted, struct faults *faults)
{
    struct cursor cursor;

    if (!input_cursor(query, delivery_query_fingerprint(wanted), &cursor, faults)) {
        return;
    }
    wanted->has_place = delivery_cursor_place(&cursor, &wanted->place);
    if (!wanted->has_place) {
        faults_add(faults, FAULT_IN_PARAMETER, "cursor", "malformed",
                   "must be taken unchanged from a Link header; start without one to begin anew");
    }
}

void webhook_delivery_list(struct exchange *exchange)
{
    struct strbuf *out = &exchange->response.body;
    struct delivery_query wanted = {0};
    struct delivery_page page;
    struct query query;
    struct faults faults;
    enum status status;

    faults_init(&faults, exchange->scope.arena);
    if (!input_path_id(exchange, &wanted.webhook)) {
        return;
    }
    input_query(exchange, &query, &faults);
    read_state(&query, &wanted, &faults);
    wanted.limit = input_limit(&query, &faults);
    read_place(&query, &wanted, &faults);
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return;
    }
    status = catalog_delivery_list(exchange->app->catalog, &exchange->scope, &wanted, &page);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "webhook", NULL);
        return;
    }
    reply_json(exchange, 200);
    if (page.more) {
        reply_link_next(exchange, &query, &page.next);
    }
    strbuf_append_char(out, '[');
    for (size_t i = 0; i < page.count; i++) {
        strbuf_append_text(out, i > 0 ? TEXT(",") : TEXT(""));
        delivery_write(out, &page.deliveries[i]);
    }
    strbuf_append_char(out, ']');
}

/* --- asking --- */

/* The runner does it soon. */
static void answer_accepted(struct exchange *exchange, const struct write_request *request,
                            const struct change_result *result)
{
    if (request->minimal) {
        exchange->response.status = 202;
    } else {
        reply_json(exchange, 202);
        exchange->response.lent_body = result->view.json;
    }
    write_add_applied(exchange, request, result->replayed);
}

void webhook_redeliver(struct exchange *exchange)
{
    struct write_request request;
    struct change_result result = {0};
    struct feed_cursor place;
    struct text id;
    enum status status;

    if (!write_begin(exchange, &request) || !input_path_id(exchange, &id)) {
        return;
    }
    if (!webhook_event_id_decode(exchange->match.parameters[1], &place)) {
        faults_add(&request.faults, FAULT_IN_PARAMETER, "delivery", "malformed",
                   "must be the id of a delivery, such as evt_8123_17");
    }
    if (!input_without_body(exchange) || write_refused(exchange, &request)) {
        return;
    }
    status = catalog_webhook_redeliver(exchange->app->catalog, &exchange->scope, &request.options, id, &place,
                                       &request.faults, &result);
    if (status != STATUS_OK) {
        write_answer_status(exchange, status, "delivery", &request, &result);
        return;
    }
    answer_accepted(exchange, &request, &result);
}

/* False where there is none, or it is faulty. */
static bool read_after(struct exchange *exchange, struct feed_cursor *after, struct faults *faults)
{
    struct faults told_already;
    struct query query;

    faults_init(&told_already, exchange->scope.arena);
    input_query(exchange, &query, &told_already);
    const struct text text = query_get(&query, "after");
    if (text.data == NULL) {
        return false;
    }
    if (!feed_cursor_decode(text, after)) {
        faults_add(faults, FAULT_IN_PARAMETER, "after", "malformed",
                   "must be the cursor of a change, an export or an event; leave it out to begin with the oldest kept");
        return false;
    }
    return true;
}

void webhook_replay(struct exchange *exchange)
{
    struct write_request request;
    struct change_result result = {0};
    struct feed_cursor after = {0};
    struct feed_cursor floor = {0};
    struct text id;
    bool has_after;
    enum status status;

    if (!write_begin(exchange, &request) || !input_path_id(exchange, &id)) {
        return;
    }
    has_after = read_after(exchange, &after, &request.faults);
    if (!input_without_body(exchange) || write_refused(exchange, &request)) {
        return;
    }
    status = catalog_webhook_replay(exchange->app->catalog, &exchange->scope, &request.options, id,
                                    has_after ? &after : NULL, &request.faults, &result, &floor);
    if (status == STATUS_GONE) {
        char text[FEED_CURSOR_TEXT_SIZE];
        feed_cursor_encode(&floor, text);
        problem_answer(
            exchange, PROBLEM_GONE,
            "Changes up to %s are not kept any more, and some of them come after the cursor given; leave the "
            "cursor out to begin with the oldest kept.",
            text);
    } else if (status != STATUS_OK) {
        write_answer_status(exchange, status, "webhook", &request, &result);
    } else {
        reply_etag(exchange, result.view.version);
        answer_accepted(exchange, &request, &result);
    }
}

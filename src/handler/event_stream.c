/* Live events. Streams are held by the front server: a worker says from where on, and is free again.
 *
 * A reader that has missed more than the front server holds is told that here, in a stream that ends; its client comes
 * back by itself with the id of the last event (WHATWG HTML, section 9.2.3), and so on until the front server holds the
 * rest. */
#include "catalog/events.h"
#include "domain/event.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "input.h"
#include "json/change.h"

/* What is told at once of what was missed. */
#define MISSED_MAX 500

/* Milliseconds after which a client comes back for more. */
#define RETRY "retry: 1000\n\n"

/* To all that the front server holds in the channel; else a stream begins with what comes next. */
#define FROM_THE_OLDEST "?from=0:0"

struct wanted {
    struct event_filter filter;
    bool has_after;
    struct feed_cursor after;
    bool websocket;
};

/* The place where keys are asked for, and where a caller without one is sent to channels that tell of active products
 * alone. There are no keys yet: everybody may listen to everything. */
static bool may_listen(const struct exchange *exchange)
{
    (void)exchange;
    return true;
}

/* What the client saw last counts before what its URL says: a browser keeps calling the same URL. */
static void read_after(const struct exchange *exchange, const struct query *query, struct wanted *wanted,
                       struct faults *faults)
{
    const struct text last = exchange->request.last_event_id;
    const bool came_back = last.length > 0;
    const struct text text = came_back ? last : query_get(query, "after");

    wanted->has_after = text.data != NULL;
    if (wanted->has_after && !feed_cursor_decode(text, &wanted->after)) {
        faults_add(faults, came_back ? FAULT_IN_HEADER : FAULT_IN_PARAMETER, came_back ? "Last-Event-ID" : "after",
                   "malformed", "must be the id of an event, or the cursor of a change or an export, unchanged");
    }
}

static void read_filter(struct exchange *exchange, const struct query *query, struct event_filter *filter,
                        struct faults *faults)
{
    const struct text category = input_uuid(exchange, query, "category_id", faults);
    const struct text product = input_uuid(exchange, query, "product_id", faults);

    if (query_get(query, "category_id").data != NULL && query_get(query, "product_id").data != NULL) {
        faults_add(faults, FAULT_IN_PARAMETER, "product_id", "alone",
                   "must not come together with category_id: a stream is of one of them");
    }
    if (product.data != NULL) {
        *filter = (struct event_filter){EVENT_PRODUCT, product};
    } else if (category.data != NULL) {
        *filter = (struct event_filter){EVENT_CATEGORY, category};
    }
}

/* The front server's module takes a place in its channel from these where it finds them. */
static void refuse_conditions(const struct request *request, struct faults *faults)
{
    static const char *const prose = "must be left out: a stream has no validators";

    if (request->if_none_match.data != NULL) {
        faults_add(faults, FAULT_IN_HEADER, "If-None-Match", "not_allowed", "%s", prose);
    }
    if (request->if_modified_since.data != NULL) {
        faults_add(faults, FAULT_IN_HEADER, "If-Modified-Since", "not_allowed", "%s", prose);
    }
}

static bool read_request(struct exchange *exchange, struct wanted *wanted)
{
    struct faults faults;
    struct query query;

    *wanted = (struct wanted){.websocket = text_equal_ignoring_case(exchange->request.upgrade, TEXT("websocket"))};
    faults_init(&faults, exchange->scope.arena);
    input_query(exchange, &query, &faults);
    read_after(exchange, &query, wanted, &faults);
    read_filter(exchange, &query, &wanted->filter, &faults);
    refuse_conditions(&exchange->request, &faults);
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return false;
    }
    return true;
}

static void begin_stream(struct exchange *exchange)
{
    exchange->response.status = 200;
    response_header(&exchange->response, "Content-Type", TEXT("text/event-stream"));
    response_header(&exchange->response, "Cache-Control", TEXT("no-store"));
}

/* Ends the request here, and has the front server go on with it (deploy/nginx/events.conf). */
static void hand_over(struct exchange *exchange, const struct wanted *wanted, const struct event_stand *stand)
{
    char channel[EVENT_CHANNEL_SIZE];
    struct text target;

    event_channel(&wanted->filter, channel);
    target = arena_printf(exchange->scope.arena, "/.wares-events/%s/%.*s/%s", wanted->websocket ? "ws" : "sse",
                          TEXT_PRINT(stand->epoch), channel);
    if (wanted->has_after) {
        target = arena_printf(exchange->scope.arena, "%.*s" FROM_THE_OLDEST, TEXT_PRINT(target));
    }
    begin_stream(exchange);
    response_header(&exchange->response, "X-Accel-Redirect", target);
}

/* Events of the page up to where the relay stands; what is behind it comes by the front server. Returns the place up to
 * which everything was told. */
static struct feed_cursor write_missed(struct strbuf *out, const struct feed_page *page, const struct wanted *wanted,
                                       const struct feed_cursor *relayed)
{
    struct feed_cursor told = *relayed;

    for (size_t i = 0; i < page->count; i++) {
        const struct change *change = &page->changes[i];

        if (feed_cursor_is_before(relayed, &change->cursor)) {
            return *relayed;
        }
        told = change->cursor;
        if (event_filter_takes(&wanted->filter, change)) {
            json_write_change_event(out, change);
        }
    }
    return told;
}

static void tell_missed(struct exchange *exchange, const struct wanted *wanted, const struct event_stand *stand)
{
    struct strbuf *out = &exchange->response.body;
    char told[FEED_CURSOR_TEXT_SIZE];
    struct feed_cursor place;
    struct feed_page page;
    const enum status status =
        catalog_events_missed(exchange->app->catalog, &exchange->scope, &wanted->after, MISSED_MAX, &page);

    if (status == STATUS_GONE) {
        char floor[FEED_CURSOR_TEXT_SIZE];
        feed_cursor_encode(&page.floor, floor);
        problem_answer(exchange, PROBLEM_GONE,
                       "Changes up to %s are not kept any more, and some of them come after the event given: read all "
                       "products anew, with an export for example, and go on from its cursor.",
                       floor);
        return;
    }
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "feed", NULL);
        return;
    }
    begin_stream(exchange);
    strbuf_append_text(out, TEXT(RETRY));
    place = write_missed(out, &page, wanted, &stand->relayed);
    /* The client has seen all up to here, even where its filter took none of it. */
    feed_cursor_encode(&place, told);
    strbuf_printf(out, "id: %s\n\n", told);
}

static void answer(struct exchange *exchange, const struct wanted *wanted)
{
    struct event_stand stand;
    const enum status status = catalog_event_stand(exchange->app->catalog, &exchange->scope, &wanted->after, &stand);

    if (status == STATUS_NOT_FOUND) {
        problem_answer(exchange, PROBLEM_UNAVAILABLE,
                       "No job runner has relayed anything yet: is wares-jobs running, with WARES_EVENTS set?");
    } else if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "feed", NULL);
    } else if (!wanted->has_after || stand.held) {
        hand_over(exchange, wanted, &stand);
    } else if (wanted->websocket) {
        problem_answer(exchange, PROBLEM_CONFLICT,
                       "A WebSocket begins with what was published in the last seconds, and more was missed: read "
                       "/api/v1/changes from this cursor to its end, and connect with the cursor of the last change.");
    } else {
        tell_missed(exchange, wanted, &stand);
    }
}

void event_stream(struct exchange *exchange)
{
    struct wanted wanted;

    if (!read_request(exchange, &wanted)) {
        return;
    }
    if (!text_equal(exchange->request.push, TEXT("nchan"))) {
        problem_answer(exchange, PROBLEM_NO_LIVE_EVENTS,
                       "The front server here holds no streams: poll /api/v1/changes with If-None-Match.");
    } else if (!may_listen(exchange)) {
        problem_answer(exchange, PROBLEM_NOT_FOUND, "There is nothing at this path.");
    } else if (exchange->request.method == METHOD_HEAD) {
        begin_stream(exchange);
    } else {
        answer(exchange, &wanted);
    }
}

/* The way of every request: route, method, Accept and body are checked, the handler runs, common headers are added. */
#include "handler/exchange.h"

#include "base/clock.h"
#include "handler/operation.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "http/negotiate.h"
#include "http/uri.h"

/* Room that is left for the headers of every answer. */
#define COMMON_HEADERS_MAX 1024

/* Of the body's memory, between the parts of a long answer. */
#define PART_KEPT ((size_t)64 * 1024)

#define SERVER_TIMING_MAX 160 /* three names, and three numbers of any length */

static void answer_options(struct exchange *exchange)
{
    exchange->response.status = 204;
    response_header(&exchange->response, "Allow", router_allow(exchange->match.route, exchange->scope.arena));
}

static void answer_method_not_allowed(struct exchange *exchange)
{
    struct text allow = router_allow(exchange->match.route, exchange->scope.arena);

    response_header(&exchange->response, "Allow", allow);
    problem_answer(exchange, PROBLEM_METHOD_NOT_ALLOWED, "%.*s is not allowed here; use %.*s.",
                   TEXT_PRINT(uri_printable(exchange->request.method_name, exchange->scope.arena)), TEXT_PRINT(allow));
}

bool exchange_route(struct exchange *exchange)
{
    const struct request *request = &exchange->request;
    const enum http_method method = request->method == METHOD_HEAD ? METHOD_GET : request->method;

    exchange->match = router_match(routes, route_count, request->path, exchange->scope.arena);
    exchange->operation = exchange->match.route != NULL ? exchange->match.route->operations[method] : NULL;
    return exchange->operation != NULL && exchange->operation->reads_body;
}

/* Answers where the body did not arrive as announced; false where it is fine. */
static bool body_refused(struct exchange *exchange)
{
    switch (exchange->body_state) {
    case BODY_TOO_LARGE:
        problem_answer(exchange, PROBLEM_TOO_LARGE, "The body is %.*s bytes; at most %lld are taken.",
                       TEXT_PRINT(exchange->request.content_length), (long long)exchange->app->config->body_max);
        return true;
    case BODY_MALFORMED:
        problem_answer(exchange, PROBLEM_MALFORMED_REQUEST,
                       "The body is not as long as Content-Length says; nothing was done.");
        return true;
    case BODY_COMPLETE:
    case BODY_UNREAD:
    default:
        return false;
    }
}

static void answer_not_acceptable(struct exchange *exchange, const char *const *types, size_t count)
{
    struct text list = TEXT("");

    for (size_t i = 0; i < count; i++) {
        list = arena_printf(exchange->scope.arena, "%.*s%s%s", TEXT_PRINT(list), i > 0 ? ", " : "", types[i]);
    }
    problem_answer(exchange, PROBLEM_NOT_ACCEPTABLE, "Only %.*s is made here; Accept leaves it out.", TEXT_PRINT(list));
}

/* Of the types that the operation answers in, the one that Accept likes best; 406 where it takes none of them. */
static bool choose_media(struct exchange *exchange)
{
    const struct media *made = exchange->operation->answers[0].media;
    const char *types[MEDIA_MAX];
    size_t count = 0;

    while (count < MEDIA_MAX && made[count].type != NULL) {
        types[count] = made[count].type;
        count++;
    }
    exchange->media = count > 0 ? accept_choose(exchange->request.accept, types, count) : NULL;
    if (count > 0 && exchange->media == NULL) {
        answer_not_acceptable(exchange, types, count);
        return false;
    }
    return true;
}

static void dispatch(struct exchange *exchange)
{
    if (exchange->match.route == NULL) {
        problem_answer(exchange, PROBLEM_NOT_FOUND, "There is nothing at this path.");
        return;
    }
    if (exchange->request.method == METHOD_OPTIONS && exchange->operation == NULL) {
        answer_options(exchange);
    } else if (exchange->operation == NULL) {
        answer_method_not_allowed(exchange);
    } else if (choose_media(exchange) && !body_refused(exchange)) {
        exchange->operation->handler(exchange);
    }
}

/* "name;dur=" and milliseconds with three decimals; returns where it ends. */
static char *put_duration(char *at, struct text name, int64_t duration_ns)
{
    const uint64_t us = (uint64_t)(duration_ns > 0 ? duration_ns : 0) / (uint64_t)CLOCK_NS_PER_US;
    const uint64_t fraction = us % 1000;
    char digits[TEXT_U64_MAX];

    at = text_put(at, name);
    at = text_put(at, TEXT(";dur="));
    at = text_put(at, text_from_u64(us / 1000, digits));
    *at++ = '.';
    *at++ = (char)('0' + fraction / 100);
    *at++ = (char)('0' + fraction / 10 % 10);
    *at++ = (char)('0' + fraction % 10);
    return at;
}

/* Server-Timing (W3C Server Timing): where the time went. */
static void append_server_timing(struct exchange *exchange)
{
    struct strbuf *out = &exchange->response.headers;
    char *start = strbuf_reserve(out, SERVER_TIMING_MAX), *at = start;

    if (start == NULL) {
        return;
    }
    at = text_put(at, TEXT("Server-Timing: "));
    at = put_duration(at, TEXT("total"), clock_monotonic_ns() - exchange->started_ns);
    at = put_duration(at, TEXT(", db"), exchange->scope.store_ns);
    at = put_duration(at, TEXT(", cache"), exchange->scope.cache_ns);
    at = text_put(at, TEXT("\r\n"));
    out->length += (size_t)(at - start);
}

static void add_common_headers(struct exchange *exchange)
{
    struct response *response = &exchange->response;

    response_header(response, "X-Request-Id", text_of(exchange->request.request_id));
    if (exchange->request.traceparent.data != NULL) {
        response_header(response, "traceparent", exchange->request.traceparent);
    }
    append_server_timing(exchange);
}

bool exchange_send_part(struct exchange *exchange)
{
    struct response_stream *stream = exchange->stream;
    struct response *response = &exchange->response;
    bool sent;

    if (response->body.overflowed) {
        stream->cut = "too_large";
    }
    if (stream->cut != NULL) {
        return false;
    }
    if (!stream->begun) {
        response->streamed = true;
        add_common_headers(exchange);
        if (!stream->begin(stream, response)) {
            return false;
        }
    }
    sent = stream->write(stream, strbuf_text(&response->body));
    strbuf_clear(&response->body, PART_KEPT);
    return sent;
}

void exchange_serve(struct exchange *exchange)
{
    struct response *response = &exchange->response;

    response->head = exchange->request.method == METHOD_HEAD;
    exchange->unproven = false;
    dispatch(exchange);
    if (exchange->stream != NULL && exchange->stream->begun) {
        return;
    }
    if (response->headers.length > RESPONSE_HEADERS_MAX - COMMON_HEADERS_MAX || response->headers.overflowed ||
        response->body.overflowed) {
        response_reset(response);
        response->head = exchange->request.method == METHOD_HEAD;
        problem_answer(exchange, PROBLEM_INTERNAL, "The answer grew larger than this service sends.");
    }
    add_common_headers(exchange);
}

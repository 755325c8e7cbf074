/* What the front server sends: lines of the input are variables, and every header goes through its own reader. */
#include "fuzz.h"

#include "base/utf8.h"
#include "http/etag.h"
#include "http/negotiate.h"
#include "http/query.h"
#include "http/request.h"
#include "http/response.h"
#include "http/router.h"

#include <string.h>

#define VARIABLES_MAX 128
#define REQUEST_ID_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

/* The router does not look into it. */
struct operation {
    char any;
};

static const struct operation operation = {0};

static const struct route routes[] = {
    {.pattern = "/", .operations = {[METHOD_GET] = &operation}},
    {.pattern = "/api/v1/products", .operations = {[METHOD_GET] = &operation, [METHOD_POST] = &operation}},
    {.pattern = "/api/v1/products/{id}", .operations = {[METHOD_GET] = &operation}},
    {.pattern = "/api/v1/webhooks/{id}/deliveries/{delivery}", .operations = {[METHOD_GET] = &operation}},
};

/* The value of a variable found the plain way. */
static struct text find(char *const *environment, const char *name)
{
    size_t length = strlen(name);
    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, length) == 0 && (*environment)[length] == '=') {
            return text_of(*environment + length + 1);
        }
    }
    return TEXT_ABSENT;
}

static void check_variables(const struct request *request, char *const *environment)
{
    must_hold(text_equal(request->method_name, find(environment, "REQUEST_METHOD")));
    must_hold(text_equal(request->content_type, find(environment, "CONTENT_TYPE")));
    must_hold(text_equal(request->accept, find(environment, "HTTP_ACCEPT")));
    must_hold(text_equal(request->cache_control, find(environment, "HTTP_CACHE_CONTROL")));
    must_hold(text_equal(request->if_match, find(environment, "HTTP_IF_MATCH")));
    must_hold(text_equal(request->if_none_match, find(environment, "HTTP_IF_NONE_MATCH")));
    must_hold(text_equal(request->prefer, find(environment, "HTTP_PREFER")));
    must_hold(text_equal(request->idempotency_key, find(environment, "HTTP_IDEMPOTENCY_KEY")));
    must_hold(text_equal(request->authorization, find(environment, "HTTP_AUTHORIZATION")));
    must_hold(text_equal(request->last_event_id, find(environment, "HTTP_LAST_EVENT_ID")));
    must_hold(text_equal(request->host, find(environment, "HTTP_HOST")));
    must_hold(request->content_length.data == NULL || request->content_length.length > 0);
    must_hold(request->method < METHOD_COUNT && request->body.data == NULL);
}

static void check_request(const struct request *request)
{
    size_t id_length = strlen(request->request_id);
    must_hold(id_length >= 1 && id_length <= REQUEST_ID_MAX);
    must_hold(strspn(request->request_id, REQUEST_ID_CHARACTERS) == id_length);
    must_hold(text_starts_with(request->uri, request->path));
    must_hold(memchr(request->path.data, '?', request->path.length) == NULL);
    must_hold((request->traceparent.data == NULL) == (request->trace_id.data == NULL));
    if (request->traceparent.data != NULL) {
        must_hold(request->traceparent.length == 55 && request->trace_id.length == 32);
        must_hold(text_starts_with(request->traceparent, TEXT("00-")));
    }
}

static size_t count_of(struct text text, char c)
{
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++) {
        count += text.data[i] == c ? 1 : 0;
    }
    return count;
}

static void check_route(const struct request *request, struct arena *arena)
{
    struct route_match match = router_match(routes, sizeof(routes) / sizeof(routes[0]), request->path, arena);
    if (match.route == NULL) {
        return;
    }
    must_hold(count_of(text_of(match.route->pattern), '/') == count_of(request->path, '/'));
    must_hold(count_of(text_of(match.route->pattern), '{') == match.count);
    for (size_t i = 0; i < match.count; i++) {
        struct text parameter = match.parameters[i];
        must_hold(parameter.length > 0 && parameter.data[parameter.length] == '\0');
        must_hold(strlen(parameter.data) == parameter.length);
        must_hold(utf8_valid_prefix(parameter) == parameter.length);
    }
}

static void check_negotiation(const struct request *request, struct arena *arena)
{
    /* A range that names the type itself, with full weight, takes it whatever stands before. */
    struct text more = arena_printf(arena, "%.*s,application/json", TEXT_PRINT(request->accept));
    must_hold(accept_takes(more, "application/json"));
    /* No range is closer than one of the type itself, so what it refuses stays refused. */
    struct text none = arena_printf(arena, "application/none;q=0, %.*s", TEXT_PRINT(request->accept));
    struct text some = arena_printf(arena, "application/some;q=0, %.*s, */*;q=0", TEXT_PRINT(request->accept));
    must_hold(accept_takes(request->accept, "application/json") || !accept_takes(none, "application/json"));
    must_hold(accept_takes(none, "application/json") == accept_takes(some, "application/json"));
    if (content_type_is(request->content_type, "application/json")) {
        struct text trimmed = text_trim_ows(request->content_type);
        trimmed.length = strlen("application/json");
        must_hold(text_equal_ignoring_case(trimmed, TEXT("application/json")));
    }
}

static void check_conditions(const struct request *request)
{
    char tag[ETAG_TEXT_SIZE];
    etag_from_version(3, tag);
    if (etag_list_names(request->if_none_match, text_of(tag))) {
        must_hold(memchr(request->if_none_match.data, '3', request->if_none_match.length) != NULL ||
                  text_equal(text_trim_ows(request->if_none_match), TEXT("*")));
    }
    if (request_wants_fresh(request)) {
        must_hold(memchr(request->cache_control.data, '-', request->cache_control.length) != NULL);
    }
}

/* No value adds a line to the head. */
static void check_header(struct text value)
{
    struct response response;
    struct strbuf head;
    response_init(&response);
    response_header(&response, "X-Value", value);
    strbuf_init(&head, RESPONSE_HEADERS_MAX * 2);
    response_write_head(&response, &head);
    size_t lines = response.headers.overflowed ? 3 : 4;
    must_hold(count_of(strbuf_text(&head), '\n') == lines && count_of(strbuf_text(&head), '\r') == lines);
    strbuf_free(&head);
    response_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new(4096);
    char *environment[VARIABLES_MAX + 1] = {NULL};
    struct request request;
    struct query query;
    struct text culprit = TEXT_ABSENT;
    struct text rest = fuzz_text(data, size);
    for (size_t i = 0; i < VARIABLES_MAX && rest.data != NULL; i++) {
        struct text line = text_split(rest, '\n', &rest);
        environment[i] = arena_string(arena, line);
    }
    request_read(&request, environment, arena);
    check_variables(&request, environment);
    check_request(&request);
    check_route(&request, arena);
    check_negotiation(&request, arena);
    check_conditions(&request);
    check_header(fuzz_text(data, size));
    (void)query_parse(&query, request.query, arena, &culprit);
    arena_free(arena);
    return 0;
}

/* CGI's variables to the view of a request. On the path of every request: each variable is looked at once, by its
 * length. */
#include "http/request.h"

#include "header_value.h"
#include "trace.h"

#include "base/uuid.h"

#include <stddef.h>
#include <string.h>

/* The variables as they were sent. */
struct variables {
    struct text accel_expires, accept, authorization, cache_control, content_encoding, content_length, content_type,
        host, idempotency_key, if_match, if_modified_since, if_none_match, last_event_id, method, path_info, prefer,
        push, query_string, request_id, script_name, traceparent, upgrade, uri;
};

struct variable {
    const char *name;
    size_t offset; /* in struct variables */
};

#define NAME_LENGTH_MAX 22
#define NAMES_OF_LENGTH_MAX 5

#define VARIABLE(name, member)                                                                                         \
    {                                                                                                                  \
        name, offsetof(struct variables, member)                                                                       \
    }

/* The names of each length; a NULL ends the shorter rows. */
static const struct variable by_length[NAME_LENGTH_MAX + 1][NAMES_OF_LENGTH_MAX] = {
    [9] = {VARIABLE("HTTP_HOST", host), VARIABLE("PATH_INFO", path_info)},
    [10] = {VARIABLE("WARES_PUSH", push)},
    [11] = {VARIABLE("HTTP_ACCEPT", accept), VARIABLE("HTTP_PREFER", prefer), VARIABLE("REQUEST_URI", uri),
            VARIABLE("SCRIPT_NAME", script_name)},
    [12] = {VARIABLE("CONTENT_TYPE", content_type), VARIABLE("QUERY_STRING", query_string),
            VARIABLE("HTTP_UPGRADE", upgrade)},
    [13] = {VARIABLE("ACCEL_EXPIRES", accel_expires), VARIABLE("HTTP_IF_MATCH", if_match)},
    [14] = {VARIABLE("CONTENT_LENGTH", content_length), VARIABLE("REQUEST_METHOD", method)},
    [16] = {VARIABLE("HTTP_TRACEPARENT", traceparent)},
    [17] = {VARIABLE("HTTP_X_REQUEST_ID", request_id)},
    [18] = {VARIABLE("HTTP_AUTHORIZATION", authorization), VARIABLE("HTTP_CACHE_CONTROL", cache_control),
            VARIABLE("HTTP_IF_NONE_MATCH", if_none_match), VARIABLE("HTTP_LAST_EVENT_ID", last_event_id)},
    [20] = {VARIABLE("HTTP_IDEMPOTENCY_KEY", idempotency_key)},
    [21] = {VARIABLE("HTTP_CONTENT_ENCODING", content_encoding)},
    [22] = {VARIABLE("HTTP_IF_MODIFIED_SINCE", if_modified_since)},
};

/* Where the variable of that name belongs, or NULL for one that is of no use here. */
static struct text *find_variable(struct variables *variables, const char *name, size_t length)
{
    if (length == 0 || length > NAME_LENGTH_MAX) {
        return NULL;
    }
    for (const struct variable *at = by_length[length]; at->name != NULL; at++) {
        /* The last letters tell most apart: many names begin with HTTP_. */
        if (at->name[length - 1] == name[length - 1] && memcmp(at->name, name, length) == 0) {
            return (struct text *)(void *)((char *)variables + at->offset);
        }
    }
    return NULL;
}

static void read_variables(struct variables *variables, char *const *environment)
{
    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL) {
            continue;
        }
        struct text *slot = find_variable(variables, *environment, (size_t)(equals - *environment));
        if (slot != NULL && slot->data == NULL) {
            *slot = text_of(equals + 1);
        }
    }
}

static enum http_method method_of(struct text name)
{
    static const struct text names[METHOD_OTHER] = {
        [METHOD_GET] = {"GET", 3},         [METHOD_HEAD] = {"HEAD", 4},   [METHOD_POST] = {"POST", 4},
        [METHOD_PUT] = {"PUT", 3},         [METHOD_PATCH] = {"PATCH", 5}, [METHOD_DELETE] = {"DELETE", 6},
        [METHOD_OPTIONS] = {"OPTIONS", 7},
    };
    for (enum http_method method = METHOD_GET; method < METHOD_OTHER; method++) {
        if (text_equal(name, names[method])) {
            return method;
        }
    }
    return METHOD_OTHER;
}

/* Sets uri, path and query. */
static void read_target(struct request *request, const struct variables *variables, struct arena *arena)
{
    struct text uri = variables->uri;
    struct text query_string = variables->query_string;
    if (uri.length == 0) {
        uri =
            arena_printf(arena, "%.*s%.*s%s%.*s", TEXT_PRINT(variables->script_name), TEXT_PRINT(variables->path_info),
                         query_string.length > 0 ? "?" : "", TEXT_PRINT(query_string));
    }
    request->uri = uri;
    request->path = text_split(uri, '?', &request->query);
    if (request->query.data == NULL && query_string.length > 0) {
        request->query = query_string;
    }
}

static bool request_id_valid(struct text id)
{
    if (id.length == 0 || id.length > REQUEST_ID_MAX) {
        return false;
    }
    for (size_t i = 0; i < id.length; i++) {
        char c = id.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '.' && c != '_' &&
            c != '-') {
            return false;
        }
    }
    return true;
}

static void read_request_id(struct request *request, struct text given)
{
    if (given.data != NULL && request_id_valid(given)) {
        memcpy(request->request_id, given.data, given.length);
        request->request_id[given.length] = '\0';
    } else {
        uuid_make(request->request_id);
    }
}

void request_read(struct request *request, char *const *environment, struct arena *arena)
{
    struct variables variables = {0};
    read_variables(&variables, environment);
    *request = (struct request){
        .method = method_of(variables.method),
        .method_name = variables.method,
        .content_type = variables.content_type,
        .content_encoding = variables.content_encoding,
        .content_length = variables.content_length.length > 0 ? variables.content_length : TEXT_ABSENT,
        .accept = variables.accept,
        .cache_control = variables.cache_control,
        .if_match = variables.if_match,
        .if_none_match = variables.if_none_match,
        .if_modified_since = variables.if_modified_since,
        .accel_expires = variables.accel_expires.length > 0,
        .prefer = variables.prefer,
        .idempotency_key = variables.idempotency_key,
        .authorization = variables.authorization,
        .last_event_id = variables.last_event_id,
        .upgrade = variables.upgrade,
        .push = variables.push,
        .host = variables.host,
        .traceparent = trace_parent(variables.traceparent, arena),
    };
    request->trace_id = trace_id(request->traceparent);
    read_target(request, &variables, arena);
    read_request_id(request, variables.request_id);
}

bool request_wants_fresh(const struct request *request)
{
    struct text rest = request->cache_control;
    while (rest.data != NULL) {
        struct text element = header_take_element(&rest);
        struct text directive = header_take_token(&element);
        if (text_equal_ignoring_case(directive, TEXT("no-cache")) ||
            text_equal_ignoring_case(directive, TEXT("no-store"))) {
            return true;
        }
    }
    return false;
}

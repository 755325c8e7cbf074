/* Finds a path's route. Compares first and decodes afterwards, so that what does not match costs no memory. */
#include "http/router.h"

/* Takes the first segment, behind its "/". */
static struct text take_segment(struct text *path)
{
    struct text behind = {.data = path->data + 1, .length = path->length - 1};
    size_t length = 0;
    while (length < behind.length && behind.data[length] != '/') {
        length++;
    }
    *path = (struct text){.data = behind.data + length, .length = behind.length - length};
    return (struct text){.data = behind.data, .length = length};
}

static bool has_segment(struct text path)
{
    return path.length > 0 && path.data[0] == '/';
}

static bool is_parameter(struct text segment)
{
    return segment.length >= 2 && segment.data[0] == '{' && segment.data[segment.length - 1] == '}';
}

/* Compares the path with the pattern, segment by segment, and collects the raw parameters. */
static bool pattern_matches(const char *pattern, struct text path, struct route_match *match)
{
    struct text left = text_of(pattern);
    match->count = 0;
    while (has_segment(left) && has_segment(path)) {
        struct text wanted = take_segment(&left);
        struct text given = take_segment(&path);
        if (!is_parameter(wanted)) {
            if (!text_equal(wanted, given)) {
                return false;
            }
        } else if (given.length > 0 && match->count < ROUTE_PARAMETERS_MAX) {
            match->parameters[match->count++] = given;
        } else {
            return false;
        }
    }
    return left.length == 0 && path.length == 0;
}

static bool decode_parameters(struct route_match *match, struct arena *arena)
{
    for (size_t i = 0; i < match->count; i++) {
        struct text *parameter = &match->parameters[i];
        if (request_decode(*parameter, false, arena, parameter) != STATUS_OK) {
            return false;
        }
    }
    return true;
}

struct route_match router_match(const struct route *routes, size_t count, struct text path, struct arena *arena)
{
    for (size_t i = 0; i < count; i++) {
        struct route_match match = {.route = &routes[i]};
        if (pattern_matches(routes[i].pattern, path, &match) && decode_parameters(&match, arena)) {
            return match;
        }
    }
    return (struct route_match){.route = NULL};
}

struct text router_allow(const struct route *route, struct arena *arena)
{
    static const struct {
        enum http_method method;
        const char *name;
    } methods[] = {
        {METHOD_GET, "GET, "}, {METHOD_HEAD, "HEAD, "},   {METHOD_POST, "POST, "},
        {METHOD_PUT, "PUT, "}, {METHOD_PATCH, "PATCH, "}, {METHOD_DELETE, "DELETE, "},
    };
    const char *allowed[sizeof(methods) / sizeof(methods[0])];
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        enum http_method method = methods[i].method;
        bool by_get = method == METHOD_HEAD && route->operations[METHOD_GET] != NULL;
        allowed[i] = route->operations[method] != NULL || by_get ? methods[i].name : "";
    }
    return arena_printf(arena, "%s%s%s%s%s%sOPTIONS", allowed[0], allowed[1], allowed[2], allowed[3], allowed[4],
                        allowed[5]);
}

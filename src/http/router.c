/* Finds a path's route. Compares first and decodes afterwards, so that what does not match costs no memory. */
#include "http/router.h"

#include <string.h>

/* Compares the path with the pattern, in which a parameter fills its segment, and collects the raw parameters. */
static bool pattern_matches(const char *pattern, struct text path, struct route_match *match)
{
    const char *at = path.data;
    const char *end = path.data + path.length;

    match->count = 0;
    while (*pattern != '\0') {
        if (*pattern != '{') {
            if (at == end || *at++ != *pattern++) {
                return false;
            }
            continue;
        }
        const char *start = at;
        while (at < end && *at != '/') {
            at++;
        }
        if (at == start || match->count == ROUTE_PARAMETERS_MAX) {
            return false;
        }
        match->parameters[match->count++] = (struct text){.data = start, .length = (size_t)(at - start)};
        pattern += strcspn(pattern, "}") + 1;
    }
    return at == end;
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

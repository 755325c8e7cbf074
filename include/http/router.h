/* Routes as data: patterns with segments in braces, matched against the raw path. */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "base/arena.h"
#include "http/request.h"

#include <stddef.h>

#define ROUTE_PARAMETERS_MAX 4

struct operation; /* what a method does there: the caller's */

struct route {
    const char *pattern; /* "/api/v1/products/{id}" */
    /* NULL: not allowed; HEAD is answered by GET's, OPTIONS by the caller */
    const struct operation *operations[METHOD_COUNT];
};

struct route_match {
    const struct route *route;                    /* NULL: no pattern matches */
    struct text parameters[ROUTE_PARAMETERS_MAX]; /* the segments in braces, decoded, in order */
    size_t count;
};

/* The first route whose pattern matches the whole path, segment by segment: literal segments byte for byte, parameters
 * any one non-empty segment that decodes. A trailing slash is another path. */
struct route_match router_match(const struct route *routes, size_t count, struct text path, struct arena *arena);

/* The methods that a route allows, as Allow wants them: "GET, HEAD, POST, OPTIONS". */
struct text router_allow(const struct route *route, struct arena *arena);

#endif

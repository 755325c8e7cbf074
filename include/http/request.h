/* The view of one request: what CGI's variables (RFC 3875, section 4.1) say, looked at once. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "base/arena.h"
#include "base/status.h"
#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define REQUEST_ID_MAX 128

enum http_method {
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_PATCH,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_OTHER,
    METHOD_COUNT
};

/* Absent slices are variables that were not sent. All point into the environment or the arena. */
struct request {
    enum http_method method;
    struct text method_name; /* as sent */
    struct text uri;         /* REQUEST_URI as sent, or made of SCRIPT_NAME, PATH_INFO and QUERY_STRING */
    struct text path;        /* of the uri, as sent: percent-encoded, never normalised */
    struct text query;       /* after "?" in the uri, else QUERY_STRING, as sent; absent where there is none */
    struct text content_type;
    struct text content_encoding;
    struct text content_length; /* as sent; empty counts as absent */
    struct text accept;
    struct text cache_control;
    struct text if_match;
    struct text if_none_match;
    struct text if_modified_since;
    struct text prefer;
    struct text idempotency_key;
    struct text authorization;
    struct text last_event_id;
    struct text upgrade;
    struct text push; /* WARES_PUSH, which the front server sets where it holds streams: the name of what holds them */
    struct text host;
    char request_id[REQUEST_ID_MAX + 1]; /* the front's where it is 1 to 128 of [A-Za-z0-9._-], or made here */
    struct text traceparent;             /* where it is valid (W3C Trace Context), in the form of version 00 */
    struct text trace_id;                /* the 32 hex digits in it */
    bool accel_expires;                  /* the front's own cache heeds X-Accel-Expires (nginx), and asks for it */
    struct text body;                    /* set by the server once it was read whole */
};

/* Reads "NAME=value" strings up to a NULL. Of a name that comes twice the first counts. Anything is accepted: what is
 * missing is absent, an unknown method is METHOD_OTHER. */
void request_read(struct request *request, char *const *environment, struct arena *arena);

/* Decodes the percent-encoding of one segment of a path or one part of a query into the arena; '+' is a space where
 * plus_is_space. STATUS_INVALID where an escape is broken, or what comes out is not UTF-8 or has a NUL. */
MUST_CHECK enum status request_decode(struct text encoded, bool plus_is_space, struct arena *arena,
                                      struct text *decoded);

/* True where Cache-Control has the directive no-cache or no-store: answer from the database. */
bool request_wants_fresh(const struct request *request);

#endif

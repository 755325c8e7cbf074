/* The answer under construction: a status, header lines and a body. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "base/strbuf.h"
#include "base/text.h"

#include <stdbool.h>

#define RESPONSE_HEADERS_MAX ((size_t)16 * 1024)
#define RESPONSE_BODY_MAX ((size_t)16 * 1024 * 1024)

struct response {
    int status;            /* HTTP status */
    struct strbuf headers; /* "Name: value\r\n" lines */
    struct strbuf body;    /* written body */
    struct text lent_body; /* where present it is the body, and lives in the request's arena */
    bool head;             /* answer to HEAD: the length is told, the body is not sent */
    bool streamed;         /* the body is of unknown length: no Content-Length */
};

void response_init(struct response *response);
void response_free(struct response *response);

/* Ready for the next request; keeps a modest amount of memory. */
void response_reset(struct response *response);

/* Adds a header. CR, LF and other control characters of a value are left out: no value can add a line. */
void response_header(struct response *response, const char *name, struct text value);

/* The body that is to be sent: the lent one, or the written one. */
struct text response_body(const struct response *response);

/* The head as CGI wants it (RFC 3875, section 6): "Status: 200 OK\r\n", the headers, Content-Length unless the status
 * has no content (204, 304) or the body is streamed, and the empty line. */
void response_write_head(const struct response *response, struct strbuf *out);

/* The reason phrase of a status (RFC 9110, section 15), or "Unknown". */
const char *response_reason(int status);

#endif

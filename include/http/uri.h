/* Percent-encoding (RFC 3986, section 2.1), outwards. */
#ifndef HTTP_URI_H
#define HTTP_URI_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "base/text.h"

/* Appends the text with all but unreserved characters encoded: a part of a query or a segment of a path. */
void uri_encode(struct strbuf *out, struct text text);

/* The text as sent by a client, fit to be shown in an answer: where it has bytes other than printable ASCII they are
 * encoded, in the arena. */
struct text uri_printable(struct text text, struct arena *arena);

#endif

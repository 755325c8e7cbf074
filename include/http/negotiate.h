/* Content negotiation (RFC 9110, section 12.5.1) and media types. */
#ifndef HTTP_NEGOTIATE_H
#define HTTP_NEGOTIATE_H

#include "base/text.h"

#include <stdbool.h>

/* True where the Accept header takes the media type ("application/json") with a weight above 0. The most specific range
 * that matches decides. An absent or empty header takes all; a range that cannot be parsed is passed over, and a header
 * of nothing else takes all. Parameters other than q make no difference; of the same range twice the higher q counts. */
bool accept_takes(struct text accept, const char *media_type);

/* That weight, in thousandths; 0 where the header does not take the media type. */
int accept_weight(struct text accept, const char *media_type);

/* Of the media types the one that the Accept header gives the highest weight, the first of equals; NULL where it takes none
 * of them. */
const char *accept_choose(struct text accept, const char *const *media_types, size_t count);

/* True where Content-Type is this type, parameters aside; a charset other than utf-8 is refused. Letter case and
 * white space as RFC 9110, section 8.3.1. */
bool content_type_is(struct text content_type, const char *media_type);

#endif

/* Preferences of the client (RFC 7240). */
#ifndef HTTP_PREFER_H
#define HTTP_PREFER_H

#include "base/text.h"

/* The value of a preference in a Prefer header, without quotes: "minimal" for return=minimal, empty for one without a
 * value, absent where it is not there. Of one that comes twice the first counts; names ignore letter case; what cannot
 * be parsed is passed over, as preferences may be ignored. */
struct text prefer_get(struct text header, const char *name);

#endif

/* The Prefer header (RFC 7240). */
#ifndef HTTP_PREFER_H
#define HTTP_PREFER_H

#include "base/text.h"

/* The value of a preference, whose name counts whatever its letter case: empty where it has none, absent where it is not
 * there. Of a preference that comes twice the first counts. What cannot be parsed is passed over, as a preference that is
 * not known. The value of a quoted string is what stands between its quotes, escapes included. */
struct text prefer_value(struct text prefer, const char *name);

#endif

/* The dates of HTTP (RFC 9110, section 5.6.7), whole seconds since 1970. */
#ifndef HTTP_DATE_H
#define HTTP_DATE_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define HTTP_DATE_LENGTH 29 /* Mon, 23 Nov 2026 09:15:02 GMT */

/* IMF-fixdate, terminated. The year must be of four digits: 0 to 253402300799. */
void http_date_format(int64_t unix_s, char out[HTTP_DATE_LENGTH + 1]);

/* Any of the three forms that a recipient must take: IMF-fixdate, that of RFC 850, that of asctime. now_unix_s says which
 * century a year of two digits is of. False where it is none of them. */
bool http_date_parse(struct text text, int64_t now_unix_s, int64_t *unix_s);

#endif

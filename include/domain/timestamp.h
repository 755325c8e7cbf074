/* Timestamps as text: from Postgres's form to RFC 3339 and to microseconds. */
#ifndef DOMAIN_TIMESTAMP_H
#define DOMAIN_TIMESTAMP_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

#define TIMESTAMP_LENGTH 27 /* 2026-11-23T09:15:02.123456Z */

/* From Postgres's text under DateStyle ISO and TimeZone UTC ("2026-11-23 09:15:02.12+00") to RFC 3339 with six digits
 * of fraction. False where it is not of that form (years beyond 9999, infinity). out is terminated. */
bool timestamp_from_postgres(struct text text, char out[TIMESTAMP_LENGTH + 1]);

/* Microseconds since 1970 of what timestamp_from_postgres made. False where the text is not of that form. */
bool timestamp_to_micros(struct text text, int64_t *unix_us);

/* From RFC 3339 with any offset ("2026-11-23T10:15:02.5+01:00", "…z") to the form that timestamp_from_postgres makes, in
 * UTC; digits of the fraction beyond the sixth are cut off. False where it is not of that form, or not of the years 1 to
 * 9999 in UTC. Leap seconds are not known here. */
bool timestamp_from_rfc3339(struct text text, char out[TIMESTAMP_LENGTH + 1]);

#endif

/* UUIDs (RFC 9562): made in version 7, so that rows made together lie together; checked and normalised. Owns libuuid. */
#ifndef BASE_UUID_H
#define BASE_UUID_H

#include "base/text.h"

#include <stdbool.h>

#define UUID_TEXT_LENGTH 36
#define UUID_BYTES 16

/* A new version 7 UUID as 36 lower-case characters and a NUL. Of one process each is greater than the one before. */
void uuid_make(char out[UUID_TEXT_LENGTH + 1]);

/* True for the 36-character form with hyphens, of any version, in either letter case. out gets it in lower case;
 * untouched on false. out may be NULL. */
bool uuid_normalise(struct text text, char out[UUID_TEXT_LENGTH + 1]);

/* Between the text form, which must be valid, and its 16 bytes. */
void uuid_to_bytes(const char text[UUID_TEXT_LENGTH + 1], unsigned char out[UUID_BYTES]);
void uuid_from_bytes(const unsigned char bytes[UUID_BYTES], char out[UUID_TEXT_LENGTH + 1]);

#endif

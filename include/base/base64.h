/* Base64 with padding (RFC 4648, section 4). */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/* Characters of so many bytes, and NUL. */
#define BASE64_SIZE(bytes) (((bytes) + 2) / 3 * 4 + 1)

/* out has room for BASE64_SIZE(count) and is terminated. */
void base64_encode(const unsigned char *bytes, size_t count, char *out);

/* Decodes what base64_encode wrote, into at most room bytes. False where the text is not of that form, bits left over
 * that are not zero included, or holds more. */
bool base64_decode(struct text text, unsigned char *bytes, size_t room, size_t *count);

#endif

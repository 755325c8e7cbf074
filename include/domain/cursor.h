/* Keyset cursors: the sort key of the last row of a page, opaque to clients. */
#ifndef DOMAIN_CURSOR_H
#define DOMAIN_CURSOR_H

#include "base/text.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

struct cursor {
    uint64_t fingerprint; /* of the filters that the list had */
    int64_t at_us;        /* created_at, microseconds since 1970 */
    char id[UUID_TEXT_LENGTH + 1];
};

/* base64url (RFC 4648, section 5, no padding) of a format byte, the three fields and a check sum: its length and NUL. */
#define CURSOR_TEXT_SIZE 64

void cursor_encode(const struct cursor *cursor, char out[CURSOR_TEXT_SIZE]);

/* False, with *cursor untouched, where the text is not one that cursor_encode made. */
bool cursor_decode(struct text text, struct cursor *cursor);

#endif

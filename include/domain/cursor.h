/* Keyset cursors: the place in a list where a page begins, opaque to clients. */
#ifndef DOMAIN_CURSOR_H
#define DOMAIN_CURSOR_H

#include "base/text.h"
#include "base/uuid.h"

#include <stdbool.h>
#include <stdint.h>

#define CURSOR_KEY_MAX 800 /* bytes: 200 code points of UTF-8 */

/* A place is told by the sort key and the id of a row. A list that has one order only tells it by at_us and id (format
 * 1); one with several by key and id, and where the page lies (format 2). A cursor without a key is of format 1. */
struct cursor {
    uint64_t fingerprint; /* of the filters and the order that the list had */
    int64_t at_us;        /* format 1: microseconds since 1970 */
    char id[UUID_TEXT_LENGTH + 1];
    bool backward;     /* the page ends before the place, instead of beginning behind it */
    bool inclusive;    /* the row at the place itself belongs to the page */
    size_t key_length; /* 0: format 1 */
    char key[CURSOR_KEY_MAX];
};

/* base64url (RFC 4648, section 5, no padding) of a format byte, the fields and a check sum: its length at most, and
 * NUL. */
#define CURSOR_TEXT_SIZE 1112

void cursor_encode(const struct cursor *cursor, char out[CURSOR_TEXT_SIZE]);

/* False, with *cursor untouched, where the text is not one that cursor_encode made. A key is without NUL, and otherwise
 * to be checked by who knows what it is a key of. */
bool cursor_decode(struct text text, struct cursor *cursor);

/* The key as a slice, absent in format 1. */
struct text cursor_key(const struct cursor *cursor);

#endif

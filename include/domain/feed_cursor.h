/* A place in the feed of changes: behind the change with that key. The feed is read from there on, in the order of
 * (xid, seq); see migrations/0002_changes.sql.
 *
 * The cursor of a snapshot is {its xmin, 0}: every transaction below xmin has ended and is in the snapshot, or was rolled
 * back; of those from xmin on some may be in it and some not. Read from there, the feed leaves nothing out; what the
 * snapshot already showed may come again. */
#ifndef DOMAIN_FEED_CURSOR_H
#define DOMAIN_FEED_CURSOR_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

struct feed_cursor {
    uint64_t xid; /* of Postgres, 64 bits: never reused */
    uint64_t seq; /* 0 to INT64_MAX: from 1 on within the feed, 0 before all of that xid */
};

/* Two numbers of up to 20 digits, a point and NUL. */
#define FEED_CURSOR_TEXT_SIZE 48

bool feed_cursor_is_before(const struct feed_cursor *a, const struct feed_cursor *b);

/* "8123.17": opaque to clients, fit for a URI, a header and JSON as it is. */
void feed_cursor_encode(const struct feed_cursor *cursor, char out[FEED_CURSOR_TEXT_SIZE]);

/* False, with *cursor untouched, where the text is not one that feed_cursor_encode made. */
bool feed_cursor_decode(struct text text, struct feed_cursor *cursor);

#endif

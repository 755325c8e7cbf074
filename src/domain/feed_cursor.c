/* Feed cursors as text. */
#include "domain/feed_cursor.h"

#include <stdio.h>

bool feed_cursor_is_before(const struct feed_cursor *a, const struct feed_cursor *b)
{
    return a->xid < b->xid || (a->xid == b->xid && a->seq < b->seq);
}

void feed_cursor_encode(const struct feed_cursor *cursor, char out[FEED_CURSOR_TEXT_SIZE])
{
    (void)snprintf(out, FEED_CURSOR_TEXT_SIZE, "%llu.%llu", (unsigned long long)cursor->xid,
                   (unsigned long long)cursor->seq);
}

/* One text for one number: no zeros before it. */
static bool read_number(struct text text, uint64_t *number)
{
    return (text.length == 1 || (text.length > 1 && text.data[0] != '0')) && text_to_u64(text, number);
}

bool feed_cursor_decode(struct text text, struct feed_cursor *cursor)
{
    struct feed_cursor read = {0};
    struct text seq = TEXT_ABSENT;
    struct text xid = text_split(text, '.', &seq);

    if (!read_number(xid, &read.xid) || !read_number(seq, &read.seq) || read.seq > (uint64_t)INT64_MAX) {
        return false;
    }
    *cursor = read;
    return true;
}

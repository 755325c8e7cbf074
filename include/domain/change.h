/* A committed change of a product or a category, as the feed tells it. */
#ifndef DOMAIN_CHANGE_H
#define DOMAIN_CHANGE_H

#include "base/text.h"
#include "domain/feed_cursor.h"

#include <stddef.h>

struct change {
    struct feed_cursor cursor;
    struct text type; /* product.created, category.updated, ... */
    struct text id;
    struct text version; /* digits */
    struct text at;      /* RFC 3339 */
    struct text data;    /* the JSON of the thing as it was after the change */
    /* Of a change of a product, where they were asked for. */
    struct text category_id;   /* that it is in after the change */
    struct text category_left; /* that it was in before, where that is another */
};

struct feed_page {
    struct feed_cursor floor; /* the feed begins behind it: the last change that was removed */
    struct change *changes;
    size_t count;
};

#endif

/* What a list of products may ask for, already parsed: filters, page size and where to go on. */
#ifndef DOMAIN_PRODUCT_QUERY_H
#define DOMAIN_PRODUCT_QUERY_H

#include "base/text.h"
#include "domain/cursor.h"

#include <stdbool.h>
#include <stdint.h>

#define LIST_LIMIT_DEFAULT 50
#define LIST_LIMIT_MAX 500

/* An absent slice is a filter that was not given. */
struct product_query {
    struct text category_id; /* UUID in lower case */
    struct text min_price;   /* decimal, zero allowed */
    struct text max_price;
    uint32_t limit; /* 1 to LIST_LIMIT_MAX */
    bool has_cursor;
    struct cursor cursor; /* the last row of the page before, where has_cursor */
};

/* A number that two queries share only where their filters are the same (limit and cursor left out): FNV-1a, 64 bits.
 * A cursor carries it, so that one used with other filters is refused. */
uint64_t product_query_fingerprint(const struct product_query *query);

#endif

/* What a list of categories may ask for, already parsed. */
#ifndef DOMAIN_CATEGORY_QUERY_H
#define DOMAIN_CATEGORY_QUERY_H

#include "base/text.h"
#include "domain/cursor.h"

#include <stdbool.h>
#include <stdint.h>

struct category_query {
    struct text parent_id; /* UUID in lower case; absent: all categories */
    uint32_t limit;        /* 1 to LIST_LIMIT_MAX */
    bool has_cursor;
    struct cursor cursor; /* of it only id and fingerprint count: categories are listed by id, the oldest first */
};

/* As product_query_fingerprint. */
uint64_t category_query_fingerprint(const struct category_query *query);

#endif

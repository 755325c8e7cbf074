/* How the products that match are spread over categories, statuses, prices and attributes. */
#ifndef DOMAIN_PRODUCT_FACETS_H
#define DOMAIN_PRODUCT_FACETS_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The most frequent of each are told. */
#define FACET_CATEGORIES_MAX 50
#define FACET_PRICES_MAX 200
#define FACET_KEYS_MAX 20
#define FACET_VALUES_MAX 20 /* of one attribute */

enum facet_kind { FACET_CATEGORY, FACET_STATUS, FACET_PRICE, FACET_ATTRIBUTE };

struct facet {
    enum facet_kind kind;
    struct text key;   /* id of the category; status; currency; key of the attribute */
    struct text value; /* name of the category; value of the attribute, as JSON */
    struct text low;   /* the lowest and the highest price in the band, which has no other products between them */
    struct text high;
    uint64_t key_count; /* products with that key */
    uint64_t count;
};

struct product_facets {
    bool complete;       /* false: not all that match were looked at */
    uint64_t count;      /* products that match, of those looked at */
    struct facet *facet; /* by kind; the most frequent first, prices by currency and from the lowest on */
    size_t facet_count;
};

#endif

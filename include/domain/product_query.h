/* What a list of products may ask for, already parsed: filters, order, page size and where to go on. */
#ifndef DOMAIN_PRODUCT_QUERY_H
#define DOMAIN_PRODUCT_QUERY_H

#include "base/text.h"
#include "domain/cursor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIST_LIMIT_DEFAULT 50
#define LIST_LIMIT_MAX 500
#define LIST_IDS_MAX 100
#define LIST_ATTRIBUTES_MAX 8

/* attr.<key>=<value>: the attribute is that string, number or boolean, or an array that holds that string. */
struct attribute_filter {
    struct text key;
    struct text value;
};

/* An absent slice, or a count of 0, is a filter that was not given. */
struct product_filter {
    struct text category_id; /* UUID in lower case */
    bool subtree;            /* and the categories below it */
    struct text min_price;   /* decimal, zero allowed */
    struct text max_price;
    struct text currency;
    uint32_t statuses; /* bit per index of product_statuses; 0: the active ones */
    struct text sku;   /* letter case does not count */
    struct text group_key;
    struct text ids[LIST_IDS_MAX]; /* UUIDs in lower case */
    size_t id_count;
    struct text search; /* q, as given */
    struct attribute_filter attributes[LIST_ATTRIBUTES_MAX];
    size_t attribute_count;
    struct text created_after; /* as timestamp_to_micros takes it; the three exclude the instant itself */
    struct text created_before;
    struct text updated_after;
};

enum product_sort { SORT_CREATED_AT, SORT_UPDATED_AT, SORT_PRICE, SORT_NAME, SORT_RELEVANCE, SORT_COUNT };

struct product_query {
    struct product_filter filter;
    enum product_sort sort;
    bool ascending; /* default: newest first */
    uint32_t limit; /* 1 to LIST_LIMIT_MAX */
    bool has_cursor;
    struct cursor cursor; /* the row beside the page, where has_cursor; its key is one of the sort */
};

/* The statuses asked for: a bit per index of product_statuses, the active ones where none were. */
uint32_t product_filter_statuses(const struct product_filter *filter);

/* A number that two queries share only where their filters and their order are the same (limit and cursor left out):
 * FNV-1a, 64 bits. A cursor carries it, so that one used with others is refused. */
uint64_t product_query_fingerprint(const struct product_query *query);

/* True where the key could be one of a row in this order, so that the database reads it as a value of that column. */
bool product_sort_key_valid(enum product_sort sort, struct text key);

#endif

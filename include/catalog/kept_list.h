/* Answers made of many products or categories (lists, facets, counts, trees), kept whole by the text of their request. One
 * that is got is what the database would have answered at some moment since the request began: no write that was
 * acknowledged before is missing. */
#ifndef CATALOG_KEPT_LIST_H
#define CATALOG_KEPT_LIST_H

#include "base/scope.h"
#include "base/text.h"
#include "catalog/catalog.h"

#include <stdbool.h>

/* What an answer is made of: the less, the fewer writes end it. */
enum list_extent {
    LIST_OF_PRODUCTS,   /* of any categories, and what they are called */
    LIST_OF_A_CATEGORY, /* products of one alone, and what it is called */
    LIST_OF_CATEGORIES, /* no products */
};

struct kept_list {
    struct text tag;  /* its entity tag */
    struct text head; /* its own header fields */
    struct text body;
};

/* True where an answer is kept under that key, and current. It lives until the next call of these. The key must name all
 * that the answer depends on. */
MUST_CHECK bool catalog_list_find(struct catalog *catalog, struct text key, struct kept_list *list);

/* To be called before the database is read for an answer that is to be kept; one at a time. category: the id, for
 * LIST_OF_A_CATEGORY. */
void catalog_list_note(struct catalog *catalog, struct scope *scope, enum list_extent extent, struct text category);

/* Keeps the answer, where nothing was written since that. */
void catalog_list_keep(struct catalog *catalog, struct text key, const struct kept_list *list);

#endif

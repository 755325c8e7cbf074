/* Facets of products: one statement, which looks at as many rows as one of a list does. */
#ifndef STORE_PRODUCT_FACETS_STORE_H
#define STORE_PRODUCT_FACETS_STORE_H

#include "domain/product_facets.h"
#include "domain/product_query.h"
#include "store/pg.h"
#include "store/product_search.h"

/* Counts the products that match the filters; order, limit and cursor of the query do not matter. Where the filters leave
 * more than LIST_SCAN_MAX rows to look at, the newest of them are counted. search is the plan of filter.search, where that
 * is given. Values live in the scope's arena; statuses as pg_exec. */
MUST_CHECK enum status product_facets_read(struct pg *pg, struct scope *scope, const struct product_query *query,
                                           const struct product_search *search, struct product_facets *facets);

#endif

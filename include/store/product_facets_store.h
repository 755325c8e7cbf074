/* Facets of products: one statement, which looks at as many rows as one of a list does. */
#ifndef STORE_PRODUCT_FACETS_STORE_H
#define STORE_PRODUCT_FACETS_STORE_H

#include "domain/product_facets.h"
#include "domain/product_query.h"
#include "domain/search_text.h"
#include "store/pg.h"

/* Counts the products that match the filters of a query; its order, limit and cursor must be none. Where the filters
 * leave more rows to look at than src/store/product_list_sql.h bounds, the newest of them are counted. Values live in the
 * scope's arena; statuses as pg_exec. */
MUST_CHECK enum status product_facets_read(struct pg *pg, struct scope *scope, const struct product_query *query,
                                           struct product_facets *facets, struct search_note *note);

#endif

/* Which products a request asks for: the filters that the list, the facets and the export share. */
#ifndef HANDLER_PRODUCT_FILTER_H
#define HANDLER_PRODUCT_FILTER_H

#include "domain/fault.h"
#include "domain/product_query.h"
#include "handler/exchange.h"
#include "http/query.h"

/* Parses the query and reads the filters in it: category_id, category_scope, min_price, max_price, currency, status, sku,
 * group_key, ids, attr.<key>, created_after, created_before, updated_after and q. Names that the operation does not take are
 * refused. All faults are added to faults; what has one counts as not given. The values live in the exchange's arena. */
void product_filter_read(struct exchange *exchange, struct query *query, struct product_filter *filter,
                         struct faults *faults);

/* list_cache_note, for what these filters take. */
void product_filter_note(struct exchange *exchange, struct text key, const struct product_filter *filter);

/* sort: its order, newest first where it is not given. */
void product_sort_read(const struct query *query, struct product_query *wanted, struct faults *faults);

#endif

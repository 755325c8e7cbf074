/* Every product that matches a filter, one after the other, out of one snapshot. */
#ifndef STORE_PRODUCT_EXPORT_H
#define STORE_PRODUCT_EXPORT_H

#include "base/waiter.h"
#include "domain/product.h"
#include "domain/product_query.h"
#include "domain/search_text.h"
#include "store/pg.h"

struct product_export;

struct product_export_bounds {
    struct waiter *waiter; /* as in pg_stream_options */
    int64_t time_ms;       /* that one step may take at the server */
    int64_t idle_ms;       /* between two steps */
    uint32_t exports;      /* at once, of all workers of the database */
};

/* Begins. The products are the live ones, in the order of their ids. *note is what is to be said of a search.
 * STATUS_TOO_LARGE: as many exports run as may; else as pg_stream_open. */
MUST_CHECK enum status product_export_open(struct pg *pg, struct scope *scope, const struct product_filter *filter,
                                           const struct product_export_bounds *bounds, struct product_export **opened,
                                           struct search_note *note);

/* As pg_stream_xmin. */
uint64_t product_export_xmin(const struct product_export *export);

/* The next product, whose values are valid until the next call; *found is false behind the last. */
MUST_CHECK enum status product_export_next(struct product_export *export, struct scope *scope, struct record *product,
                                           bool *found);

/* NULL is allowed. */
void product_export_close(struct product_export *export);

#endif

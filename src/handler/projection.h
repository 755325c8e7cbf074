/* What of a product is shown: fields= and expand=, on lists and on one. */
#ifndef HANDLER_PROJECTION_H
#define HANDLER_PROJECTION_H

#include "domain/category.h"
#include "domain/product.h"
#include "handler/exchange.h"
#include "http/etag.h"
#include "http/query.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct projection {
    uint32_t fields;      /* bit per enum product_field */
    bool expand_category; /* the member "category" behind the fields */
};

/* fields: names with commas between them, the ones that are shown, always in the order of the table; without it all.
 * expand: "category". */
void projection_read(const struct query *query, struct projection *projection, struct faults *faults);

/* True where a product is shown as it always is. */
bool projection_is_whole(const struct projection *projection);

/* Writes the products as an array. STATUS_OK, or what reading the categories gave. */
MUST_CHECK enum status projection_write_list(struct exchange *exchange, const struct projection *projection,
                                             const struct record *products, size_t count);

/* Writes a product of its whole JSON, and makes its tag: each representation of a product has a strong tag of its own, of
 * the product's version, what is shown, and the version of the category that is shown. STATUS_OK, or what reading the
 * category gave. */
MUST_CHECK enum status projection_write_one(struct exchange *exchange, const struct projection *projection,
                                            struct text json, int64_t version, char etag[ETAG_TEXT_SIZE]);

#endif

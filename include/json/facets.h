/* Facets to JSON. */
#ifndef JSON_FACETS_H
#define JSON_FACETS_H

#include "base/strbuf.h"
#include "domain/product_facets.h"

/* Writes one object:
 *
 *   {"complete": true, "count": 3,
 *    "categories": [{"id": "...", "name": "Tea", "count": 3}],
 *    "statuses": [{"status": "active", "count": 3}],
 *    "prices": [{"currency": "EUR", "min": "5.00", "max": "9.99", "count": 2}, ...],
 *    "attributes": [{"key": "colour", "count": 3, "values": [{"value": "green", "count": 2}, ...]}]}
 *
 * All five lists are always there. */
void json_write_facets(struct strbuf *out, const struct product_facets *facets);

#endif

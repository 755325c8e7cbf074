/* The date of a product as a validator (RFC 9110, sections 8.8.2 and 13.1.3), beside its tag, for clients that know no
 * tags.
 *
 * A date has whole seconds, and a product may change twice within one: a client that holds the first of both must never be
 * told that it has the second. So a date is only given for a version v that was made in second S, where every later version
 * is made in a later second. That is so where, by the database's clock, which stamps them,
 *
 *     t - updated_at(v) >= deadline + LAST_MODIFIED_MARGIN_S, and the view of it is settled.
 *
 * The view is settled where no write of the product was in flight at a moment after t, the time when this request began to
 * read, and before the version was read: by the shared cells, or with many hosts by Redis (cache/product_cache.h). A write
 * that ended before that moment is in what was read. A later one marked the product after it, and is only sent within the
 * deadline of its request, in which it took its time: it is therefore stamped t - deadline or later, and so in a later
 * second than v. The margin is for the second itself, for clocks that drift from the database's between two looks at it,
 * and for imports, whose batches take their time and are sent within a step of their job (RUNNER_STEP_MS, two seconds)
 * instead. Creates that share a transaction may wait for each other for longer: before them there is no version that
 * anybody has. It does not count when a write is committed, but when it is in flight: a COMMIT may take as long as it likes.
 *
 * Only the very date that was given is one: who makes up a later one is sent the product. If-None-Match wins (section
 * 13.2.2). Categories have no date, as nothing tells whether a write of one is in flight; lists have none, as they change
 * by what is not in them any more. */
#ifndef HANDLER_LAST_MODIFIED_H
#define HANDLER_LAST_MODIFIED_H

#include "catalog/catalog.h"
#include "handler/exchange.h"

#include <stdbool.h>
#include <stdint.h>

#define LAST_MODIFIED_MARGIN_S 60

/* The date of a product by its JSON, in seconds since 1970. False where it has none as yet. */
bool last_modified_of(const struct product_view *view, int64_t deadline_ms, int64_t *unix_s);

/* True where the request has If-Modified-Since with the date, and no If-None-Match. */
bool last_modified_matches(const struct request *request, int64_t unix_s);

#endif

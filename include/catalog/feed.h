/* The feed of changes: every committed change once, in an order that never skips one that commits late. */
#ifndef CATALOG_FEED_H
#define CATALOG_FEED_H

#include "base/scope.h"
#include "base/status.h"
#include "domain/change.h"

struct catalog;

/* The changes behind after, or with NULL from the oldest kept; none at the end. At most limit, fewer where they are large.
 * STATUS_GONE where changes behind after have been removed: page->floor tells up to where; otherwise as pg_exec. */
MUST_CHECK enum status catalog_changes(struct catalog *catalog, struct scope *scope, const struct feed_cursor *after,
                                       uint32_t limit, struct feed_page *page);

#endif

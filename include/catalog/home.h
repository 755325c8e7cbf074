/* Whether all who write to a database mark what they write in the same shared cells (cache/cells.h). For WARES_HOSTS=one;
 * with many Redis is what all have in common. */
#ifndef CATALOG_HOME_H
#define CATALOG_HOME_H

#include "cache/product_cache.h"
#include "store/pg.h"

/* For who answers from the cache, on each new connection, behind product_cache_attach: notes in the database which cells
 * are the pool's. That they were others until now is told in the log. Where it cannot be written, nothing else can. */
void catalog_home_announce(struct pg *pg, struct scope *scope, const struct product_cache *cache);

/* For who writes beside the pool, before each write: STATUS_CONFLICT, and a sentence, where the pool would not see it. */
MUST_CHECK enum status catalog_home_compare(struct pg *pg, struct scope *scope, const struct product_cache *cache,
                                            char *sentence, size_t size);

#endif

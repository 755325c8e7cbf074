/* Answers that are kept for idempotency keys: a change that comes again with its key gets what the first one got. */
#ifndef CATALOG_KEPT_ANSWER_H
#define CATALOG_KEPT_ANSWER_H

#include "cache/product_cache.h"
#include "catalog/product_change.h"
#include "store/idempotency_store.h"

/* True where the answer is to be kept. */
bool kept_answer_wanted(const struct change_options *options);

/* What a write takes along for it. */
struct idempotency kept_answer_identity(const struct change_options *options);

/* The answer of the first request with this key, as the result of this one. The process that made its change may have died
 * before it told the cache: the marks that it owed (NULL: none; they may tell of result->id) are set before its answer is
 * given again. STATUS_NOT_FOUND: none is kept, or there is no key; else as idempotency_store_find, with *result untouched,
 * or as product_cache_replay, with *result empty. */
MUST_CHECK enum status kept_answer_find(struct catalog *catalog, struct scope *scope,
                                        const struct change_options *options, const struct cache_marks *owed,
                                        struct change_result *result);

/* What the outcome of a change is once it is known what was kept meanwhile. A failure may be the work of the first request
 * with this key, which was not done yet when its answer was looked for: the product is gone because it deleted it, the
 * sku taken because it took it. Its answer counts then. Where that cannot be told, no such failure can be either. */
MUST_CHECK enum status kept_answer_settle(struct catalog *catalog, struct scope *scope,
                                          const struct change_options *options, const struct cache_marks *owed,
                                          enum status status, struct change_result *result);

#endif

/* Products as the JSON that is answered, each under its version: in the worker's memory (L1), and in Redis (L2), where a
 * fill never replaces a newer version. */
#ifndef CACHE_PRODUCT_CACHE_H
#define CACHE_PRODUCT_CACHE_H

#include "base/scope.h"
#include "base/status.h"
#include "base/text.h"
#include "cache/redis.h"

#include <stddef.h>
#include <stdint.h>

/* Part of every key: moves on when the form of what is kept changes, so that old and new workers never share. */
#define PRODUCT_CACHE_FORMAT "1"

struct product_cache;

struct cached_product {
    int64_t version;
    struct text json; /* lives until the scope's arena is reset, or the next product is put */
};

/* Entries live for ttl_s seconds, in Redis less up to a tenth at random. The worker's memory takes memory_max bytes; with
 * 0 every read asks Redis. redis stays the caller's. */
struct product_cache *product_cache_new(struct redis *redis, int64_t ttl_s, size_t memory_max);
void product_cache_free(struct product_cache *cache);

/* STATUS_OK, STATUS_NOT_FOUND (not cached), or STATUS_UNAVAILABLE: read the database instead. */
MUST_CHECK enum status product_cache_get(struct product_cache *cache, struct scope *scope, struct text id,
                                         struct cached_product *product);

/* What became of a write. */
enum cache_outcome {
    CACHE_COMMITTED,
    CACHE_ROLLED_BACK, /* certainly */
    CACHE_UNKNOWN,     /* the connection was lost, or the deadline passed, after COMMIT was sent: it may land yet */
};

/* Says that these products are about to be changed or deleted; called before anything is sent that may commit. No reader
 * fills or serves them from a cache until product_cache_end_write, which ends what the last call began and is called
 * before the client is answered. */
void product_cache_begin_write(struct product_cache *cache, struct scope *scope, const struct text *ids, size_t count);
void product_cache_end_write(struct product_cache *cache, struct scope *scope, enum cache_outcome outcome);

/* Keeps a product, at both levels, unless the same or a newer version is there (a Lua script decides in Redis). Redis is not waited for. */
void product_cache_put(struct product_cache *cache, struct scope *scope, struct text id,
                       const struct cached_product *product);

#endif

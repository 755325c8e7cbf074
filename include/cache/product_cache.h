/* Products in Redis, as the JSON that is answered, each under its version. A fill never replaces a newer version. */
#ifndef CACHE_PRODUCT_CACHE_H
#define CACHE_PRODUCT_CACHE_H

#include "base/scope.h"
#include "base/status.h"
#include "base/text.h"
#include "cache/redis.h"

#include <stdint.h>

/* Part of every key: moves on when the form of what is kept changes, so that old and new workers never share. */
#define PRODUCT_CACHE_FORMAT "1"

struct product_cache;

struct cached_product {
    int64_t version;
    struct text json; /* lives until the scope's arena is reset */
};

/* Entries live for ttl_s seconds, less up to a tenth at random. redis stays the caller's. */
struct product_cache *product_cache_new(struct redis *redis, int64_t ttl_s);
void product_cache_free(struct product_cache *cache);

/* STATUS_OK, STATUS_NOT_FOUND (not cached), or STATUS_UNAVAILABLE: read the database instead. */
MUST_CHECK enum status product_cache_get(struct product_cache *cache, struct scope *scope, struct text id,
                                         struct cached_product *product);

/* Keeps a product unless the same or a newer version is there (a Lua script decides in Redis). Not waited for. */
void product_cache_put(struct product_cache *cache, struct scope *scope, struct text id,
                       const struct cached_product *product);

#endif

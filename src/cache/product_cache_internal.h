/* What the files of the cache's protocol share. */
#ifndef CACHE_PRODUCT_CACHE_INTERNAL_H
#define CACHE_PRODUCT_CACHE_INTERNAL_H

#include "cache/product_cache.h"
#include "cache/product_memory.h"
#include "lru.h"
#include "product_remote.h"

/* What a cell is the hash of. */
enum { KIND_PRODUCT = 'p', KIND_CATEGORY = 'c', KIND_CATEGORIES = 'm', KIND_CATALOGUE = 'a' };

/* One part in so many of L1 is for answers made of many products. */
#define ANSWERS_SHARE 4

struct product_cache {
    struct product_cache_options options;
    struct cells *cells;
    struct product_memory *memory;
    struct lru *answers;
    struct remote remote;
    uint64_t incarnation; /* of the words in memory */
    int64_t mend_at_ns;   /* not before */
    unsigned leases;      /* held for reads that are under way */
    bool attached;
    bool writing;
    bool one_product; /* the write in flight is of one */
    struct cache_ticket written;
};

/* Whether anything may be kept or served; L1 is emptied where its words are another file's. */
bool product_cache_is_ready(struct product_cache *cache, int64_t now_ns);

/* The word of a cell. Where a writer is in flight it may be a dead one: that is looked into now and then. */
uint64_t product_cache_word(struct product_cache *cache, struct scope *scope, uint32_t cell, int64_t now_ns);

#endif

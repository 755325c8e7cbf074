/* Values in memory by their key, bounded in bytes and in age: the one used longest ago leaves first. Touches nothing but
 * memory. */
#ifndef CACHE_LRU_H
#define CACHE_LRU_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

struct lru;

/* Holds at most bytes_max bytes, what it needs for itself included; 0: holds nothing. Entries live for ttl_s seconds. */
struct lru *lru_new(size_t bytes_max, int64_t ttl_s);
void lru_free(struct lru *lru);

/* The value that is held under a key, now the one used last, or NULL; also NULL where it is too old, which stays held until
 * its room is needed. Valid until something is put or dropped. */
void *lru_get(struct lru *lru, struct text key, int64_t now_ns);

/* The value that is held under a key, however old, or NULL. */
const void *lru_peek(const struct lru *lru, struct text key);

/* Room for a value of so many bytes, zeroed and aligned for any type, in place of what was held under that key since
 * held_ns (CLOCK_MONOTONIC). NULL where it would need more than a quarter of the bound: what was held is gone then too. */
void *lru_put(struct lru *lru, struct text key, size_t length, int64_t held_ns);

void lru_drop(struct lru *lru, struct text key);
void lru_clear(struct lru *lru);

/* Bytes held now. */
size_t lru_bytes(const struct lru *lru);

#endif

/* The worker's own cache (L1): products in memory, bounded in bytes, the one used longest ago leaves first.
 *
 * Each is held under the word that its shared cell had before the database was read (cache/cells.h), and is there only
 * for who asks with the same word. */
#ifndef CACHE_PRODUCT_MEMORY_H
#define CACHE_PRODUCT_MEMORY_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PRODUCT_GUARD_LENGTH 32 /* what an entry in Redis is known by, see product_remote.h */

struct product_memory;

struct held_product {
    int64_t version;
    struct text json; /* once held, lives until the next product_memory_put, _get or _clear */
    int64_t held_ns;  /* since when: CLOCK_MONOTONIC */
    char guard[PRODUCT_GUARD_LENGTH];
};

/* Holds at most bytes_max bytes, what it needs for itself included; 0: holds nothing. What is held
 * for longer than ttl_s seconds is there for product_memory_peek alone, until it is replaced or has to leave. */
struct product_memory *product_memory_new(size_t bytes_max, int64_t ttl_s);
void product_memory_free(struct product_memory *memory);

/* True where the product is held under that word, and not for too long. One that is held under another is dropped. */
bool product_memory_get(struct product_memory *memory, struct text id, uint64_t word, int64_t now_ns,
                        struct held_product *product);

/* Whatever is held of the product, and under which word. */
bool product_memory_peek(const struct product_memory *memory, struct text id, struct held_product *product,
                         uint64_t *word);

/* Holds a copy, in place of what was held under that id. Does nothing where one entry would need more than a quarter of
 * the bound, or the id is not of a UUID's length. */
void product_memory_put(struct product_memory *memory, struct text id, uint64_t word,
                        const struct held_product *product);

/* Drops all: words have another meaning now. */
void product_memory_clear(struct product_memory *memory);

/* Bytes held now. */
size_t product_memory_bytes(const struct product_memory *memory);

#endif

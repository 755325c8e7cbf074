/* The worker's own cache (L1): products in memory, bounded in bytes, the one used longest ago leaves first.
 *
 * It knows nothing of what other workers write. That is sound while a product never changes once it is made; who adds a
 * way to change one must also see to it that no worker answers with what it held before. */
#ifndef CACHE_PRODUCT_MEMORY_H
#define CACHE_PRODUCT_MEMORY_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct product_memory;

/* Holds at most bytes_max bytes, what it needs for itself included; 0: holds nothing. Entries live for ttl_s seconds. */
struct product_memory *product_memory_new(size_t bytes_max, int64_t ttl_s);
void product_memory_free(struct product_memory *memory);

/* True where the product is held: *version and *json are set. json lives until the next product_memory_put. */
bool product_memory_get(struct product_memory *memory, struct text id, int64_t *version, struct text *json);

/* Holds a copy, in place of what was held under that id unless that is of a newer version. Does nothing where one entry
 * would need more than a quarter of the bound, or the id is not of a UUID's length. */
void product_memory_put(struct product_memory *memory, struct text id, int64_t version, struct text json);

/* Bytes held now. */
size_t product_memory_bytes(const struct product_memory *memory);

#endif

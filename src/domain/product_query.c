/* The fingerprint of a list of products. */
#include "domain/product_query.h"

#include "base/hash.h"

uint64_t product_query_fingerprint(const struct product_query *query)
{
    uint64_t hash = hash_add(HASH_START, TEXT("product"));
    hash = hash_add(hash, query->filter.category_id);
    hash = hash_add(hash, query->filter.min_price);
    return hash_add(hash, query->filter.max_price);
}

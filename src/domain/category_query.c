/* The fingerprint of a list of categories. */
#include "domain/category_query.h"

#include "base/hash.h"

uint64_t category_query_fingerprint(const struct category_query *query)
{
    return hash_add(hash_add(HASH_START, TEXT("category")), query->parent_id);
}

/* What tells one list of products from another. */
#include "domain/product_query.h"

#include "base/hash.h"
#include "base/utf8.h"
#include "domain/price.h"
#include "domain/timestamp.h"

#define STATUS_ACTIVE_BIT (UINT32_C(1) << 1) /* "active" in product_statuses */

uint32_t product_filter_statuses(const struct product_filter *filter)
{
    return filter->statuses != 0 ? filter->statuses : STATUS_ACTIVE_BIT;
}

static uint64_t add_number(uint64_t hash, uint64_t number)
{
    return hash_add(hash, (struct text){.data = (const char *)&number, .length = sizeof number});
}

uint64_t product_query_fingerprint(const struct product_query *query)
{
    const struct product_filter *filter = &query->filter;
    const struct text texts[] = {
        filter->category_id, filter->min_price, filter->max_price,     filter->currency,       filter->sku,
        filter->group_key,   filter->search,    filter->created_after, filter->created_before, filter->updated_after};
    uint64_t hash = hash_add(HASH_START, TEXT("product"));

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        hash = hash_add(hash, texts[i]);
    }
    hash = add_number(hash, filter->subtree);
    hash = add_number(hash, product_filter_statuses(filter));
    hash = add_number(hash, filter->id_count);
    for (size_t i = 0; i < filter->id_count; i++) {
        hash = hash_add(hash, filter->ids[i]);
    }
    hash = add_number(hash, filter->attribute_count);
    for (size_t i = 0; i < filter->attribute_count; i++) {
        hash = hash_add(hash, filter->attributes[i].key);
        hash = hash_add(hash, filter->attributes[i].value);
    }
    hash = add_number(hash, query->sort);
    return add_number(hash, query->ascending);
}

bool product_sort_key_valid(enum product_sort sort, struct text key)
{
    int64_t unix_us = 0;
    uint64_t rank = 0;

    switch (sort) {
    case SORT_CREATED_AT:
    case SORT_UPDATED_AT:
        return timestamp_to_micros(key, &unix_us);
    case SORT_PRICE:
        return price_check(key) == PRICE_OK;
    case SORT_NAME:
        return key.length > 0 && utf8_valid_prefix(key) == key.length;
    case SORT_RELEVANCE:
        return text_to_u64(key, &rank) && rank <= INT32_MAX;
    case SORT_COUNT:
    default:
        return false;
    }
}

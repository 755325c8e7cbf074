/* Filters and order of a list of products, from the parameters of a request. */
#include "product_filter.h"

#include "../input.h"
#include "../list_cache.h"
#include "base/utf8.h"
#include "base/uuid.h"
#include "domain/attribute.h"
#include "domain/price.h"
#include "domain/product.h"
#include "domain/search_text.h"
#include "domain/timestamp.h"

#include <string.h>

#define ATTRIBUTE_PREFIX "attr."

/* What the reading of one request's filters shares. */
struct reading {
    struct arena *arena;
    const struct query *query;
    struct product_filter *filter;
    struct faults *faults;
};

static void refuse(const struct reading *reading, const char *name, const char *code, const char *detail)
{
    faults_add(reading->faults, FAULT_IN_PARAMETER, name, code, "%s", detail);
}

/* --- single values --- */

/* A value that keeps to the rule of a product's field, or an absent slice and a fault. */
static struct text read_by_rule(const struct reading *reading, const char *name, enum product_field field)
{
    struct text value = query_get(reading->query, name);
    struct faults found;

    if (value.data == NULL) {
        return value;
    }
    faults_init(&found, reading->arena);
    if (field_check(&product_schema.fields[field], &value, "", &found)) {
        return value;
    }
    for (size_t i = 0; i < found.count; i++) {
        refuse(reading, name, found.item[i].code, found.item[i].detail);
    }
    return TEXT_ABSENT;
}

/* A bound of the price: a decimal as a price is one, zero allowed. */
static struct text read_bound(const struct reading *reading, const char *name)
{
    struct text text = query_get(reading->query, name);
    enum price_fault fault;

    if (text.data == NULL) {
        return text;
    }
    fault = price_check(text);
    if (fault != PRICE_OK && fault != PRICE_NOT_POSITIVE) {
        refuse(reading, name, price_fault_code(fault), price_fault_detail(fault));
        return TEXT_ABSENT;
    }
    return text;
}

static struct text read_instant(const struct reading *reading, const char *name)
{
    struct text text = query_get(reading->query, name);
    char made[TIMESTAMP_LENGTH + 1];

    if (text.data == NULL) {
        return text;
    }
    if (!timestamp_from_rfc3339(text, made)) {
        refuse(reading, name, "timestamp",
               "must be a time of RFC 3339 such as 2026-11-23T09:15:02Z or 2026-11-23T10:15:02.5+01:00 (a + is written "
               "%2B in a query)");
        return TEXT_ABSENT;
    }
    return arena_copy(reading->arena, (struct text){.data = made, .length = TIMESTAMP_LENGTH});
}

/* --- ranges --- */

static void read_ranges(const struct reading *reading)
{
    struct product_filter *filter = reading->filter;

    filter->min_price = read_bound(reading, "min_price");
    filter->max_price = read_bound(reading, "max_price");
    if (filter->min_price.data != NULL && filter->max_price.data != NULL &&
        price_compare(filter->min_price, filter->max_price) > 0) {
        refuse(reading, "max_price", "empty_range", "must not be less than min_price");
    }
    filter->created_after = read_instant(reading, "created_after");
    filter->created_before = read_instant(reading, "created_before");
    filter->updated_after = read_instant(reading, "updated_after");
    /* The normal form is of one length, so that its order is that of time. */
    if (filter->created_after.data != NULL && filter->created_before.data != NULL &&
        memcmp(filter->created_after.data, filter->created_before.data, TIMESTAMP_LENGTH) >= 0) {
        refuse(reading, "created_before", "empty_range", "must be later than created_after");
    }
}

/* --- the category --- */

static void read_category(struct exchange *exchange, const struct reading *reading)
{
    struct text scope = query_get(reading->query, "category_scope");

    reading->filter->category_id = input_uuid(exchange, reading->query, "category_id", reading->faults);
    if (scope.data == NULL) {
        return;
    }
    reading->filter->subtree = text_equal(scope, TEXT("subtree"));
    if (!reading->filter->subtree && !text_equal(scope, TEXT("exact"))) {
        refuse(reading, "category_scope", "unknown_value", "must be exact or subtree");
    }
    if (query_get(reading->query, "category_id").data == NULL) {
        refuse(reading, "category_scope", "alone", "goes with category_id, which is not given");
    }
}

/* --- lists of values --- */

static void read_statuses(const struct reading *reading)
{
    struct text rest = query_get(reading->query, "status");

    while (rest.data != NULL) {
        struct text name = text_split(rest, ',', &rest);
        size_t i = 0;

        while (i < product_status_count && !text_equal(name, text_of(product_statuses[i]))) {
            i++;
        }
        if (i == product_status_count) {
            const char *nearest = text_nearest(name, product_statuses, product_status_count);

            faults_add(reading->faults, FAULT_IN_PARAMETER, "status", "status",
                       "must be one or several, with commas between them, of draft, active, archived%s%s%s",
                       nearest != NULL ? "; did you mean \"" : "", nearest != NULL ? nearest : "",
                       nearest != NULL ? "\"?" : "");
            return;
        }
        reading->filter->statuses |= UINT32_C(1) << i;
    }
}

static void read_ids(const struct reading *reading)
{
    struct product_filter *filter = reading->filter;
    struct text rest = query_get(reading->query, "ids");

    for (size_t i = 0; rest.data != NULL; i++) {
        struct text id = text_split(rest, ',', &rest);
        char normal[UUID_TEXT_LENGTH + 1];

        if (i == LIST_IDS_MAX) {
            faults_add(reading->faults, FAULT_IN_PARAMETER, "ids", "too_many", "must be at most %d UUIDs",
                       LIST_IDS_MAX);
            return;
        }
        if (!uuid_normalise(id, normal)) {
            faults_add(reading->faults, FAULT_IN_PARAMETER, "ids", "uuid",
                       "must be UUIDs with commas between them; number %zu is none", i + 1);
            return;
        }
        filter->ids[filter->id_count++] = arena_copy(reading->arena, text_of(normal));
    }
}

/* --- attributes --- */

static void read_attribute(const struct reading *reading, const struct query_parameter *parameter)
{
    struct product_filter *filter = reading->filter;
    const size_t prefix = strlen(ATTRIBUTE_PREFIX);
    struct attribute_filter wanted = {
        .key = {.data = parameter->name.data + prefix, .length = parameter->name.length - prefix},
        .value = parameter->value,
    };
    const char *name = arena_string(reading->arena, parameter->name);

    if (!attribute_key_valid(wanted.key)) {
        refuse(reading, name, "attribute_key",
               "must name an attribute after \"attr.\": a to z, 0 to 9 and _, up to 40, a letter first");
    } else if (utf8_count(wanted.value) > ATTRIBUTE_STRING_MAX) {
        faults_add(reading->faults, FAULT_IN_PARAMETER, name, "too_long", "must be at most %d characters",
                   ATTRIBUTE_STRING_MAX);
    } else if (filter->attribute_count == LIST_ATTRIBUTES_MAX) {
        faults_add(reading->faults, FAULT_IN_PARAMETER, name, "too_many", "is one more than the %d attributes taken",
                   LIST_ATTRIBUTES_MAX);
    } else {
        filter->attributes[filter->attribute_count++] = wanted;
    }
}

static void read_attributes(const struct reading *reading)
{
    for (size_t i = 0; i < reading->query->count; i++) {
        if (text_starts_with(reading->query->item[i].name, TEXT(ATTRIBUTE_PREFIX))) {
            read_attribute(reading, &reading->query->item[i]);
        }
    }
}

/* --- words --- */

static void read_search(const struct reading *reading)
{
    struct text text = query_get(reading->query, "q");
    struct search_text ignored;

    if (text.data == NULL) {
        return;
    }
    enum search_fault fault = search_text_read(text, &ignored);
    if (fault == SEARCH_OK) {
        reading->filter->search = text;
    } else {
        refuse(reading, "q", search_fault_code(fault), search_fault_detail(fault));
    }
}

/* --- all together --- */

void product_filter_read(struct exchange *exchange, struct query *query, struct product_filter *filter,
                         struct faults *faults)
{
    const struct reading reading = {exchange->scope.arena, query, filter, faults};

    input_query(exchange, query, faults);
    read_category(exchange, &reading);
    read_ranges(&reading);
    filter->currency = read_by_rule(&reading, "currency", PRODUCT_CURRENCY);
    filter->sku = read_by_rule(&reading, "sku", PRODUCT_SKU);
    filter->group_key = read_by_rule(&reading, "group_key", PRODUCT_GROUP_KEY);
    read_statuses(&reading);
    read_ids(&reading);
    read_search(&reading);
    read_attributes(&reading);
}

void product_filter_note(struct exchange *exchange, struct text key, const struct product_filter *filter)
{
    const bool one_category = filter->category_id.data != NULL && !filter->subtree;

    list_cache_note(exchange, key, one_category ? LIST_OF_A_CATEGORY : LIST_OF_PRODUCTS, filter->category_id);
}

/* --- the order --- */

/* Relevance is that to a search, and has one direction. */
static void check_relevance(const struct query *query, struct product_query *wanted, struct faults *faults)
{
    if (wanted->sort != SORT_RELEVANCE) {
        return;
    }
    if (!wanted->ascending) {
        faults_add(faults, FAULT_IN_PARAMETER, "sort", "unknown_value",
                   "must be relevance without - before it: the best match comes first");
    } else if (query_get(query, "q").data == NULL) {
        faults_add(faults, FAULT_IN_PARAMETER, "sort", "alone", "by relevance goes with q, which is not given");
    }
    wanted->ascending = false;
}

void product_sort_read(const struct query *query, struct product_query *wanted, struct faults *faults)
{
    static const char *const names[] = {
        [SORT_CREATED_AT] = "created_at", [SORT_UPDATED_AT] = "updated_at",
        [SORT_PRICE] = "price",           [SORT_NAME] = "name",
        [SORT_RELEVANCE] = "relevance",
    };
    const size_t count = sizeof names / sizeof names[0];
    struct text text = query_get(query, "sort");

    wanted->sort = SORT_CREATED_AT;
    wanted->ascending = false;
    if (text.data == NULL) {
        return;
    }
    bool descending = text_starts_with(text, TEXT("-"));
    struct text name = {.data = text.data + descending, .length = text.length - descending};
    for (size_t i = 0; i < count; i++) {
        if (text_equal(name, text_of(names[i]))) {
            wanted->sort = (enum product_sort)i;
            wanted->ascending = !descending;
            check_relevance(query, wanted, faults);
            return;
        }
    }
    const char *nearest = text_nearest(name, names, count);
    faults_add(faults, FAULT_IN_PARAMETER, "sort", "unknown_value",
               "must be created_at, updated_at, price or name, with - before it for descending, or relevance%s%s%s",
               nearest != NULL ? "; did you mean \"" : "", nearest != NULL ? nearest : "",
               nearest != NULL ? "\"?" : "");
}

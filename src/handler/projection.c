/* Parts of products, and products with their category. */
#include "projection.h"

#include "catalog/catalog.h"
#include "json/record.h"
#include "json/writer.h"

#include <stdlib.h>
#include <string.h>

#define ALL_FIELDS ((UINT32_C(1) << PRODUCT_FIELD_COUNT) - 1)

static void read_fields(struct text rest, struct projection *projection, struct faults *faults)
{
    const char *names[PRODUCT_FIELD_COUNT];

    projection->fields = 0;
    for (size_t i = 0; i < PRODUCT_FIELD_COUNT; i++) {
        names[i] = product_schema.fields[i].name;
    }
    while (rest.data != NULL) {
        struct text name = text_split(rest, ',', &rest);
        const int field = schema_find(&product_schema, name);

        if (field >= 0) {
            projection->fields |= UINT32_C(1) << (unsigned)field;
            continue;
        }
        const char *nearest = text_nearest(name, names, PRODUCT_FIELD_COUNT);
        if (nearest != NULL) {
            faults_add(faults, FAULT_IN_PARAMETER, "fields", "unknown_field",
                       "has \"%.*s\", which is not a field of a product; did you mean \"%s\"?", TEXT_PRINT(name),
                       nearest);
        } else {
            faults_add(faults, FAULT_IN_PARAMETER, "fields", "unknown_field",
                       "must be names of a product's fields with commas between them; \"%.*s\" is none",
                       TEXT_PRINT(name));
        }
    }
}

void projection_read(const struct query *query, struct projection *projection, struct faults *faults)
{
    struct text fields = query_get(query, "fields");
    struct text expand = query_get(query, "expand");

    *projection = (struct projection){.fields = ALL_FIELDS};
    if (fields.data != NULL) {
        read_fields(fields, projection, faults);
    }
    projection->expand_category = text_equal(expand, TEXT("category"));
    if (expand.data != NULL && !projection->expand_category) {
        faults_add(faults, FAULT_IN_PARAMETER, "expand", "unknown_value", "must be category");
    }
}

bool projection_is_whole(const struct projection *projection)
{
    return projection->fields == ALL_FIELDS && !projection->expand_category;
}

/* --- categories --- */

/* "category":{…}, or null for one that is gone by now. */
static struct text category_member(struct exchange *exchange, const struct record *category)
{
    struct strbuf written;
    struct text member;
    bool first = true;

    strbuf_init(&written, RESPONSE_BODY_MAX);
    json_write_key(&written, &first, "category");
    if (category != NULL) {
        json_write_record(&written, &category_schema, category);
    } else {
        strbuf_append_text(&written, TEXT("null"));
    }
    member = arena_copy(exchange->scope.arena, strbuf_text(&written));
    strbuf_free(&written);
    return member;
}

static int compare_ids(const void *a, const void *b)
{
    const struct text *left = a;
    const struct text *right = b;

    return memcmp(left->data, right->data, left->length);
}

/* The members of some categories, found by their ids. */
struct members {
    struct record *categories; /* by id */
    struct text *member;
    size_t count;
    struct text null_member;
};

static enum status members_read(struct exchange *exchange, struct members *members, const struct record *products,
                                size_t count)
{
    struct text *ids = arena_alloc(exchange->scope.arena, (count + 1) * sizeof *ids);
    size_t distinct = 0;
    enum status status;

    for (size_t i = 0; i < count; i++) {
        ids[i] = products[i].value[PRODUCT_CATEGORY_ID];
    }
    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 0; i < count; i++) {
        if (distinct == 0 || !text_equal(ids[distinct - 1], ids[i])) {
            ids[distinct++] = ids[i];
        }
    }
    status = catalog_categories_of(exchange->app->catalog, &exchange->scope, ids, distinct, &members->categories,
                                   &members->count);
    if (status != STATUS_OK) {
        return status;
    }
    members->null_member = category_member(exchange, NULL);
    members->member = arena_alloc(exchange->scope.arena, (members->count + 1) * sizeof *members->member);
    for (size_t i = 0; i < members->count; i++) {
        members->member[i] = category_member(exchange, &members->categories[i]);
    }
    return STATUS_OK;
}

static struct text member_of(const struct members *members, struct text id)
{
    size_t low = 0;
    size_t high = members->count;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = compare_ids(&id, &members->categories[middle].value[CATEGORY_ID]);

        if (order == 0) {
            return members->member[middle];
        }
        low = order > 0 ? middle + 1 : low;
        high = order < 0 ? middle : high;
    }
    return members->null_member;
}

/* --- lists --- */

enum status projection_write_list(struct exchange *exchange, const struct projection *projection,
                                  const struct record *products, size_t count)
{
    struct strbuf *out = &exchange->response.body;
    struct members members = {0};

    if (projection_is_whole(projection)) {
        json_write_records(out, &product_schema, products, count);
        return STATUS_OK;
    }
    if (projection->expand_category && count > 0) {
        enum status status = members_read(exchange, &members, products, count);

        if (status != STATUS_OK) {
            return status;
        }
    }
    strbuf_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            strbuf_append_char(out, ',');
        }
        json_write_record_part(out, &product_schema, &products[i], projection->fields,
                               projection->expand_category ? member_of(&members, products[i].value[PRODUCT_CATEGORY_ID])
                                                           : TEXT_ABSENT);
    }
    strbuf_append_char(out, ']');
    return STATUS_OK;
}

/* --- one --- */

enum status projection_write_one(struct exchange *exchange, const struct projection *projection, struct text json,
                                 int64_t version, char etag[ETAG_TEXT_SIZE])
{
    struct text value[FIELDS_MAX];
    struct text member = TEXT_ABSENT;
    uint64_t category_version = 0;

    if (!json_split_record(&product_schema, json, value)) {
        return STATUS_INTERNAL;
    }
    if (projection->expand_category) {
        /* Without its quotes: a UUID has no escapes. */
        struct text id = {.data = value[PRODUCT_CATEGORY_ID].data + 1, .length = value[PRODUCT_CATEGORY_ID].length - 2};
        struct record *category = NULL;
        size_t found = 0;
        enum status status = catalog_categories_of(exchange->app->catalog, &exchange->scope, &id, 1, &category, &found);

        if (status != STATUS_OK) {
            return status;
        }
        member = category_member(exchange, found > 0 ? category : NULL);
        if (found > 0 && !text_to_u64(category->value[CATEGORY_VERSION], &category_version)) {
            return STATUS_INTERNAL;
        }
    }
    json_write_split_part(&exchange->response.body, &product_schema, value, projection->fields, member);
    etag_of_part(version, projection->fields, projection->expand_category, (int64_t)category_version, etag);
    return STATUS_OK;
}

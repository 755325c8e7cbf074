/* The fields of a product. */
#include "domain/product.h"

static const struct field fields[PRODUCT_FIELD_COUNT] = {
    [PRODUCT_ID] =
        {
            .name = "id",
            .kind = FIELD_UUID,
            .flags = FIELD_SERVER,
            .prose = "UUID, made by the server",
        },
    [PRODUCT_SKU] =
        {
            .name = "sku",
            .kind = FIELD_SKU,
            .flags = FIELD_NULLABLE,
            .max_length = 64,
            .prose = "stock keeping unit: letters, digits and . _ - after a letter or digit, unique whatever the "
                     "letter case",
        },
    [PRODUCT_NAME] =
        {
            .name = "name",
            .kind = FIELD_LINE,
            .flags = FIELD_REQUIRED,
            .max_length = 200,
            .prose = "one line; white space at both ends is taken off",
        },
    [PRODUCT_DESCRIPTION] =
        {
            .name = "description",
            .kind = FIELD_PROSE,
            .flags = FIELD_NULLABLE,
            .max_length = 10000,
            .prose = "plain text; LF and TAB are its only control characters",
        },
    [PRODUCT_PRICE] =
        {
            .name = "price",
            .kind = FIELD_PRICE,
            .flags = FIELD_REQUIRED,
            .prose =
                "exact decimal above zero, 14 digits before the point and 4 after it at most; the scale given is kept",
        },
    [PRODUCT_CURRENCY] =
        {
            .name = "currency",
            .kind = FIELD_CURRENCY,
            .prose = "code of ISO 4217; by default the one that the service is set up with",
        },
    [PRODUCT_CATEGORY_ID] =
        {
            .name = "category_id",
            .kind = FIELD_UUID,
            .flags = FIELD_REQUIRED,
            .prose = "the category, which must exist",
        },
    [PRODUCT_STATUS] =
        {
            .name = "status",
            .kind = FIELD_STATUS,
            .default_value = "active",
            .prose = "draft, active or archived; lists show the active ones",
        },
    [PRODUCT_ATTRIBUTES] =
        {
            .name = "attributes",
            .kind = FIELD_ATTRIBUTES,
            .default_value = "{}",
            .prose = "up to 50 named values: strings, numbers, booleans or arrays of strings",
        },
    [PRODUCT_IMAGES] =
        {
            .name = "images",
            .kind = FIELD_IMAGES,
            .default_value = "[]",
            .prose = "up to 10 absolute https URLs",
        },
    [PRODUCT_GROUP_KEY] =
        {
            .name = "group_key",
            .kind = FIELD_LINE,
            .flags = FIELD_NULLABLE,
            .max_length = 64,
            .prose = "products with the same one are variants of each other",
        },
    [PRODUCT_VERSION] =
        {
            .name = "version",
            .kind = FIELD_INTEGER,
            .flags = FIELD_SERVER,
            .prose = "1 at first, one more with each change",
        },
    [PRODUCT_CREATED_AT] =
        {
            .name = "created_at",
            .kind = FIELD_TIMESTAMP,
            .flags = FIELD_SERVER,
            .prose = "when it was made, RFC 3339 in UTC",
        },
    [PRODUCT_UPDATED_AT] =
        {
            .name = "updated_at",
            .kind = FIELD_TIMESTAMP,
            .flags = FIELD_SERVER,
            .prose = "when it was changed last, RFC 3339 in UTC",
        },
};

const struct schema product_schema = {.name = "product", .fields = fields, .count = PRODUCT_FIELD_COUNT};

const char *const product_statuses[] = {"draft", "active", "archived"};
const size_t product_status_count = sizeof product_statuses / sizeof product_statuses[0];

_Static_assert(PRODUCT_FIELD_COUNT <= FIELDS_MAX, "a record holds every field");

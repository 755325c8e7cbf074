/* The fields of a product. */
#include "domain/product.h"

static const struct field fields[PRODUCT_FIELD_COUNT] = {
    [PRODUCT_ID] =
        {
            .name = "id",
            .kind = FIELD_UUID,
            .flags = FIELD_SERVER,
            .prose = "UUID, made by the server",
            .example = "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f",
        },
    [PRODUCT_SKU] =
        {
            .name = "sku",
            .kind = FIELD_SKU,
            .flags = FIELD_NULLABLE,
            .max_length = 64,
            .prose = "stock keeping unit: letters, digits and . _ - after a letter or digit, unique whatever the "
                     "letter case",
            .example = "TEA-100",
        },
    [PRODUCT_NAME] =
        {
            .name = "name",
            .kind = FIELD_LINE,
            .flags = FIELD_REQUIRED,
            .max_length = 200,
            .prose = "one line; white space at both ends is taken off",
            .example = "Sencha",
        },
    [PRODUCT_DESCRIPTION] =
        {
            .name = "description",
            .kind = FIELD_PROSE,
            .flags = FIELD_NULLABLE,
            .max_length = 10000,
            .prose = "plain text; LF and TAB are its only control characters",
            .example = "Green tea from Shizuoka.",
        },
    [PRODUCT_PRICE] =
        {
            .name = "price",
            .kind = FIELD_PRICE,
            .flags = FIELD_REQUIRED,
            .prose =
                "exact decimal above zero, 14 digits before the point and 4 after it at most; the scale given is kept",
            .example = "19.90",
        },
    [PRODUCT_CURRENCY] =
        {
            .name = "currency",
            .kind = FIELD_CURRENCY,
            .prose = "code of ISO 4217; by default the one that the service is set up with",
            .example = "EUR",
        },
    [PRODUCT_CATEGORY_ID] =
        {
            .name = "category_id",
            .kind = FIELD_UUID,
            .flags = FIELD_REQUIRED,
            .prose = "the category, which must exist",
            .example = "0193a7bf-04d1-7b50-8f6c-2f1d3a4b5c6d",
        },
    [PRODUCT_STATUS] =
        {
            .name = "status",
            .kind = FIELD_STATUS,
            .default_value = "active",
            .prose = "draft, active or archived; lists show the active ones",
            .example = "active",
        },
    [PRODUCT_ATTRIBUTES] =
        {
            .name = "attributes",
            .kind = FIELD_ATTRIBUTES,
            .default_value = "{}",
            .prose = "up to 50 named values: strings, numbers, booleans or arrays of strings",
            .example = "{\"colour\":\"green\",\"weight_g\":100}",
        },
    [PRODUCT_IMAGES] =
        {
            .name = "images",
            .kind = FIELD_IMAGES,
            .default_value = "[]",
            .prose = "up to 10 absolute https URLs",
            .example = "[\"https://example.org/sencha.jpg\"]",
        },
    [PRODUCT_GROUP_KEY] =
        {
            .name = "group_key",
            .kind = FIELD_LINE,
            .flags = FIELD_NULLABLE,
            .max_length = 64,
            .prose = "products with the same one are variants of each other",
            .example = "TEA",
        },
    [PRODUCT_VERSION] =
        {
            .name = "version",
            .kind = FIELD_INTEGER,
            .flags = FIELD_SERVER,
            .prose = "1 at first, one more with each change",
            .example = "3",
        },
    [PRODUCT_CREATED_AT] =
        {
            .name = "created_at",
            .kind = FIELD_TIMESTAMP,
            .flags = FIELD_SERVER,
            .prose = "when it was made, RFC 3339 in UTC",
            .example = "2026-11-23T09:15:02.123456Z",
        },
    [PRODUCT_UPDATED_AT] =
        {
            .name = "updated_at",
            .kind = FIELD_TIMESTAMP,
            .flags = FIELD_SERVER,
            .prose = "when it was changed last, RFC 3339 in UTC",
            .example = "2026-11-23T09:16:00.000001Z",
        },
};

const struct schema product_schema = {.name = "product", .fields = fields, .count = PRODUCT_FIELD_COUNT};

const char *const product_statuses[] = {"draft", "active", "archived"};
const size_t product_status_count = sizeof product_statuses / sizeof product_statuses[0];

_Static_assert(PRODUCT_FIELD_COUNT <= FIELDS_MAX, "a record holds every field");

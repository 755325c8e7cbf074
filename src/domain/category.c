/* The fields of a category. */
#include "domain/category.h"

static const struct field fields[CATEGORY_FIELD_COUNT] = {
    [CATEGORY_ID] =
        {
            .name = "id",
            .kind = FIELD_UUID,
            .flags = FIELD_SERVER,
            .prose = "UUID, made by the server",
            .example = "0193a7bf-04d1-7b50-8f6c-2f1d3a4b5c6d",
        },
    [CATEGORY_PARENT_ID] =
        {
            .name = "parent_id",
            .kind = FIELD_UUID,
            .flags = FIELD_NULLABLE,
            .prose = "the category above, which must exist; null at the top",
            .example = "0193a7be-7c11-7aa0-9e0d-5a6b7c8d9e0f",
        },
    [CATEGORY_NAME] =
        {
            .name = "name",
            .kind = FIELD_LINE,
            .flags = FIELD_REQUIRED,
            .max_length = 200,
            .prose = "one line; white space at both ends is taken off",
            .example = "Green tea",
        },
    [CATEGORY_SLUG] =
        {
            .name = "slug",
            .kind = FIELD_SLUG,
            .max_length = 100,
            .prose = "the name for URLs, unique; made from the name where it is not given",
            .example = "green-tea",
        },
    [CATEGORY_POSITION] =
        {
            .name = "position",
            .kind = FIELD_INTEGER,
            .default_value = "0",
            .prose = "place among the categories of one parent, the least first",
            .example = "0",
        },
    [CATEGORY_VERSION] =
        {
            .name = "version",
            .kind = FIELD_INTEGER,
            .flags = FIELD_SERVER,
            .prose = "1 at first, one more with each change",
            .example = "1",
        },
    [CATEGORY_CREATED_AT] =
        {
            .name = "created_at",
            .kind = FIELD_TIMESTAMP,
            .flags = FIELD_SERVER,
            .prose = "when it was made, RFC 3339 in UTC",
            .example = "2026-11-23T09:15:02.123456Z",
        },
    [CATEGORY_UPDATED_AT] =
        {
            .name = "updated_at",
            .kind = FIELD_TIMESTAMP,
            .flags = FIELD_SERVER,
            .prose = "when it was changed last, RFC 3339 in UTC",
            .example = "2026-11-23T09:15:02.123456Z",
        },
};

const struct schema category_schema = {.name = "category", .fields = fields, .count = CATEGORY_FIELD_COUNT};

_Static_assert(CATEGORY_FIELD_COUNT <= FIELDS_MAX, "a record holds every field");

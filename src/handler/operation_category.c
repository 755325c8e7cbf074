/* What can be done with categories. */
#include "domain/category.h"
#include "handler/operation.h"
#include "handler/routes.h"

#define TAG "Categories"

#define READ_ANSWER (ANSWER_ETAG | ANSWER_CACHE_CONTROL | ANSWER_VARY)
#define MEDIA_CATEGORY                                                                                                 \
    {                                                                                                                  \
        {                                                                                                              \
            "application/json", "Category", false                                                                      \
        }                                                                                                              \
    }

static const struct parameter parent_id = {
    .name = "parent_id",
    .kind = PARAMETER_FIELD,
    .schema = &category_schema,
    .field = CATEGORY_PARENT_ID,
    .prose = "only the categories right below this one",
};

static const struct parameter *const list_parameters[] = {&parent_id, &parameter_limit, &parameter_cursor, NULL};

const struct operation operation_category_list = {
    .handler = category_list,
    .id = "listCategories",
    .tag = TAG,
    .summary = "List categories, the oldest first",
    .prose = "Pages by keyset: follow rel=\"next\" of the header Link until there is none.",
    .parameters = list_parameters,
    .problems = PROBLEMS_OF_READS,
    .answers = {{200,
                 ANSWER_LINK | ANSWER_CACHE_CONTROL | ANSWER_VARY,
                 "a page of categories",
                 {{"application/json", "Category", true}}}},
};

const struct operation operation_category_get = {
    .handler = category_get,
    .id = "getCategory",
    .tag = TAG,
    .summary = "Read one category",
    .headers = HEADER_IF_NONE_MATCH,
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_NOT_FOUND),
    .answers = {{200, READ_ANSWER, "the category", MEDIA_CATEGORY},
                {304, READ_ANSWER, "the category is of a version that If-None-Match names", {{0}}}},
};

const struct operation operation_category_create = {
    .handler = category_create,
    .id = "createCategory",
    .tag = TAG,
    .summary = "Create a category",
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_OUTCOME_UNKNOWN) | PROBLEM_BIT(PROBLEM_CONFLICT) |
                PROBLEM_BIT(PROBLEM_UNSUPPORTED_MEDIA_TYPE),
    .consumes = {{"application/json", "CategoryInput", false}},
    .answers = {{201, ANSWER_ETAG | ANSWER_LOCATION, "the category as it was made", MEDIA_CATEGORY}},
};

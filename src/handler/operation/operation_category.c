/* What can be done with categories. */
#include "domain/category.h"
#include "handler/operation.h"
#include "handler/routes.h"
#include "operation_parts.h"

#define TAG "Categories"

#define MEDIA_CATEGORY                                                                                                 \
    {                                                                                                                  \
        {                                                                                                              \
            "application/json", "Category", false                                                                      \
        }                                                                                                              \
    }
#define ANSWER_MINIMAL                                                                                                 \
    {                                                                                                                  \
        204, WRITE_ANSWER, "done, and nothing is returned: Prefer: return=minimal",                                    \
        {                                                                                                              \
            {                                                                                                          \
                0                                                                                                      \
            }                                                                                                          \
        }                                                                                                              \
    }

static const struct parameter parent_id = {
    .name = "parent_id",
    .kind = PARAMETER_FIELD,
    .schema = &category_schema,
    .field = CATEGORY_PARENT_ID,
    .prose = "only the categories right below this one; with tree=true all that are below it",
};

static const struct parameter tree = {
    .name = "tree",
    .kind = PARAMETER_SWITCH,
    .default_value = "false",
    .prose = "all of them at once, each with its children in it; not together with limit and cursor",
};

static const struct parameter *const list_parameters[] = {&parent_id, &parameter_limit, &parameter_cursor, &tree, NULL};

const struct operation operation_category_list = {
    .handler = category_list,
    .id = "listCategories",
    .tag = TAG,
    .summary = "List categories, the oldest first, or as a tree",
    .prose = "Pages by keyset: follow rel=\"next\" of the header Link until there is none.",
    .parameters = list_parameters,
    .headers = HEADER_IF_MATCH | HEADER_IF_NONE_MATCH,
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_PRECONDITION_FAILED),
    .answers = {{200,
                 READ_ANSWER | ANSWER_LINK,
                 "a page of categories, or the tree",
                 {{"application/json", "CategoryNode", true}}},
                {304, NOT_MODIFIED_ANSWER, "the same as If-None-Match names", {{0}}}},
};

const struct operation operation_category_get = {
    .handler = category_get,
    .id = "getCategory",
    .tag = TAG,
    .summary = "Read one category",
    .headers = HEADER_IF_MATCH | HEADER_IF_NONE_MATCH,
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_NOT_FOUND) | PROBLEM_BIT(PROBLEM_PRECONDITION_FAILED),
    .answers = {{200, READ_ANSWER, "the category", MEDIA_CATEGORY},
                {304, READ_ANSWER, "the category is of a version that If-None-Match names", {{0}}}},
};

const struct operation operation_category_create = {
    .handler = category_create,
    .id = "createCategory",
    .tag = TAG,
    .summary = "Create a category",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS,
    .problems = WRITE_PROBLEMS | BODY_PROBLEMS,
    .consumes = {{"application/json", "CategoryInput", false}},
    .answers = {{201, WRITE_ANSWER | ANSWER_CACHE_CONTROL | ANSWER_LOCATION,
                 "the category as it was made; nothing with Prefer: return=minimal", MEDIA_CATEGORY}},
};

const struct operation operation_category_patch = {
    .handler = category_patch,
    .id = "patchCategory",
    .tag = TAG,
    .summary = "Change or move a category",
    .prose =
        "A merge patch (RFC 7396), also as plain JSON, or a JSON patch (RFC 6902). Another parent_id moves it, with "
        "all that is below it.",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS | HEADER_PREFER_MERGE,
    .problems =
        WRITE_PROBLEMS | BODY_PROBLEMS | PROBLEM_BIT(PROBLEM_NOT_FOUND) | PROBLEM_BIT(PROBLEM_PRECONDITION_REQUIRED),
    .consumes = {{"application/merge-patch+json", "CategoryPatch", false},
                 {"application/json", "CategoryPatch", false},
                 {"application/json-patch+json", "JsonPatch", false}},
    .answers = {{200, WRITE_ANSWER | ANSWER_CACHE_CONTROL, "the category as it is now", MEDIA_CATEGORY},
                ANSWER_MINIMAL},
};

const struct operation operation_category_delete = {
    .handler = category_delete,
    .id = "deleteCategory",
    .tag = TAG,
    .summary = "Delete a category that is empty",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS,
    .problems = WRITE_PROBLEMS | PROBLEM_BIT(PROBLEM_NOT_FOUND) | PROBLEM_BIT(PROBLEM_PRECONDITION_REQUIRED),
    .answers = {{204, ANSWER_REPLAYED, "deleted", {{0}}}},
};

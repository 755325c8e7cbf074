/* What can be done with products. */
#include "domain/product.h"
#include "handler/operation.h"
#include "handler/routes.h"
#include "operation_parts.h"

#define TAG "Products"

#define MEDIA_PRODUCT                                                                                                  \
    {                                                                                                                  \
        {                                                                                                              \
            "application/json", "Product", false                                                                       \
        }                                                                                                              \
    }

#define ANSWER_CHANGED                                                                                                 \
    {                                                                                                                  \
        200, WRITE_ANSWER | ANSWER_CACHE_CONTROL, "the product as it is now", MEDIA_PRODUCT                            \
    }
#define ANSWER_CREATED                                                                                                 \
    {                                                                                                                  \
        201, WRITE_ANSWER | ANSWER_CACHE_CONTROL | ANSWER_LOCATION,                                                    \
            "the product as it was made; nothing with Prefer: return=minimal", MEDIA_PRODUCT                           \
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

static const struct parameter *const batch_parameters[] = {&parameter_dry_run, &parameter_atomic, NULL};

/* --- reads --- */

const struct operation operation_product_list = {
    .handler = product_list,
    .id = "listProducts",
    .tag = TAG,
    .summary = "List, filter and search products, the newest first",
    .prose =
        "Pages by keyset: follow rel=\"next\" of the header Link until there is none. No product comes twice or is "
        "left out, whatever is created in between.",
    .parameters = product_list_parameters,
    .headers = HEADER_PREFER_COUNT | HEADER_IF_MATCH | HEADER_IF_NONE_MATCH,
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_PRECONDITION_FAILED),
    .answers = {{200,
                 READ_ANSWER | ANSWER_LINK | ANSWER_TOTAL_COUNT | ANSWER_PREFERENCE_APPLIED | ANSWER_SEARCH,
                 "a page of products",
                 {{"application/json", "ProductView", true}}},
                {304, NOT_MODIFIED_ANSWER, "the same as If-None-Match names", {{0}}}},
};

const struct operation operation_product_facets = {
    .handler = product_facets,
    .id = "getProductFacets",
    .tag = TAG,
    .summary = "Count the products of a list by category, status, price and attribute",
    .prose = "complete is false where there are too many products to look at all of them.",
    .parameters = product_filter_parameters,
    .headers = HEADER_IF_MATCH | HEADER_IF_NONE_MATCH,
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_PRECONDITION_FAILED),
    .answers = {{200,
                 READ_ANSWER | ANSWER_SEARCH,
                 "the facets, the most frequent first",
                 {{"application/json", "Facets", false}}},
                {304, NOT_MODIFIED_ANSWER, "the same as If-None-Match names", {{0}}}},
};

const struct operation operation_product_export = {
    .handler = product_export,
    .id = "exportProducts",
    .tag = TAG,
    .summary = "Export all products that match, from one snapshot",
    .prose =
        "Streamed, an object or a record a line. The last line tells how many there were and where the feed of changes "
        "goes on; an export without it was cut.",
    .parameters = product_export_parameters,
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_BUSY),
    .answers = {{200,
                 ANSWER_CACHE_CONTROL | ANSWER_VARY | ANSWER_CONTENT_DISPOSITION | ANSWER_SEARCH,
                 "the products",
                 {{"application/x-ndjson", NULL, false}, {"text/csv", NULL, false}}}},
};

const struct operation operation_product_get = {
    .handler = product_get,
    .id = "getProduct",
    .tag = TAG,
    .summary = "Read one product",
    .parameters = product_view_parameters,
    .headers = HEADER_IF_MATCH | HEADER_IF_NONE_MATCH | HEADER_IF_MODIFIED_SINCE | HEADER_CACHE_CONTROL,
    .problems = PROBLEMS_OF_READS | ABSENCE_PROBLEMS | PROBLEM_BIT(PROBLEM_PRECONDITION_FAILED),
    .answers = {{200,
                 READ_ANSWER | ANSWER_LAST_MODIFIED | ANSWER_UNPROVEN,
                 "the product",
                 {{"application/json", "ProductView", false}}},
                {304,
                 NOT_MODIFIED_ANSWER | ANSWER_UNPROVEN,
                 "the product is of a version that If-None-Match names, or of the date in If-Modified-Since",
                 {{0}}}},
};

/* --- writes --- */

const struct operation operation_product_create = {
    .handler = product_create,
    .id = "createProduct",
    .tag = TAG,
    .summary = "Create a product",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS,
    .problems = WRITE_PROBLEMS | BODY_PROBLEMS,
    .consumes = {{"application/json", "ProductInput", false}},
    .answers = {ANSWER_CREATED},
};

const struct operation operation_product_put = {
    .handler = product_put,
    .id = "putProduct",
    .tag = TAG,
    .summary = "Replace a product, or create it with an id of the client's",
    .prose = "What the body leaves out gets its default, as in a new product.",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS,
    .problems = WRITE_PROBLEMS | BODY_PROBLEMS | ABSENCE_PROBLEMS | PROBLEM_BIT(PROBLEM_PRECONDITION_REQUIRED),
    .consumes = {{"application/json", "ProductReplacement", false}},
    .answers = {ANSWER_CHANGED, ANSWER_CREATED, ANSWER_MINIMAL},
};

const struct operation operation_product_put_by_sku = {
    .handler = product_put_by_sku,
    .id = "putProductBySku",
    .tag = TAG,
    .summary = "Replace the product with a sku, or create one",
    .prose =
        "The body may leave the sku out; where it repeats it, it decides on the letter case. If-None-Match: * only "
        "creates.",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS,
    .problems = WRITE_PROBLEMS | BODY_PROBLEMS | ABSENCE_PROBLEMS | PROBLEM_BIT(PROBLEM_PRECONDITION_REQUIRED),
    .consumes = {{"application/json", "ProductInput", false}},
    .answers = {ANSWER_CHANGED, ANSWER_CREATED, ANSWER_MINIMAL},
};

const struct operation operation_product_patch = {
    .handler = product_patch,
    .id = "patchProduct",
    .tag = TAG,
    .summary = "Change some fields of a product",
    .prose =
        "A merge patch (RFC 7396), also as plain JSON, or a JSON patch (RFC 6902), which may test what it builds on. "
        "Prefer: merge=disjoint with an If-Match that is out of date applies it all the same where no field was "
        "changed by both.",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS | HEADER_PREFER_MERGE,
    .problems = WRITE_PROBLEMS | BODY_PROBLEMS | ABSENCE_PROBLEMS | PROBLEM_BIT(PROBLEM_PRECONDITION_REQUIRED),
    .consumes = {{"application/merge-patch+json", "ProductPatch", false},
                 {"application/json", "ProductPatch", false},
                 {"application/json-patch+json", "JsonPatch", false}},
    .answers = {ANSWER_CHANGED, ANSWER_MINIMAL},
};

const struct operation operation_product_delete = {
    .handler = product_delete,
    .id = "deleteProduct",
    .tag = TAG,
    .summary = "Delete a product",
    .prose = "It can be restored for a while; until then reads of it answer 410.",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS,
    .problems = WRITE_PROBLEMS | ABSENCE_PROBLEMS | PROBLEM_BIT(PROBLEM_PRECONDITION_REQUIRED),
    .answers = {{204, ANSWER_REPLAYED, "deleted", {{0}}}},
};

const struct operation operation_product_restore = {
    .handler = product_restore,
    .id = "restoreProduct",
    .tag = TAG,
    .summary = "Undo the deletion of a product",
    .parameters = write_parameters,
    .headers = WRITE_HEADERS,
    .problems = WRITE_PROBLEMS | PROBLEM_BIT(PROBLEM_NOT_FOUND),
    .answers = {ANSWER_CHANGED, ANSWER_MINIMAL},
};

const struct operation operation_product_batch = {
    .handler = product_batch,
    .id = "batchProducts",
    .tag = TAG,
    .summary = "Create, change and delete many products at once",
    .prose = "The answer has a status for each operation, in their order. An operation that cannot be done leaves the "
             "others alone, unless atomic=true.",
    .parameters = batch_parameters,
    .headers = HEADER_IDEMPOTENCY_KEY | HEADER_PREFER_RETURN,
    .problems = WRITE_PROBLEMS | BODY_PROBLEMS,
    .consumes = {{"application/json", "BatchOperations", false}},
    .answers = {{200,
                 ANSWER_CACHE_CONTROL | ANSWER_PREFERENCE_APPLIED | ANSWER_REPLAYED,
                 "what became of each operation",
                 {{"application/json", "BatchResult", true}}}},
};

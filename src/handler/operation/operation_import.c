/* What can be done with imports. */
#include "domain/import.h"
#include "domain/product.h"
#include "handler/operation.h"
#include "handler/routes.h"
#include "import/file.h"
#include "operation_parts.h"

#define TAG "Imports"

static const char *const targets[] = {"",           "id",       "sku",         "name",     "description",
                                      "price",      "currency", "category_id", "category", "status",
                                      "attributes", "images",   "group_key"};

static const struct parameter mode = {
    .name = "mode",
    .kind = PARAMETER_CHOICE,
    .choices = import_mode_names,
    .choice_count = IMPORT_MODE_COUNT,
    .default_value = "upsert",
    .prose =
        "whether lines may make products, change them, or both; which product a line is about its id says, or else "
        "its sku",
};

static const struct parameter on_error = {
    .name = "on_error",
    .kind = PARAMETER_CHOICE,
    .choices = import_on_error_names,
    .choice_count = IMPORT_ON_ERROR_COUNT,
    .default_value = "skip",
    .prose = "skip: lines that are faulty are left out; abort: all lines are checked first, and where one is faulty "
             "nothing is changed",
};

static const struct parameter dry_run = {
    .name = "dry_run",
    .kind = PARAMETER_SWITCH,
    .default_value = "false",
    .prose =
        "each line is held against the catalogue as it is, and nothing is changed: the import counts, and shows the "
        "first differences",
};

static const struct parameter category_id = {
    .name = "category_id",
    .kind = PARAMETER_FIELD,
    .schema = &product_schema,
    .field = PRODUCT_CATEGORY_ID,
    .prose = "the category of products that are made of lines without one",
};

static const struct parameter map = {
    .name = "map.",
    .kind = PARAMETER_COLUMNS,
    .choices = targets,
    .choice_count = sizeof targets / sizeof targets[0],
    .most = IMPORT_COLUMN_MAPS_MAX,
    .prose =
        "map.<column>=<field>: what a column of CSV is, whose name does not say it: a field of a product, category, "
        "attr.<key>, or nothing for a column that is left out",
};

static const struct parameter *const create_parameters[] = {&mode, &on_error, &dry_run, &category_id, &map, NULL};

const struct operation operation_import_create = {
    .handler = import_create,
    .id = "createImport",
    .tag = TAG,
    .summary = "Import a file of products",
    .prose =
        "A file of any size: NDJSON with an object a line, or CSV whose first line names the columns. An object has "
        "members of a product, and may have attr.<key> for one attribute and category for the slug or name of the "
        "category. What it leaves out stays as it is, or gets its default in a new product. The products that "
        "Shopify exports are known by their columns. The file sent again within a day, with the same parameters "
        "and no Idempotency-Key, is answered with the import that it made, unless that has failed.",
    .parameters = create_parameters,
    .headers = HEADER_IDEMPOTENCY_KEY,
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_READ_ONLY) | PROBLEM_BIT(PROBLEM_OUTCOME_UNKNOWN) |
                PROBLEM_BIT(PROBLEM_IN_PROGRESS) | PROBLEM_BIT(PROBLEM_KEY_REUSED) | PROBLEM_BIT(PROBLEM_BUSY) |
                BODY_PROBLEMS,
    .consumes = {{"application/x-ndjson", NULL, false}, {"text/csv", NULL, false}},
    .reads_body = true,
    .answers = {{202,
                 ANSWER_LOCATION | ANSWER_REPLAYED | ANSWER_CACHE_CONTROL,
                 "the import, which is carried out in the background",
                 {{"application/json", "Import", false}}}},
};

const struct operation operation_import_get = {
    .handler = import_get,
    .id = "getImport",
    .tag = TAG,
    .summary = "Look at an import",
    .prose = "It is a background job too, of the same id: there it is cancelled and tried again.",
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_NOT_FOUND),
    .answers = {{200, ANSWER_CACHE_CONTROL | ANSWER_VARY, "how far it is", {{"application/json", "Import", false}}}},
};

const struct operation operation_import_errors = {
    .handler = import_errors,
    .id = "getImportErrors",
    .tag = TAG,
    .summary = "Get the lines of an import that failed",
    .prose =
        "An object a line, as it was sent, with what is wrong with it in the member _error: to be mended and imported "
        "again, where _error is passed over. A line that was no JSON object is in the member _line.",
    .problems = PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_NOT_FOUND) | PROBLEM_BIT(PROBLEM_BUSY),
    .answers = {{200,
                 ANSWER_CACHE_CONTROL | ANSWER_CONTENT_DISPOSITION,
                 "the lines",
                 {{"application/x-ndjson", NULL, false}}}},
};

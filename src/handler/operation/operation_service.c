/* What the service tells of itself, and what several operations share. */
#include "domain/product.h"
#include "domain/product_query.h"
#include "handler/operation.h"
#include "handler/routes.h"
#include "operation_parts.h"

#define TAG "Service"

#define PAGE_ANSWER (ANSWER_CACHE_CONTROL | ANSWER_VARY | ANSWER_CONTENT_SECURITY_POLICY)

/* --- shared parameters --- */

const struct parameter path_parameters[] = {
    {
        .name = "id",
        .kind = PARAMETER_FIELD,
        .schema = &product_schema,
        .field = PRODUCT_ID,
        .prose = "the UUID of what is meant, in either letter case",
    },
    {
        .name = "sku",
        .kind = PARAMETER_FIELD,
        .schema = &product_schema,
        .field = PRODUCT_SKU,
        .prose = "the product's sku, in any letter case",
    },
    {
        .name = "delivery",
        .kind = PARAMETER_TEXT,
        .most = 64,
        .example = "evt_8123_17",
        .prose = "the id of a delivery",
    },
    {
        .name = "name",
        .kind = PARAMETER_TEXT,
        .most = 64,
        .example = "validation",
        .prose = "the last part of a problem's type",
    },
};

const size_t path_parameter_count = sizeof path_parameters / sizeof path_parameters[0];

const struct parameter parameter_limit = {
    .name = "limit",
    .kind = PARAMETER_WHOLE,
    .least = 1,
    .most = LIST_LIMIT_MAX,
    .default_value = DIGITS_OF(LIST_LIMIT_DEFAULT),
    .prose = "members of a page",
};

const struct parameter parameter_cursor = {
    .name = "cursor",
    .kind = PARAMETER_CURSOR,
    .prose = "where the page begins: taken unchanged from a Link, with the same filters",
};

const struct parameter parameter_dry_run = {
    .name = "dry_run",
    .kind = PARAMETER_SWITCH,
    .default_value = "false",
    .prose = "the answer that it would give, and nothing is changed",
};

const struct parameter *const write_parameters[] = {&parameter_dry_run, NULL};

/* --- operations --- */

const struct operation operation_live = {
    .handler = health_live,
    .id = "getLiveness",
    .tag = TAG,
    .summary = "Whether a worker lives",
    .answers = {{200, ANSWER_CACHE_CONTROL, "it does", {{"application/json", "Liveness", false}}}},
};

const struct operation operation_ready = {
    .handler = health_ready,
    .id = "getReadiness",
    .tag = TAG,
    .summary = "Whether the database answers",
    .problems = PROBLEMS_OF_READS,
    .answers = {{200, ANSWER_CACHE_CONTROL, "it does", {{"application/json", "Readiness", false}}}},
};

const struct operation operation_index = {
    .handler = service_index,
    .id = "getIndex",
    .tag = TAG,
    .summary = "Where everything is",
    .headers = HEADER_IF_MATCH | HEADER_IF_NONE_MATCH,
    .problems = PROBLEM_BIT(PROBLEM_PRECONDITION_FAILED),
    .answers = {{200, READ_ANSWER | ANSWER_LINK, "paths by their names", {{"application/json", "Index", false}}},
                {304, NOT_MODIFIED_ANSWER, "If-None-Match names it", {{0}}}},
};

const struct operation operation_openapi = {
    .handler = openapi_get,
    .id = "getOpenapi",
    .tag = TAG,
    .summary = "This document",
    .headers = HEADER_IF_MATCH | HEADER_IF_NONE_MATCH,
    .problems = PROBLEM_BIT(PROBLEM_PRECONDITION_FAILED),
    .answers = {{200,
                 ANSWER_ETAG | ANSWER_CACHE_CONTROL | ANSWER_VARY,
                 "the OpenAPI document of the service, as it is set up",
                 {{"application/json", "Openapi", false}, {"application/vnd.oai.openapi+json", "Openapi", false}}},
                {304, ANSWER_ETAG | ANSWER_CACHE_CONTROL | ANSWER_VARY, "If-None-Match names it", {{0}}}},
};

const struct operation operation_problem_list = {
    .handler = problem_page_list,
    .id = "listProblems",
    .tag = TAG,
    .summary = "What problems there are",
    .answers = {{200,
                 PAGE_ANSWER,
                 "every problem",
                 {{"text/html", NULL, false}, {"application/json", "ProblemKind", true}, {"text/plain", NULL, false}}}},
};

const struct operation operation_problem_get = {
    .handler = problem_page_get,
    .id = "getProblem",
    .tag = TAG,
    .summary = "What a problem means, why it happens and how to mend it",
    .prose = "The type of a problem is the path of its page.",
    .problems = PROBLEM_BIT(PROBLEM_NOT_FOUND),
    .answers =
        {{200,
          PAGE_ANSWER,
          "the problem",
          {{"text/html", NULL, false}, {"application/json", "ProblemKind", false}, {"text/plain", NULL, false}}}},
};

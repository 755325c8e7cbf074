/* What the operations of several resources have in common. */
#ifndef HANDLER_OPERATION_PARTS_H
#define HANDLER_OPERATION_PARTS_H

#include "handler/operation.h"

#define READ_ANSWER (ANSWER_ETAG | ANSWER_CACHE_CONTROL | ANSWER_VARY)
#define NOT_MODIFIED_ANSWER (ANSWER_ETAG | ANSWER_CACHE_CONTROL | ANSWER_VARY)
#define WRITE_ANSWER (ANSWER_ETAG | ANSWER_PREFERENCE_APPLIED | ANSWER_REPLAYED)
#define WRITE_HEADERS (HEADER_IF_MATCH | HEADER_IF_ABSENT | HEADER_IDEMPOTENCY_KEY | HEADER_PREFER_RETURN)

#define WRITE_PROBLEMS                                                                                                 \
    (PROBLEMS_OF_READS | PROBLEM_BIT(PROBLEM_READ_ONLY) | PROBLEM_BIT(PROBLEM_OUTCOME_UNKNOWN) |                       \
     PROBLEM_BIT(PROBLEM_IN_PROGRESS) | PROBLEM_BIT(PROBLEM_KEY_REUSED) | PROBLEM_BIT(PROBLEM_CONFLICT) |              \
     PROBLEM_BIT(PROBLEM_PRECONDITION_FAILED))
#define BODY_PROBLEMS PROBLEM_BIT(PROBLEM_UNSUPPORTED_MEDIA_TYPE)
#define ABSENCE_PROBLEMS (PROBLEM_BIT(PROBLEM_NOT_FOUND) | PROBLEM_BIT(PROBLEM_GONE))

/* Parameters that several operations take. */
extern const struct parameter parameter_limit, parameter_cursor, parameter_dry_run;

/* Parameters of products: product_parameters.c. */
extern const struct parameter parameter_atomic;
extern const struct parameter *const product_list_parameters[];   /* filters, order, page and view */
extern const struct parameter *const product_filter_parameters[]; /* which products */
extern const struct parameter *const product_export_parameters[]; /* filters and fields */
extern const struct parameter *const product_view_parameters[];   /* what of them: fields, expand */

/* dry_run alone. */
extern const struct parameter *const write_parameters[];

#endif

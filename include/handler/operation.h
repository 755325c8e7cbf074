/* What a method does at a route: its handler, and all that a client must know to call it. Handlers take parameters,
 * media types and the choice of an answer's type from here, and the OpenAPI document is made of it: neither can say what
 * the other does not. A route without an operation does not compile. */
#ifndef HANDLER_OPERATION_H
#define HANDLER_OPERATION_H

#include "domain/field.h"
#include "handler/problem.h"

#include <stddef.h>
#include <stdint.h>

#define PARAMETERS_MAX 32
#define MEDIA_MAX 4
#define ANSWERS_MAX 4

struct exchange;

enum parameter_kind {
    PARAMETER_FIELD,      /* keeps to the rule of a field: schema and field */
    PARAMETER_FIELD_LIST, /* up to most values of a field, with commas between them; 0 for no bound but the request's */
    PARAMETER_DECIMAL,    /* a price, or zero */
    PARAMETER_WHOLE,      /* a whole number from least to most */
    PARAMETER_SWITCH,     /* true or false */
    PARAMETER_CHOICE,     /* one of choices */
    PARAMETER_FIELDS,     /* one or several names of fields of schema, with commas between them */
    PARAMETER_INSTANT,    /* a time of RFC 3339 */
    PARAMETER_TEXT,       /* any text of at most `most` characters, 0 for no bound but the request's */
    PARAMETER_CURSOR,     /* what a Link gave */
    PARAMETER_PLACE,      /* a cursor of the feed: domain/feed_cursor.h */
    PARAMETER_FAMILY,     /* any name that begins with this one and goes on as an attribute's key */
    PARAMETER_COLUMNS,    /* any name that begins with this one and goes on as the name of a column; choices */
};

struct parameter {
    const char *name;
    enum parameter_kind kind;
    const struct schema *schema;
    size_t field;
    const char *const *choices;
    size_t choice_count;
    int64_t least;
    int64_t most;
    const char *default_value; /* as it would be sent */
    const char *example;       /* as it would be sent */
    const char *prose;         /* one sentence without its full stop */
};

/* Headers of a request that an operation heeds. */
enum request_header {
    HEADER_IF_MATCH = 1 << 0,
    HEADER_IF_NONE_MATCH = 1 << 1, /* tags: answer 304 */
    HEADER_IF_ABSENT = 1 << 2,     /* If-None-Match: * */
    HEADER_IDEMPOTENCY_KEY = 1 << 3,
    HEADER_PREFER_RETURN = 1 << 4, /* return=minimal */
    HEADER_PREFER_MERGE = 1 << 5,  /* merge=disjoint */
    HEADER_PREFER_COUNT = 1 << 6,  /* count=exact or estimated */
    HEADER_CACHE_CONTROL = 1 << 7,
    HEADER_IF_MODIFIED_SINCE = 1 << 8,
    HEADER_LAST_EVENT_ID = 1 << 9,
};

/* Headers of an answer, beside those that every answer has. */
enum answer_header {
    ANSWER_ETAG = 1 << 0,
    ANSWER_CACHE_CONTROL = 1 << 1,
    ANSWER_VARY = 1 << 2,
    ANSWER_LINK = 1 << 3,
    ANSWER_LOCATION = 1 << 4,
    ANSWER_PREFERENCE_APPLIED = 1 << 5,
    ANSWER_REPLAYED = 1 << 6,
    ANSWER_TOTAL_COUNT = 1 << 7,
    ANSWER_RETRY_AFTER = 1 << 8,
    ANSWER_ACCEPT_POST = 1 << 9,
    ANSWER_ACCEPT_PATCH = 1 << 10,
    ANSWER_CONTENT_SECURITY_POLICY = 1 << 11,
    ANSWER_ACCEPT = 1 << 12,
    ANSWER_CONTENT_DISPOSITION = 1 << 14,
    ANSWER_SEARCH = 1 << 13, /* X-Search-Corrected and X-Search-Ranked */
    ANSWER_ACCEPT_ENCODING = 1 << 15,
    ANSWER_LAST_MODIFIED = 1 << 16,
    ANSWER_UNPROVEN = 1 << 17, /* Cache-Status and Age */
};

/* A media type, and the schema of what is sent in it: one of the document's, or an array of it. */
struct media {
    const char *type;   /* NULL: no more follow */
    const char *schema; /* NULL: text */
    bool list;
};

struct answer {
    int status; /* 0: no more follow */
    unsigned headers;
    const char *prose;
    struct media media[MEDIA_MAX];
};

/* What others may do with the answer to a read. */
enum keeping {
    KEEP_AND_ASK, /* keep it, and ask before it is used again; where nobody can be asked, use it for a set time */
    KEEP_NEVER,   /* it is of this moment */
};

typedef void (*operation_handler)(struct exchange *exchange);

struct operation {
    operation_handler handler;
    const char *id; /* for generated clients: never changed once it is out */
    const char *tag;
    const char *summary;
    const char *prose;                         /* NULL, or what the summary leaves out */
    const struct parameter *const *parameters; /* up to a NULL; NULL: none are taken */
    unsigned headers;                          /* of enum request_header */
    enum keeping keeping;                      /* of GET; what a change answers is never kept */
    uint32_t problems;                         /* bit per enum problem, beside PROBLEMS_OF_ALL */
    struct media consumes[MEDIA_MAX];
    bool reads_body; /* the handler reads it as it comes, whatever its size (exchange->upload) */
    struct answer
        answers[ANSWERS_MAX]; /* that are no problems; the types of the first are those that Accept chooses from */
};

/* The digits of a constant, for a default_value. */
#define DIGITS_OF_(constant) #constant
#define DIGITS_OF(constant) DIGITS_OF_(constant)

#define PROBLEM_BIT(problem) (UINT32_C(1) << (problem))

/* What any request may be answered with. */
#define PROBLEMS_OF_ALL                                                                                                \
    (PROBLEM_BIT(PROBLEM_VALIDATION) | PROBLEM_BIT(PROBLEM_MALFORMED_REQUEST) | PROBLEM_BIT(PROBLEM_NOT_ACCEPTABLE) |  \
     PROBLEM_BIT(PROBLEM_TOO_LARGE) | PROBLEM_BIT(PROBLEM_INTERNAL))

/* Of what asks the database. */
#define PROBLEMS_OF_READS (PROBLEM_BIT(PROBLEM_UNAVAILABLE) | PROBLEM_BIT(PROBLEM_DEADLINE))

_Static_assert(PROBLEM_COUNT <= 32, "a bit per problem");

/* The operations that the table of routes names. */
extern const struct operation operation_product_list, operation_product_create, operation_product_get,
    operation_product_put, operation_product_put_by_sku, operation_product_patch, operation_product_delete,
    operation_product_restore, operation_product_batch, operation_product_facets, operation_product_export;
extern const struct operation operation_category_list, operation_category_create, operation_category_get,
    operation_category_patch, operation_category_delete;
extern const struct operation operation_change_list, operation_event_stream, operation_job_list, operation_job_get,
    operation_job_retry, operation_job_cancel;
extern const struct operation operation_import_create, operation_import_get, operation_import_errors;
extern const struct operation operation_webhook_list, operation_webhook_create, operation_webhook_get,
    operation_webhook_patch, operation_webhook_delete, operation_webhook_rotate, operation_webhook_replay,
    operation_webhook_delivery_list, operation_webhook_redeliver;
extern const struct operation operation_live, operation_ready, operation_openapi, operation_index,
    operation_problem_list, operation_problem_get;

/* Parameters in the path, by the names that the patterns give them. */
extern const struct parameter path_parameters[];
extern const size_t path_parameter_count;

#endif

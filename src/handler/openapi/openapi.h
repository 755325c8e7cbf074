/* The OpenAPI document in the making: nested JSON, and the parts that the document is made of. */
#ifndef HANDLER_OPENAPI_H
#define HANDLER_OPENAPI_H

#include "base/config.h"
#include "base/strbuf.h"
#include "handler/operation.h"
#include "http/router.h"

#include <stdbool.h>
#include <stdint.h>

struct document {
    struct strbuf *out;
    bool first; /* of the members of what is open */
    const struct config *config;
};

/* --- nested JSON: openapi_json.c. A key of NULL is for members of an array. --- */

void document_object(struct document *document, const char *key);
void document_array(struct document *document, const char *key);
void document_end_object(struct document *document);
void document_end_array(struct document *document);
void document_text(struct document *document, const char *key, const char *value);
void document_slice(struct document *document, const char *key, struct text value);
void document_integer(struct document *document, const char *key, int64_t value);
void document_bool(struct document *document, const char *key, bool value);
void document_format(struct document *document, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* JSON that is written already; to be followed by no other part of the same value. */
void document_raw(struct document *document, const char *key, struct text json);

/* Opens a place for JSON that the caller appends to document->out. */
void document_key(struct document *document, const char *key);

/* An object with "$ref" alone: to #/components/<kind>/<name>. */
void document_ref(struct document *document, const char *key, const char *kind, const char *name);

/* A text as JSON of what it stands for: a number where it is one, else a string. */
void document_value(struct document *document, const char *key, const char *value, bool is_raw);

/* A member with an array of strings. */
void document_names(struct document *document, const char *key, const char *const *names, size_t count);

/* A member with a schema of one type; prose may be NULL. */
void document_member(struct document *document, const char *name, const char *type, const char *prose);

/* Entity tags with commas between them, as RFC 9110 has them. */
#define PATTERN_TAGS "[ \\t]*(W/)?\"[^\"]*\"([ \\t]*,[ \\t]*(W/)?\"[^\"]*\")*[ \\t]*"

/* --- schemas --- */

/* Where a value of a field is met: rules that hold for it there. */
enum field_use {
    FIELD_IN_ANSWER, /* what the service shows */
    FIELD_IN_REQUEST,
    FIELD_IN_PATCH,     /* null takes a value away */
    FIELD_IN_PARAMETER, /* a string, whatever it stands for */
};

/* The members of a schema object for a field, without its braces: openapi_field.c. */
void document_field_members(struct document *document, const struct schema *schema, size_t field, enum field_use use);

/* The members of the schema of a parameter, without its braces: openapi_parameter.c. */
void document_parameter_members(struct document *document, const struct parameter *parameter);

/* A parameter object; in is "query" or "path". */
void document_parameter(struct document *document, const struct parameter *parameter, const char *in);

/* components.schemas: openapi_schemas.c. */
void document_schemas(struct document *document);

/* Of these, what lists show beside whole products: openapi_views.c. */
void document_views(struct document *document);

/* Of these, jobs and changes: openapi_queue.c. */
void document_queue(struct document *document);

/* Of these, deliveries of webhooks: openapi_webhook.c. */
void document_webhooks(struct document *document);

/* components.parameters, headers, responses and examples: openapi_shared.c. */
void document_shared(struct document *document);

/* References to what is shared, for one operation. */
void document_request_headers(struct document *document, unsigned headers);
void document_answer_headers(struct document *document, unsigned headers);
void document_problems(struct document *document, uint32_t problems);

/* paths: openapi_paths.c. */
void document_paths(struct document *document);

/* The whole: openapi.c. */
void openapi_write(struct strbuf *out, const struct config *config);

#endif

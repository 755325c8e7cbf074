/* paths: one object for each route, made of the table of routes and its operations. */
#include "openapi.h"

#include "handler/routes.h"

#include <stdio.h>
#include <string.h>

static const struct {
    enum http_method method;
    const char *key;
} methods[] = {
    {METHOD_GET, "get"}, {METHOD_POST, "post"}, {METHOD_PUT, "put"}, {METHOD_PATCH, "patch"}, {METHOD_DELETE, "delete"},
};

/* The parameters that the pattern has in braces. */
static void write_path_parameters(struct document *document, const char *pattern)
{
    char braced[64];

    for (size_t i = 0; i < path_parameter_count; i++) {
        (void)snprintf(braced, sizeof braced, "{%s}", path_parameters[i].name);
        if (strstr(pattern, braced) != NULL) {
            document_parameter(document, &path_parameters[i], "path");
        }
    }
}

static void write_parameters(struct document *document, const char *pattern, const struct operation *operation)
{
    document_array(document, "parameters");
    write_path_parameters(document, pattern);
    for (size_t i = 0; operation->parameters != NULL && operation->parameters[i] != NULL; i++) {
        document_parameter(document, operation->parameters[i], "query");
    }
    document_request_headers(document, operation->headers);
    document_end_array(document);
}

static void write_schema(struct document *document, const struct media *media)
{
    if (media->schema == NULL || media->list) {
        document_object(document, "schema");
        document_text(document, "type", media->schema == NULL ? "string" : "array");
        if (media->schema != NULL) {
            document_ref(document, "items", "schemas", media->schema);
        }
        document_end_object(document);
    } else {
        document_ref(document, "schema", "schemas", media->schema);
    }
}

static void write_content(struct document *document, const struct media *media)
{
    document_object(document, "content");
    for (size_t i = 0; i < MEDIA_MAX && media[i].type != NULL; i++) {
        document_object(document, media[i].type);
        write_schema(document, &media[i]);
        document_end_object(document);
    }
    document_end_object(document);
}

static void write_answers(struct document *document, const struct operation *operation)
{
    char status[8];

    document_object(document, "responses");
    for (size_t i = 0; i < ANSWERS_MAX && operation->answers[i].status != 0; i++) {
        const struct answer *answer = &operation->answers[i];

        (void)snprintf(status, sizeof status, "%d", answer->status);
        document_object(document, status);
        document_text(document, "description", answer->prose);
        document_answer_headers(document, answer->headers);
        if (answer->media[0].type != NULL) {
            write_content(document, answer->media);
        }
        document_end_object(document);
    }
    document_problems(document, operation->problems | PROBLEMS_OF_ALL);
    document_end_object(document);
}

static void write_operation(struct document *document, const char *key, const char *pattern,
                            const struct operation *operation)
{
    document_object(document, key);
    document_text(document, "operationId", operation->id);
    document_array(document, "tags");
    document_text(document, NULL, operation->tag);
    document_end_array(document);
    document_text(document, "summary", operation->summary);
    if (operation->prose != NULL) {
        document_text(document, "description", operation->prose);
    }
    write_parameters(document, pattern, operation);
    if (operation->consumes[0].type != NULL) {
        document_object(document, "requestBody");
        document_bool(document, "required", true);
        write_content(document, operation->consumes);
        document_end_object(document);
    }
    write_answers(document, operation);
    document_end_object(document);
}

void document_paths(struct document *document)
{
    document_object(document, "paths");
    for (size_t i = 0; i < route_count; i++) {
        document_object(document, routes[i].pattern);
        for (size_t k = 0; k < sizeof methods / sizeof methods[0]; k++) {
            const struct operation *operation = routes[i].operations[methods[k].method];

            if (operation != NULL) {
                write_operation(document, methods[k].key, routes[i].pattern, operation);
            }
        }
        document_end_object(document);
    }
    document_end_object(document);
}

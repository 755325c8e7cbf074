/* components.schemas: what goes in and comes out. */
#include "openapi.h"

#include "../problem_table.h"
#include "../product/batch_reader.h"
#include "domain/category.h"
#include "domain/product.h"
#include "domain/webhook.h"
#include "json/patch.h"

#include <string.h>

/* --- records --- */

struct record_schema {
    const char *name;
    const char *prose;
    const struct schema *schema;
    enum field_use use;
    bool with_id; /* in a request: the id may be repeated */
    bool is_tree; /* in an answer: those below it may be in it */
    bool has_secret;
};

static const struct record_schema record_schemas[] = {
    {"Product", "A product, as the service shows it.", &product_schema, FIELD_IN_ANSWER, false, false, false},
    {"ProductInput", "A product that is to be made.", &product_schema, FIELD_IN_REQUEST, false, false, false},
    {"ProductReplacement", "A product whole; the id, where it is there, must be that of the path.", &product_schema,
     FIELD_IN_REQUEST, true, false, false},
    {"ProductPatch",
     "A merge patch (RFC 7396): what is named is changed, and null takes a value away. What the server makes may be "
     "repeated, not changed.",
     &product_schema, FIELD_IN_PATCH, false, false, false},
    {"Category", "A category, as the service shows it.", &category_schema, FIELD_IN_ANSWER, false, false, false},
    {"CategoryNode", "A category of a list; in a tree with the categories right below it.", &category_schema,
     FIELD_IN_ANSWER, false, true, false},
    {"CategoryPatch",
     "A merge patch (RFC 7396): what is named is changed, and null takes a value away. What the server makes may be "
     "repeated, not changed.",
     &category_schema, FIELD_IN_PATCH, false, false, false},
    {"CategoryInput", "A category that is to be made.", &category_schema, FIELD_IN_REQUEST, false, false, false},
    {"Webhook", "A webhook, as the service shows it.", &webhook_schema, FIELD_IN_ANSWER, false, false, false},
    {"WebhookWithSecret", "A webhook with a secret that is new.", &webhook_schema, FIELD_IN_ANSWER, false, false, true},
    {"WebhookPatch",
     "A merge patch (RFC 7396): what is named is changed, and null takes a value away. What the server makes may be "
     "repeated, not changed.",
     &webhook_schema, FIELD_IN_PATCH, false, false, false},
    {"WebhookInput", "A webhook that is to be made.", &webhook_schema, FIELD_IN_REQUEST, false, false, false},
};

static bool has_field(const struct record_schema *record, const struct field *field)
{
    const bool is_id = strcmp(field->name, "id") == 0;

    return record->use != FIELD_IN_REQUEST || (field->flags & FIELD_SERVER) == 0 || (record->with_id && is_id);
}

static bool is_required(const struct record_schema *record, const struct field *field)
{
    return record->use == FIELD_IN_ANSWER || (record->use == FIELD_IN_REQUEST && (field->flags & FIELD_REQUIRED) != 0);
}

static void write_required(struct document *document, const struct record_schema *record)
{
    if (record->use == FIELD_IN_PATCH) {
        return;
    }
    document_array(document, "required");
    for (size_t i = 0; i < record->schema->count; i++) {
        if (is_required(record, &record->schema->fields[i])) {
            document_text(document, NULL, record->schema->fields[i].name);
        }
    }
    if (record->has_secret) {
        document_text(document, NULL, "secret");
    }
    document_end_array(document);
}

static void write_record(struct document *document, const struct record_schema *record)
{
    document_object(document, record->name);
    document_text(document, "type", "object");
    document_text(document, "description", record->prose);
    write_required(document, record);
    document_object(document, "properties");
    for (size_t i = 0; i < record->schema->count; i++) {
        const struct field *field = &record->schema->fields[i];

        if (has_field(record, field)) {
            document_object(document, field->name);
            document_field_members(document, record->schema, i, record->use);
            document_end_object(document);
        }
    }
    if (record->is_tree) {
        document_object(document, "children");
        document_text(document, "type", "array");
        document_ref(document, "items", "schemas", record->name);
        document_end_object(document);
    }
    if (record->has_secret) {
        document_object(document, "secret");
        document_text(document, "type", "string");
        document_text(document, "pattern", "^" WEBHOOK_SECRET_PREFIX "[A-Za-z0-9+/]+=*$");
        document_text(document, "description", "signs the events (HMAC-SHA256): shown once, in this answer");
        document_end_object(document);
    }
    document_end_object(document);
    /* Clients must bear members that later versions add to answers; the service takes none that it does not know. */
    if (record->use != FIELD_IN_ANSWER) {
        document_bool(document, "additionalProperties", false);
    }
    document_end_object(document);
}

/* --- small schemas, by hand --- */

static void open_object(struct document *document, const char *name, const char *prose)
{
    document_object(document, name);
    document_text(document, "type", "object");
    if (prose != NULL) {
        document_text(document, "description", prose);
    }
}

static void write_constant(struct document *document, const char *name, const char *value)
{
    document_object(document, name);
    document_text(document, "const", value);
    document_end_object(document);
}

static void write_string_list(struct document *document, const char *name, const char *prose)
{
    document_object(document, name);
    document_text(document, "type", "array");
    document_text(document, "description", prose);
    document_object(document, "items");
    document_text(document, "type", "string");
    document_end_object(document);
    document_end_object(document);
}

static void write_field_of(struct document *document, const char *name, size_t field)
{
    document_object(document, name);
    document_field_members(document, &product_schema, field, FIELD_IN_PARAMETER);
    document_end_object(document);
}

/* --- JSON patch --- */

static void write_patch_operation(struct document *document, const char *const *names, size_t count, const char *third)
{
    document_object(document, NULL);
    document_text(document, "type", "object");
    document_array(document, "required");
    document_text(document, NULL, "op");
    document_text(document, NULL, "path");
    if (third != NULL) {
        document_text(document, NULL, third);
    }
    document_end_array(document);
    document_object(document, "properties");
    document_object(document, "op");
    document_names(document, "enum", names, count);
    document_end_object(document);
    document_object(document, "path");
    document_text(document, "type", "string");
    document_text(document, "format", "json-pointer");
    document_end_object(document);
    if (third != NULL && strcmp(third, "from") == 0) {
        document_object(document, third);
        document_text(document, "type", "string");
        document_text(document, "format", "json-pointer");
        document_end_object(document);
    } else if (third != NULL) {
        document_object(document, third);
        document_text(document, "description", "any JSON, null too");
        document_end_object(document);
    }
    document_end_object(document);
    document_end_object(document);
}

static void write_json_patch(struct document *document)
{
    static const char *const with_value[] = {"add", "replace", "test"};
    static const char *const with_from[] = {"move", "copy"};
    static const char *const alone[] = {"remove"};

    document_object(document, "JsonPatch");
    document_text(document, "type", "array");
    document_text(document, "description",
                  "A JSON patch (RFC 6902), applied to the JSON that the service shows, whole or not at all.");
    document_integer(document, "maxItems", JSON_PATCH_OPERATIONS_MAX);
    document_object(document, "items");
    document_array(document, "oneOf");
    write_patch_operation(document, with_value, 3, "value");
    write_patch_operation(document, with_from, 2, "from");
    write_patch_operation(document, alone, 1, NULL);
    document_end_array(document);
    document_end_object(document);
    document_end_object(document);
}

/* --- batches --- */

static void write_batch_member(struct document *document, const char *member, const struct batch_shape *shape)
{
    if (strcmp(member, "op") == 0) {
        write_constant(document, member, shape->op);
    } else if (strcmp(member, "id") == 0) {
        write_field_of(document, member, PRODUCT_ID);
    } else if (strcmp(member, "sku") == 0) {
        write_field_of(document, member, PRODUCT_SKU);
    } else if (strcmp(member, "if_match") == 0) {
        document_object(document, member);
        document_text(document, "type", "string");
        document_text(document, "pattern", "^(\\*|0*[1-9][0-9]{0,17}|" PATTERN_TAGS ")$");
        document_text(document, "description", "as the header If-Match, or the digits of a version");
        document_array(document, "examples");
        document_text(document, NULL, "\"3\"");
        document_end_array(document);
        document_end_object(document);
    } else if (strcmp(member, "product") == 0) {
        document_ref(document, member, "schemas", "ProductInput");
    } else if (strcmp(member, "patch") == 0) {
        document_object(document, member);
        document_array(document, "oneOf");
        document_ref(document, NULL, "schemas", "ProductPatch");
        document_ref(document, NULL, "schemas", "JsonPatch");
        document_end_array(document);
        document_end_object(document);
    }
}

static void write_batch_shape(struct document *document, const struct batch_shape *shape)
{
    document_object(document, NULL);
    document_text(document, "title", shape->op);
    document_text(document, "type", "object");
    document_array(document, "required");
    for (size_t i = 0; i < shape->count; i++) {
        if (strcmp(shape->members[i], "if_match") != 0) {
            document_text(document, NULL, shape->members[i]);
        }
    }
    document_end_array(document);
    document_object(document, "properties");
    for (size_t i = 0; i < shape->count; i++) {
        write_batch_member(document, shape->members[i], shape);
    }
    document_end_object(document);
    document_bool(document, "additionalProperties", false);
    document_end_object(document);
}

static void write_batch_in(struct document *document)
{
    document_object(document, "BatchOperations");
    document_text(document, "type", "array");
    document_integer(document, "minItems", 1);
    document_integer(document, "maxItems", BATCH_OPERATIONS_MAX);
    document_ref(document, "items", "schemas", "BatchOperation");
    document_end_object(document);

    document_object(document, "BatchOperation");
    document_text(document, "description",
                  "One change of one product. One that breaks these rules is a 400 in its place of the answer.");
    document_array(document, "oneOf");
    for (size_t i = 0; i < batch_shape_count; i++) {
        write_batch_shape(document, &batch_shapes[i]);
    }
    document_end_array(document);
    document_end_object(document);
}

static void write_result(struct document *document, const char *title, const char *member, const char *schema)
{
    document_object(document, NULL);
    document_text(document, "title", title);
    document_text(document, "type", "object");
    document_array(document, "required");
    document_text(document, NULL, "status");
    if (member != NULL) {
        document_text(document, NULL, member);
    }
    document_end_array(document);
    document_object(document, "properties");
    document_member(document, "status", "integer", "the HTTP status that the operation would have had alone");
    if (schema != NULL) {
        document_ref(document, member, "schemas", schema);
    }
    if (member != NULL && schema == NULL) {
        write_field_of(document, member, PRODUCT_ID);
        write_field_of(document, "version", PRODUCT_VERSION);
    }
    document_end_object(document);
    document_bool(document, "additionalProperties", false);
    document_end_object(document);
}

static void write_batch_out(struct document *document)
{
    document_object(document, "BatchResult");
    document_text(document, "description", "What became of one operation.");
    document_array(document, "oneOf");
    write_result(document, "made or changed", "product", "Product");
    write_result(document, "made or changed, with Prefer: return=minimal", "id", NULL);
    write_result(document, "deleted", NULL, NULL);
    write_result(document, "failed", "problem", "OperationProblem");
    document_end_array(document);
    document_end_object(document);
}

/* --- problems --- */

static void write_types(struct document *document)
{
    document_object(document, "type");
    document_text(document, "type", "string");
    document_text(document, "format", "uri-reference");
    document_text(document, "description", "the path of the page that explains the problem");
    document_array(document, "enum");
    for (size_t i = 0; i < PROBLEM_COUNT; i++) {
        document_format(document, NULL, PROBLEM_TYPE_PREFIX "%s", problem_kinds[i].name);
    }
    document_end_array(document);
    document_end_object(document);
}

static void write_fault(struct document *document)
{
    static const char *const required[] = {"code", "detail"};
    static const char *const places[] = {"pointer", "parameter", "header"};

    open_object(document, "Fault", "One fault, with its place: exactly one of pointer, parameter and header.");
    document_names(document, "required", required, 2);
    document_object(document, "properties");
    document_member(document, "pointer", "string",
                    "a JSON pointer (RFC 6901) into the body; empty for the whole of it");
    document_member(document, "parameter", "string", "the name of a parameter in the query or the path");
    document_member(document, "header", "string", "the name of a header");
    document_member(document, "code", "string", "for programs: stable, such as required or too_long");
    document_member(document, "detail", "string", "for people: what is wrong and how to mend it");
    document_end_object(document);
    document_array(document, "oneOf");
    for (size_t i = 0; i < 3; i++) {
        document_object(document, NULL);
        document_names(document, "required", &places[i], 1);
        document_end_object(document);
    }
    document_end_array(document);
    document_end_object(document);
}

static void write_problem(struct document *document, const char *name, const char *prose, bool whole)
{
    static const char *const required[] = {"type",     "title", "status",    "detail",
                                           "instance", "error", "timestamp", "request_id"};

    open_object(document, name, prose);
    document_names(document, "required", required, whole ? 8 : 4);
    document_object(document, "properties");
    write_types(document);
    document_member(document, "title", "string", "the same for all problems of the type");
    document_member(document, "status", "integer", "the HTTP status");
    document_member(document, "detail", "string", "what happened this time, in one sentence");
    if (whole) {
        document_object(document, "instance");
        document_text(document, "type", "string");
        document_text(document, "format", "uri-reference");
        document_text(document, "description", "the path of the request");
        document_end_object(document);
        document_member(document, "error", "string", "the same as title");
        document_object(document, "timestamp");
        document_text(document, "type", "string");
        document_text(document, "format", "date-time");
        document_end_object(document);
        document_member(document, "request_id", "string", "the same as the header X-Request-Id");
    }
    document_member(document, "current_version", "integer", "of what was not of the version that If-Match names");
    write_string_list(document, "changed_fields", "what was changed since the version that If-Match names");
    document_object(document, "errors");
    document_text(document, "type", "array");
    document_ref(document, "items", "schemas", "Fault");
    document_end_object(document);
    document_end_object(document);
    document_end_object(document);
}

static void write_problem_kind(struct document *document)
{
    static const char *const required[] = {"type", "title", "status", "meaning", "cause", "remedy"};

    open_object(document, "ProblemKind", "What a type of problem is about.");
    document_names(document, "required", required, 6);
    document_object(document, "properties");
    document_member(document, "type", "string", NULL);
    document_member(document, "title", "string", NULL);
    document_member(document, "status", "integer", NULL);
    document_member(document, "meaning", "string", "what it says");
    document_member(document, "cause", "string", "why it happens");
    document_member(document, "remedy", "string", "how to mend it");
    document_member(document, "example", "object", "an answer with such a problem");
    document_end_object(document);
    document_end_object(document);
}

/* --- the service itself --- */

static void write_strings(struct document *document, const char *name, const char *const *members, size_t count)
{
    open_object(document, name, NULL);
    document_names(document, "required", members, count);
    document_object(document, "properties");
    for (size_t i = 0; i < count; i++) {
        document_member(document, members[i], "string", NULL);
    }
    document_end_object(document);
    document_end_object(document);
}

static void write_service(struct document *document)
{
    static const char *const live[] = {"status"};
    static const char *const ready[] = {"status", "postgres", "redis"};
    static const char *const paths[] = {"products", "categories", "openapi", "problems"};
    static const char *const openapi[] = {"openapi", "info", "paths", "components"};

    write_strings(document, "Liveness", live, 1);
    write_strings(document, "Readiness", ready, 3);
    write_strings(document, "Index", paths, 4);
    open_object(document, "Openapi", "A document of the OpenAPI specification, version 3.1.");
    document_names(document, "required", openapi, 4);
    document_bool(document, "additionalProperties", true);
    document_end_object(document);
}

void document_schemas(struct document *document)
{
    document_object(document, "schemas");
    for (size_t i = 0; i < sizeof record_schemas / sizeof record_schemas[0]; i++) {
        write_record(document, &record_schemas[i]);
    }
    document_views(document);
    document_queue(document);
    document_webhooks(document);
    write_json_patch(document);
    write_batch_in(document);
    write_batch_out(document);
    write_problem(document, "Problem", "What went wrong (RFC 9457).", true);
    write_problem(document, "OperationProblem", "What went wrong with one operation of a batch.", false);
    write_fault(document);
    write_problem_kind(document);
    write_service(document);
    document_end_object(document);
}

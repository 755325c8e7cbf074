/* Schemas of changes and of background jobs. */
#include "openapi.h"

#include "domain/job.h"
#include "domain/product.h"

static void write_field(struct document *document, const char *name, size_t field)
{
    document_object(document, name);
    document_field_members(document, &product_schema, field, FIELD_IN_ANSWER);
    document_end_object(document);
}

static void write_change(struct document *document)
{
    static const char *const required[] = {"cursor", "type", "id", "version", "at", "data"};
    static const char *const types[] = {"product.created",  "product.updated",  "product.deleted", "product.restored",
                                        "category.created", "category.updated", "category.deleted"};

    document_object(document, "Change");
    document_text(document, "type", "object");
    document_text(document, "description", "A committed change, and what was changed as it was after it.");
    document_names(document, "required", required, sizeof required / sizeof required[0]);
    document_object(document, "properties");
    document_member(document, "cursor", "string", "the feed is read on from here");
    document_object(document, "type");
    document_text(document, "type", "string");
    document_names(document, "enum", types, sizeof types / sizeof types[0]);
    document_end_object(document);
    write_field(document, "id", PRODUCT_ID);
    write_field(document, "version", PRODUCT_VERSION);
    write_field(document, "at", PRODUCT_UPDATED_AT);
    document_object(document, "data");
    document_array(document, "anyOf");
    document_ref(document, NULL, "schemas", "Product");
    document_ref(document, NULL, "schemas", "Category");
    document_end_array(document);
    document_end_object(document);
    document_end_object(document);
    document_end_object(document);
}

static void write_nullable(struct document *document, const char *name, const char *format, const char *prose)
{
    document_object(document, name);
    document_array(document, "type");
    document_text(document, NULL, "string");
    document_text(document, NULL, "null");
    document_end_array(document);
    if (format != NULL) {
        document_text(document, "format", format);
    }
    document_text(document, "description", prose);
    document_end_object(document);
}

static void write_job(struct document *document)
{
    static const char *const required[] = {"id",           "kind",     "state",      "attempts",
                                           "attempts_max", "progress", "last_error", "cancelling",
                                           "created_at",   "run_at",   "started_at", "ended_at"};

    document_object(document, "Job");
    document_text(document, "type", "object");
    document_text(document, "description", "A background job.");
    document_names(document, "required", required, sizeof required / sizeof required[0]);
    document_object(document, "properties");
    write_field(document, "id", PRODUCT_ID);
    document_member(document, "kind", "string", "what is done, such as purge");
    document_object(document, "state");
    document_text(document, "type", "string");
    document_names(document, "enum", job_state_names, JOB_STATE_COUNT);
    document_text(document, "description", "failed: no attempt is left, or none could succeed");
    document_end_object(document);
    document_member(document, "attempts", "integer", "how often it was begun");
    document_member(document, "attempts_max", "integer", "how often it is begun at most");
    document_member(document, "progress", "number", "0 to 1");
    write_nullable(document, "last_error", NULL, "why the last attempt failed");
    document_member(document, "cancelling", "boolean", "it runs, and has been asked to end");
    write_field(document, "created_at", PRODUCT_CREATED_AT);
    write_nullable(document, "run_at", "date-time", "it is not begun before; null where it is not queued");
    write_nullable(document, "started_at", "date-time", "when it was begun first");
    write_nullable(document, "ended_at", "date-time", "when it ended; null where it has not");
    document_end_object(document);
    document_end_object(document);
}

void document_queue(struct document *document)
{
    write_change(document);
    write_job(document);
}

/* Schemas of changes and of background jobs. */
#include "openapi.h"

#include "domain/import.h"
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

static void write_names_of(struct document *document, const char *name, const char *const *names, size_t count,
                           const char *prose)
{
    document_object(document, name);
    document_text(document, "type", "string");
    document_names(document, "enum", names, count);
    document_text(document, "description", prose);
    document_end_object(document);
}

static void write_differences(struct document *document)
{
    static const char *const changes[] = {"created", "updated"};

    document_object(document, "differences");
    document_text(document, "type", "array");
    document_text(document, "description", "of a dry run: what the first lines that change something would change");
    document_object(document, "items");
    document_text(document, "type", "object");
    document_object(document, "properties");
    document_member(document, "line", "integer", "of the file, from 1");
    write_names_of(document, "change", changes, 2, "what would become of the product");
    write_nullable(document, "id", "uuid", "of the product, where it has one");
    write_nullable(document, "sku", NULL, "of the line");
    document_object(document, "fields");
    document_text(document, "type", "object");
    document_text(document, "description", "by the name of a field what it is and what it would be");
    document_object(document, "additionalProperties");
    document_text(document, "type", "array");
    document_integer(document, "minItems", 2);
    document_integer(document, "maxItems", 2);
    document_end_object(document);
    document_end_object(document);
    document_end_object(document);
    document_end_object(document);
    document_end_object(document);
}

static void write_import(struct document *document)
{
    static const char *const required[] = {"id",      "state",   "format",    "mode",   "on_error",
                                           "dry_run", "phase",   "bytes",     "total",  "rows",
                                           "created", "updated", "unchanged", "failed", "progress"};
    static const char *const phases[] = {"check", "apply"};

    document_object(document, "Import");
    document_text(document, "type", "object");
    document_text(document, "description", "A file on its way into the catalogue.");
    document_names(document, "required", required, sizeof required / sizeof required[0]);
    document_object(document, "properties");
    write_field(document, "id", PRODUCT_ID);
    write_names_of(document, "state", job_state_names, JOB_STATE_COUNT, "of its job");
    write_names_of(document, "format", import_format_names, IMPORT_FORMAT_COUNT, "what the file turned out to be");
    write_names_of(document, "mode", import_mode_names, IMPORT_MODE_COUNT, "as it was asked for");
    write_names_of(document, "on_error", import_on_error_names, IMPORT_ON_ERROR_COUNT, "as it was asked for");
    document_member(document, "dry_run", "boolean", "as it was asked for");
    write_nullable(document, "category_id", "uuid", "as it was asked for");
    write_names_of(document, "phase", phases, 2, "whether lines are being checked or applied; a dry run only checks");
    document_member(document, "bytes", "integer", "of the file");
    document_member(document, "total", "integer", "lines of the file that stand for products");
    document_member(document, "rows", "integer", "of these, read in this phase");
    document_member(document, "created", "integer", "products that were made");
    document_member(document, "updated", "integer", "products that were changed");
    document_member(document, "unchanged", "integer", "lines that say what is so already");
    document_member(document, "failed", "integer", "lines that could not be applied: see errors");
    document_member(document, "progress", "number", "0 to 1");
    write_differences(document);
    write_nullable(document, "last_error", NULL, "why it failed");
    write_nullable(document, "created_at", "date-time", "when the file was whole");
    write_nullable(document, "started_at", "date-time", "when it was begun");
    write_nullable(document, "ended_at", "date-time", "when it ended; null where it has not");
    document_end_object(document);
    document_end_object(document);
}

void document_queue(struct document *document)
{
    write_change(document);
    write_job(document);
    write_import(document);
}

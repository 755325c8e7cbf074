/* The schema of deliveries of webhooks. */
#include "openapi.h"

#include "domain/product.h"
#include "domain/webhook.h"

static void write_field(struct document *document, const char *name, size_t field)
{
    document_object(document, name);
    document_field_members(document, &product_schema, field, FIELD_IN_ANSWER);
    document_end_object(document);
}

static void write_pattern(struct document *document, const char *name, const char *pattern, const char *prose)
{
    document_object(document, name);
    document_text(document, "type", "string");
    document_text(document, "pattern", pattern);
    document_text(document, "description", prose);
    document_end_object(document);
}

static void write_nullable(struct document *document, const char *name, const char *type, const char *prose)
{
    document_object(document, name);
    document_array(document, "type");
    document_text(document, NULL, type);
    document_text(document, NULL, "null");
    document_end_array(document);
    document_text(document, "description", prose);
    document_end_object(document);
}

void document_webhooks(struct document *document)
{
    static const char *const required[] = {
        "id",
        "cursor",
        "type",
        "subject_id",
        "subject_version",
        "state",
        "attempts",
        "next_attempt_at",
        "last_attempt_at",
        "response_status",
        "response_body",
        "duration_ms",
        "last_error",
        "created_at",
        "ended_at",
    };

    document_object(document, "Delivery");
    document_text(document, "type", "object");
    document_text(document, "description", "An event on its way to a webhook, or what became of it.");
    document_names(document, "required", required, sizeof required / sizeof required[0]);
    document_object(document, "properties");
    write_pattern(document, "id", "^evt_[0-9]+_[0-9]+$", "the event's, as in the header webhook-id");
    write_pattern(document, "cursor", "^[0-9]+\\.[0-9]+$", "the event's place in the feed");
    document_object(document, "type");
    document_text(document, "type", "string");
    document_names(document, "enum", webhook_types, WEBHOOK_EVENT_COUNT);
    document_end_object(document);
    write_field(document, "subject_id", PRODUCT_ID);
    write_field(document, "subject_version", PRODUCT_VERSION);
    document_object(document, "state");
    document_text(document, "type", "string");
    document_names(document, "enum", delivery_state_names, DELIVERY_STATE_COUNT);
    document_text(document, "description", "failed: given up, as no attempt is left");
    document_end_object(document);
    document_member(document, "attempts", "integer", "how often it was sent");
    write_nullable(document, "next_attempt_at", "string",
                   "when it is sent next; null where it has ended, or waits for an earlier one of the same thing");
    write_nullable(document, "last_attempt_at", "string", "when it was sent last");
    write_nullable(document, "response_status", "integer", "the HTTP status of the last answer");
    write_nullable(document, "response_body", "string", "the first bytes of the last answer");
    write_nullable(document, "duration_ms", "integer", "how long the last attempt took");
    write_nullable(document, "last_error", "string", "why the last attempt failed");
    write_field(document, "created_at", PRODUCT_CREATED_AT);
    write_nullable(document, "ended_at", "string", "when it was delivered or given up");
    document_end_object(document);
    document_end_object(document);
}

/* Webhooks and deliveries as JSON. */
#include "handler/webhook_json.h"

#include "json/record.h"
#include "json/writer.h"

#define ALL_FIELDS ((UINT32_C(1) << WEBHOOK_FIELD_COUNT) - 1)

/* A secret is of letters that need no escape. */
void webhook_write(struct strbuf *out, const struct record *webhook, struct text secret)
{
    if (secret.data == NULL) {
        json_write_record(out, &webhook_schema, webhook);
        return;
    }
    struct strbuf member;
    strbuf_init(&member, 256);
    strbuf_printf(&member, "\"secret\":\"%.*s\"", TEXT_PRINT(secret));
    json_write_record_part(out, &webhook_schema, webhook, ALL_FIELDS, strbuf_text(&member));
    strbuf_free(&member);
}

static void write_digits(struct strbuf *out, bool *first, const char *name, struct text digits)
{
    json_write_key(out, first, name);
    strbuf_append_text(out, digits.data != NULL ? digits : TEXT("null"));
}

void delivery_write(struct strbuf *out, const struct delivery *delivery)
{
    char id[WEBHOOK_EVENT_ID_SIZE];
    char cursor[FEED_CURSOR_TEXT_SIZE];
    bool first = true;

    webhook_event_id_encode(&delivery->place, id);
    feed_cursor_encode(&delivery->place, cursor);
    strbuf_append_char(out, '{');
    json_write_member(out, &first, "id", text_of(id));
    json_write_member(out, &first, "cursor", text_of(cursor));
    json_write_member(out, &first, "type", delivery->type);
    json_write_member(out, &first, "subject_id", delivery->subject);
    write_digits(out, &first, "subject_version", delivery->version);
    json_write_member(out, &first, "state", text_of(delivery_state_names[delivery->state]));
    write_digits(out, &first, "attempts", delivery->attempts);
    json_write_member(out, &first, "next_attempt_at", delivery->next_attempt_at);
    json_write_member(out, &first, "last_attempt_at", delivery->last_attempt_at);
    write_digits(out, &first, "response_status", delivery->response_status);
    json_write_member(out, &first, "response_body", delivery->response_body);
    write_digits(out, &first, "duration_ms", delivery->duration_ms);
    json_write_member(out, &first, "last_error", delivery->last_error);
    json_write_member(out, &first, "created_at", delivery->created_at);
    json_write_member(out, &first, "ended_at", delivery->ended_at);
    strbuf_append_char(out, '}');
}

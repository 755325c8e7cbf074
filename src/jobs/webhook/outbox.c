/* Deliveries under way. They are a few hundred at most, so that lists are searched from their beginning. */
#include "outbox.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "base/utf8.h"
#include "jobs/webhook_signature.h"
#include "json/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAYLOAD_MAX ((size_t)16 * 1024 * 1024)

struct item {
    struct item *next;
    struct arena *arena;
    struct outbox_key key; /* in the arena, as subject and url */
    struct text subject;
    struct text url;
    uint64_t attempts; /* this one included */
    struct strbuf body;
    struct courier_result result;
};

/* --- what is sent --- */

static void write_payload(struct strbuf *out, const struct outbox_delivery *delivery)
{
    char cursor[FEED_CURSOR_TEXT_SIZE];
    bool first = true;

    feed_cursor_encode(&delivery->key.place, cursor);
    strbuf_append_char(out, '{');
    json_write_member(out, &first, "type", delivery->type);
    json_write_member(out, &first, "timestamp", delivery->at);
    json_write_member(out, &first, "cursor", text_of(cursor));
    json_write_key(out, &first, "data");
    strbuf_append_text(out, delivery->data);
    strbuf_append_char(out, '}');
}

/* Hands an item to the courier; false, with the reason in its result, where that cannot be. */
static bool post(struct item *item, struct courier *courier, const struct outbox_delivery *delivery)
{
    const struct text secrets[] = {delivery->secret, delivery->previous_secret};
    char *error = item->result.error;
    const size_t error_size = sizeof item->result.error;
    char id[WEBHOOK_EVENT_ID_SIZE];
    char timestamp[32];
    char signatures[WEBHOOK_SIGNATURES_SIZE];

    write_payload(&item->body, delivery);
    if (item->body.overflowed) {
        (void)snprintf(error, error_size, "the event is larger than %zu bytes", PAYLOAD_MAX);
        return false;
    }
    webhook_event_id_encode(&delivery->key.place, id);
    (void)snprintf(timestamp, sizeof timestamp, "%lld", (long long)(clock_unix_us() / 1000000));
    if (!webhook_sign(text_of(id), text_of(timestamp), strbuf_text(&item->body), secrets, 2, signatures)) {
        (void)snprintf(error, error_size, "the event cannot be signed; rotate the secret");
        return false;
    }
    const struct courier_request request = {
        .url = item->url.data,
        .headers = {arena_printf(item->arena, "webhook-id: %s", id).data,
                    arena_printf(item->arena, "webhook-timestamp: %s", timestamp).data,
                    arena_printf(item->arena, "webhook-signature: %s", signatures).data},
        .body = strbuf_text(&item->body),
        .context = item,
    };
    if (!courier_send(courier, &request)) {
        (void)snprintf(error, error_size, "the request cannot be made");
        return false;
    }
    return true;
}

/* --- items --- */

static struct item *item_new(const struct outbox_delivery *delivery)
{
    struct item *item = memory_new(1, sizeof *item);

    item->arena = arena_new(1024);
    item->key = delivery->key;
    item->key.webhook = arena_copy(item->arena, delivery->key.webhook);
    item->key.made = arena_copy(item->arena, delivery->key.made);
    item->subject = arena_copy(item->arena, delivery->subject);
    item->url = arena_copy(item->arena, delivery->url);
    item->attempts = delivery->attempts + 1;
    strbuf_init(&item->body, PAYLOAD_MAX);
    return item;
}

static void item_free(struct item *item)
{
    strbuf_free(&item->body);
    arena_free(item->arena);
    free(item);
}

static void append_ended(struct outbox *outbox, struct item *item)
{
    item->next = NULL;
    *(outbox->ended != NULL ? outbox->end : &outbox->ended) = item;
    outbox->end = &item->next;
}

/* How many of the webhook are in the list; *same is set where one is of that subject. */
static uint64_t count_in(const struct item *list, struct text webhook, struct text subject, bool *same)
{
    uint64_t count = 0;

    for (; list != NULL; list = list->next) {
        if (text_equal(list->key.webhook, webhook)) {
            count++;
            *same = *same || text_equal(list->subject, subject);
        }
    }
    return count;
}

void outbox_send(struct outbox *outbox, struct courier *courier, const struct outbox_delivery *delivery, uint64_t most)
{
    bool same = false;
    const uint64_t count = count_in(outbox->sent, delivery->key.webhook, delivery->subject, &same);
    struct item *item;

    (void)count_in(outbox->ended, delivery->key.webhook, delivery->subject, &same);
    if (same || count >= most) {
        return;
    }
    item = item_new(delivery);
    if (post(item, courier, delivery)) {
        item->next = outbox->sent;
        outbox->sent = item;
        outbox->under_way++;
    } else {
        append_ended(outbox, item);
    }
    outbox->bytes += item->body.length;
}

size_t outbox_full(const struct outbox *outbox, struct arena *arena, uint64_t most, struct text **webhooks)
{
    size_t count = 0;

    *webhooks = arena_alloc(arena, (outbox->under_way + 1) * sizeof **webhooks);
    for (const struct item *item = outbox->sent; item != NULL; item = item->next) {
        bool same = false;
        /* Told once: by the last of its webhook in the list. */
        if (count_in(item->next, item->key.webhook, item->subject, &same) == 0 &&
            count_in(outbox->sent, item->key.webhook, item->subject, &same) >= most) {
            (*webhooks)[count++] = item->key.webhook;
        }
    }
    return count;
}

void outbox_collect(struct outbox *outbox, struct courier *courier)
{
    struct courier_result result;

    while (courier_next(courier, &result)) {
        struct item *item = result.context;
        struct item **at = &outbox->sent;

        while (*at != item) {
            at = &(*at)->next;
        }
        *at = item->next;
        outbox->under_way--;
        item->result = result;
        append_ended(outbox, item);
    }
}

/* --- what came of it --- */

/* What came back, fit to be shown: each byte that is not UTF-8, and each NUL, as a question mark. */
static struct text shown_body(struct arena *arena, const struct courier_result *result)
{
    char *copy = arena_alloc(arena, result->body_length + 1);
    size_t at = 0;

    memcpy(copy, result->body, result->body_length);
    while (at < result->body_length) {
        const struct text rest = {.data = copy + at, .length = result->body_length - at};
        const size_t valid = utf8_valid_prefix(rest);

        if (valid < rest.length) {
            copy[at + valid] = '?';
        }
        at += valid < rest.length ? valid + 1 : valid;
    }
    for (size_t i = 0; i < result->body_length; i++) {
        if (copy[i] == '\0') {
            copy[i] = '?';
        }
    }
    return (struct text){.data = copy, .length = result->body_length};
}

static struct text error_of(struct arena *arena, const struct item *item, const struct webhook_verdict *verdict)
{
    const int status = item->result.answer.status;

    if (verdict->state == DELIVERY_DELIVERED) {
        return TEXT_ABSENT;
    }
    if (status == 0) {
        return arena_printf(arena, "%s", item->result.error);
    }
    return arena_printf(arena, "the endpoint answered %d%s", status,
                        status >= 300 && status < 400 ? ", and redirects are not followed" : "");
}

static void tell(const struct item *item, const struct outbox_outcome *outcome)
{
    char id[WEBHOOK_EVENT_ID_SIZE];

    webhook_event_id_encode(&item->key.place, id);
    if (outcome->verdict.state == DELIVERY_FAILED) {
        log_warning("webhook %.*s: %s is given up after attempt %llu: %.*s", TEXT_PRINT(item->key.webhook), id,
                    (unsigned long long)item->attempts, TEXT_PRINT(outcome->error));
    } else {
        log_debug("webhook %.*s: %s: attempt %llu took %lld ms: %.*s", TEXT_PRINT(item->key.webhook), id,
                  (unsigned long long)item->attempts, (long long)outcome->duration_ms,
                  TEXT_PRINT(outcome->error.data != NULL ? outcome->error : TEXT("delivered")));
    }
}

size_t outbox_outcomes(const struct outbox *outbox, struct arena *arena, const struct config *config,
                       struct outbox_outcome *outcomes, size_t most)
{
    size_t count = 0;

    for (const struct item *item = outbox->ended; item != NULL && count < most; item = item->next) {
        const struct webhook_answer *answer = &item->result.answer;
        struct outbox_outcome *outcome = &outcomes[count++];

        *outcome = (struct outbox_outcome){
            .key = item->key,
            .url = item->url,
            .verdict = webhook_judge(answer, item->attempts, &config->webhook_retries, clock_jitter(UINT32_MAX)),
            .duration_ms = item->result.duration_ms,
        };
        if (answer->status > 0) {
            outcome->response_status = arena_printf(arena, "%d", answer->status);
            outcome->response_body = shown_body(arena, &item->result);
        }
        outcome->error = error_of(arena, item, &outcome->verdict);
        tell(item, outcome);
    }
    return count;
}

void outbox_forget(struct outbox *outbox, size_t count)
{
    for (; count > 0 && outbox->ended != NULL; count--) {
        struct item *item = outbox->ended;

        outbox->ended = item->next;
        outbox->bytes -= item->body.length;
        item_free(item);
    }
}

void outbox_free(struct outbox *outbox)
{
    outbox_forget(outbox, SIZE_MAX);
    while (outbox->sent != NULL) {
        struct item *item = outbox->sent;

        outbox->sent = item->next;
        item_free(item);
    }
    *outbox = (struct outbox){0};
}

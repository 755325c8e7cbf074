/* Webhooks: fields and rules. */
#include "domain/webhook.h"

#include "base/hash.h"
#include "domain/webhook_target.h"

#include <stdio.h>

const char *const webhook_types[] = {
    "product.created",  "product.updated",  "product.deleted",  "product.restored",
    "category.created", "category.updated", "category.deleted", "webhook.disabled",
    "product.*",        "category.*",       "webhook.*",        "*",
};
const size_t webhook_type_count = sizeof webhook_types / sizeof webhook_types[0];

static const char *const states[] = {"active", "disabled"};

static const struct field fields[WEBHOOK_FIELD_COUNT] = {
    [WEBHOOK_ID] =
        {
            .name = "id",
            .kind = FIELD_UUID,
            .flags = FIELD_SERVER,
            .prose = "UUID, made by the server",
            .example = "0193a7bf-04d1-7b50-8f6c-2f1d3a4b5c6d",
        },
    [WEBHOOK_URL] =
        {
            .name = "url",
            .kind = FIELD_ENDPOINT,
            .flags = FIELD_REQUIRED,
            .max_length = WEBHOOK_URL_MAX,
            .prose = "where events are posted to: https, without user and fragment, to a public address",
            .example = "https://example.org/hooks/wares",
        },
    [WEBHOOK_TYPES] =
        {
            .name = "types",
            .kind = FIELD_CHOICES,
            .max_length = WEBHOOK_TYPES_MAX,
            .choices = webhook_types,
            .choice_count = sizeof webhook_types / sizeof webhook_types[0],
            .default_value = "[\"*\"]",
            .prose = "the types of the events that are sent; a * stands for all of a kind",
            .example = "[\"product.*\"]",
        },
    [WEBHOOK_DESCRIPTION] =
        {
            .name = "description",
            .kind = FIELD_LINE,
            .flags = FIELD_NULLABLE,
            .max_length = 200,
            .prose = "one line, for people",
            .example = "the warehouse",
        },
    [WEBHOOK_STATE] =
        {
            .name = "state",
            .kind = FIELD_CHOICE,
            .choices = states,
            .choice_count = sizeof states / sizeof states[0],
            .default_value = "active",
            .prose = "nothing is sent to one that is disabled; made active again it goes on where it stopped",
            .example = "active",
        },
    [WEBHOOK_DISABLED_REASON] =
        {
            .name = "disabled_reason",
            .kind = FIELD_LINE,
            .flags = FIELD_SERVER | FIELD_NULLABLE,
            .prose = "why the service has disabled it; null where it has not",
            .example = "the endpoint answered 410: it wants no more events",
        },
    [WEBHOOK_PREVIOUS_SECRET_UNTIL] =
        {
            .name = "previous_secret_until",
            .kind = FIELD_TIMESTAMP,
            .flags = FIELD_SERVER | FIELD_NULLABLE,
            .prose = "until when events are signed with the secret before the last rotation too",
            .example = "2026-11-24T09:15:02.123456Z",
        },
    [WEBHOOK_VERSION] =
        {
            .name = "version",
            .kind = FIELD_INTEGER,
            .flags = FIELD_SERVER,
            .prose = "1 at first, one more with each change",
            .example = "1",
        },
    [WEBHOOK_CREATED_AT] =
        {
            .name = "created_at",
            .kind = FIELD_TIMESTAMP,
            .flags = FIELD_SERVER,
            .prose = "when it was made, RFC 3339 in UTC",
            .example = "2026-11-23T09:15:02.123456Z",
        },
    [WEBHOOK_UPDATED_AT] =
        {
            .name = "updated_at",
            .kind = FIELD_TIMESTAMP,
            .flags = FIELD_SERVER,
            .prose = "when it was changed last, RFC 3339 in UTC",
            .example = "2026-11-23T09:15:02.123456Z",
        },
};

const struct schema webhook_schema = {.name = "webhook", .fields = fields, .count = WEBHOOK_FIELD_COUNT};

_Static_assert(WEBHOOK_FIELD_COUNT <= FIELDS_MAX, "a record holds every field");

bool webhook_type_matches(struct text pattern, struct text type)
{
    if (text_equal(pattern, TEXT("*")) || text_equal(pattern, type)) {
        return true;
    }
    return pattern.length > 2 && pattern.data[pattern.length - 1] == '*' && pattern.data[pattern.length - 2] == '.' &&
           text_starts_with(type, (struct text){.data = pattern.data, .length = pattern.length - 1});
}

/* --- deliveries --- */

#define EVENT_PREFIX "evt_"

const char *const delivery_state_names[DELIVERY_STATE_COUNT] = {
    [DELIVERY_PENDING] = "pending",
    [DELIVERY_DELIVERED] = "delivered",
    [DELIVERY_FAILED] = "failed",
};

void webhook_event_id_encode(const struct feed_cursor *place, char out[WEBHOOK_EVENT_ID_SIZE])
{
    (void)snprintf(out, WEBHOOK_EVENT_ID_SIZE, EVENT_PREFIX "%llu_%llu", (unsigned long long)place->xid,
                   (unsigned long long)place->seq);
}

bool webhook_event_id_decode(struct text text, struct feed_cursor *place)
{
    struct text seq = TEXT_ABSENT;
    char cursor[FEED_CURSOR_TEXT_SIZE];

    if (!text_starts_with(text, TEXT(EVENT_PREFIX)) || text.length >= WEBHOOK_EVENT_ID_SIZE) {
        return false;
    }
    text.data += sizeof EVENT_PREFIX - 1;
    text.length -= sizeof EVENT_PREFIX - 1;
    const struct text xid = text_split(text, '_', &seq);
    const int length = snprintf(cursor, sizeof cursor, "%.*s.%.*s", TEXT_PRINT(xid), TEXT_PRINT(seq));
    return length > 0 && (size_t)length < sizeof cursor && feed_cursor_decode(text_of(cursor), place);
}

uint64_t delivery_query_fingerprint(const struct delivery_query *query)
{
    const struct text state = query->has_state ? text_of(delivery_state_names[query->state]) : TEXT_ABSENT;

    return hash_add(hash_add(hash_add(HASH_START, TEXT("delivery")), query->webhook), state);
}

#define MS_PER_S INT64_C(1000)
#define QUIET_MAX_S INT64_C(86400)
#define JITTER_PART 5 /* a fifth of a delay is added at random, at most */

enum { TOO_MANY_REQUESTS = 429, SERVICE_UNAVAILABLE = 503, GONE = 410 };

static int64_t quiet_of(const struct webhook_answer *answer)
{
    const bool may_ask = answer->status == TOO_MANY_REQUESTS || answer->status == SERVICE_UNAVAILABLE;

    if (!may_ask || answer->retry_after_s <= 0) {
        return 0;
    }
    return (answer->retry_after_s < QUIET_MAX_S ? answer->retry_after_s : QUIET_MAX_S) * MS_PER_S;
}

struct webhook_verdict webhook_judge(const struct webhook_answer *answer, uint64_t attempts,
                                     const struct config_delays *retries, uint32_t random)
{
    struct webhook_verdict verdict = {.state = DELIVERY_DELIVERED};

    if (answer->status >= 200 && answer->status < 300) {
        return verdict;
    }
    verdict.gone = answer->status == GONE;
    verdict.quiet_ms = quiet_of(answer);
    if (attempts > retries->count) {
        verdict.state = DELIVERY_FAILED;
        return verdict;
    }
    verdict.state = DELIVERY_PENDING;
    verdict.delay_ms = attempts > 0 ? retries->seconds[attempts - 1] * MS_PER_S : 0;
    verdict.delay_ms += (int64_t)random % (verdict.delay_ms / JITTER_PART + 1);
    if (verdict.delay_ms < verdict.quiet_ms) {
        verdict.delay_ms = verdict.quiet_ms;
    }
    return verdict;
}

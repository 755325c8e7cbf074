/* What a webhook is, and what a delivery of it: fields, types of events, and what is made of an answer. Pure.
 *
 * Webhooks are those of the Standard Webhooks specification, version 1.0.0. */
#ifndef DOMAIN_WEBHOOK_H
#define DOMAIN_WEBHOOK_H

#include "base/config.h"
#include "domain/cursor.h"
#include "domain/feed_cursor.h"
#include "domain/field.h"

#include <stdbool.h>
#include <stdint.h>

#define WEBHOOKS_MAX 100 /* of one database */
#define WEBHOOK_TYPES_MAX 16
#define WEBHOOK_ANSWER_KEPT 1024 /* bytes of an answer's body that a delivery shows */
#define WEBHOOK_ERROR_MAX 200    /* bytes of last_error, with NUL */
#define WEBHOOK_SECRET_BYTES 32
#define WEBHOOK_SECRET_PREFIX "whsec_"

enum webhook_field {
    WEBHOOK_ID,
    WEBHOOK_URL,
    WEBHOOK_TYPES,
    WEBHOOK_DESCRIPTION,
    WEBHOOK_STATE,
    WEBHOOK_DISABLED_REASON,
    WEBHOOK_PREVIOUS_SECRET_UNTIL,
    WEBHOOK_VERSION,
    WEBHOOK_CREATED_AT,
    WEBHOOK_UPDATED_AT,
    WEBHOOK_FIELD_COUNT,
};

extern const struct schema webhook_schema;

/* The types of events, and behind them the patterns that stand for several: "product.*". */
#define WEBHOOK_EVENT_COUNT 8
extern const char *const webhook_types[];
extern const size_t webhook_type_count;

/* True where the pattern is the type, "*", or its first part with ".*" behind it. */
bool webhook_type_matches(struct text pattern, struct text type);

/* --- deliveries --- */

/* An event's id is made of its place in the feed: the same for every endpoint, attempt and replay. It has no point in it,
 * which the specification asks for. "evt_8123_17". */
#define WEBHOOK_EVENT_ID_SIZE (FEED_CURSOR_TEXT_SIZE + 4)
void webhook_event_id_encode(const struct feed_cursor *place, char out[WEBHOOK_EVENT_ID_SIZE]);
bool webhook_event_id_decode(struct text text, struct feed_cursor *place);

enum delivery_state {
    DELIVERY_PENDING, /* to be sent, or sent again */
    DELIVERY_DELIVERED,
    DELIVERY_FAILED, /* given up */
    DELIVERY_STATE_COUNT
};

extern const char *const delivery_state_names[DELIVERY_STATE_COUNT];

/* A delivery as it is shown. Timestamps are RFC 3339, numbers digits; what is not there is absent. */
struct delivery {
    struct feed_cursor place;
    struct text type;
    struct text subject; /* id of what was changed */
    struct text version; /* of it */
    enum delivery_state state;
    struct text attempts;
    struct text next_attempt_at; /* absent: it has ended, or waits for an earlier one of the same thing */
    struct text last_attempt_at;
    struct text response_status; /* of the last attempt: absent where there was no answer */
    struct text response_body;   /* its first bytes */
    struct text duration_ms;
    struct text last_error;
    struct text created_at;
    struct text ended_at;
};

/* What a list of deliveries may ask for: the newest event first. */
struct delivery_query {
    struct text webhook;
    bool has_state;
    enum delivery_state state;
    uint32_t limit;
    bool has_place;
    struct feed_cursor place; /* the list goes on behind it */
};

uint64_t delivery_query_fingerprint(const struct delivery_query *query);

/* What came of an attempt. */
struct webhook_answer {
    int status;            /* of HTTP; 0: there was no answer */
    int64_t retry_after_s; /* -1: not told */
};

struct webhook_verdict {
    enum delivery_state state;
    int64_t delay_ms; /* of DELIVERY_PENDING: until the next attempt */
    int64_t quiet_ms; /* nothing is sent to the endpoint for so long: it asked for that; 0: it did not */
    bool gone;        /* it wants nothing any more (410) */
};

/* attempts counts this one. random is any number. An endpoint may ask for no more than a day of quiet. */
struct webhook_verdict webhook_judge(const struct webhook_answer *answer, uint64_t attempts,
                                     const struct config_delays *retries, uint32_t random);

#endif

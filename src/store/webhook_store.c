/* Reading webhooks and their deliveries. */
#include "store/webhook_store.h"

#include "row.h"

#include "base/log.h"
#include "domain/timestamp.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

enum status webhook_store_get(struct pg *pg, struct scope *scope, struct text id, struct stored_record *webhook)
{
    return row_load(pg, scope, "webhook_get", &webhook_schema, "webhook WHERE id = $1 AND NOT deleted", id, webhook);
}

enum status webhook_store_list(struct pg *pg, struct scope *scope, struct record **webhooks, size_t *count)
{
    const char *sql = arena_printf(scope->arena, "SELECT %s FROM webhook WHERE NOT deleted ORDER BY created_at, id",
                                   row_columns(scope->arena, &webhook_schema))
                          .data;
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "webhook_list", sql, true, NULL, 0, &result);

    if (status == STATUS_OK) {
        *count = pg_rows(result);
        status = row_read_all(scope->arena, &webhook_schema, result, *count, webhooks);
    }
    return status;
}

enum status webhook_store_floor(struct pg *pg, struct scope *scope, struct feed_cursor *floor)
{
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "webhook_floor", "SELECT xid, seq FROM change_floor", true, NULL, 0, &result);

    if (status == STATUS_OK && (pg_rows(result) == 0 || !text_to_u64(pg_value(result, 0, 0), &floor->xid) ||
                                !text_to_u64(pg_value(result, 0, 1), &floor->seq))) {
        log_error("postgres: change_floor is not of one row");
        return STATUS_INTERNAL;
    }
    return status;
}

/* --- deliveries --- */

/* The webhook is there even where it has no delivery. One that is asked for again is pending already. */
#define DELIVERY                                                                                                       \
    "d.xid, d.seq, d.type, d.subject, d.version, CASE WHEN d.asked THEN 'pending' ELSE d.state END, "                  \
    "d.attempts, CASE WHEN d.asked THEN now() ELSE d.next_at END, d.attempted_at, d.response_status, "                 \
    "d.response_body, d.duration_ms, d.last_error, d.created_at, CASE WHEN NOT d.asked THEN d.ended_at END "
#define OF_WEBHOOK                                                                                                     \
    "SELECT " DELIVERY "FROM webhook w LEFT JOIN LATERAL (SELECT * FROM webhook_delivery WHERE webhook_id = w.id AND "
#define END_OF_WEBHOOK ") d ON true WHERE w.id = $1 AND NOT w.deleted"

enum {
    XID,
    SEQ,
    TYPE,
    SUBJECT,
    VERSION,
    STATE,
    ATTEMPTS,
    NEXT_AT,
    ATTEMPTED_AT,
    RESPONSE_STATUS,
    RESPONSE_BODY,
    DURATION,
    LAST_ERROR,
    CREATED_AT,
    ENDED_AT
};

static bool read_state(struct text name, enum delivery_state *state)
{
    for (unsigned i = 0; i < DELIVERY_STATE_COUNT; i++) {
        if (text_equal(name, text_of(delivery_state_names[i]))) {
            *state = (enum delivery_state)i;
            return true;
        }
    }
    return false;
}

static bool read_time(struct arena *arena, struct text value, struct text *out)
{
    char *formatted = arena_alloc(arena, TIMESTAMP_LENGTH + 1);

    *out = TEXT_ABSENT;
    if (value.data == NULL) {
        return true;
    }
    *out = text_of(formatted);
    return timestamp_from_postgres(value, formatted) && (out->length = TIMESTAMP_LENGTH) > 0;
}

static enum status read_delivery(struct arena *arena, const struct pg_result *result, size_t row,
                                 struct delivery *delivery)
{
    *delivery = (struct delivery){
        .type = pg_value(result, row, TYPE),
        .subject = pg_value(result, row, SUBJECT),
        .version = pg_value(result, row, VERSION),
        .attempts = pg_value(result, row, ATTEMPTS),
        .response_status = pg_value(result, row, RESPONSE_STATUS),
        .response_body = pg_value(result, row, RESPONSE_BODY),
        .duration_ms = pg_value(result, row, DURATION),
        .last_error = pg_value(result, row, LAST_ERROR),
    };
    if (!text_to_u64(pg_value(result, row, XID), &delivery->place.xid) ||
        !text_to_u64(pg_value(result, row, SEQ), &delivery->place.seq) ||
        !read_state(pg_value(result, row, STATE), &delivery->state) ||
        !read_time(arena, pg_value(result, row, NEXT_AT), &delivery->next_attempt_at) ||
        !read_time(arena, pg_value(result, row, ATTEMPTED_AT), &delivery->last_attempt_at) ||
        !read_time(arena, pg_value(result, row, CREATED_AT), &delivery->created_at) ||
        !read_time(arena, pg_value(result, row, ENDED_AT), &delivery->ended_at)) {
        log_error("postgres: a delivery of a webhook has a key, a state or a timestamp of no known form");
        return STATUS_INTERNAL;
    }
    return STATUS_OK;
}

enum status webhook_store_delivery(struct pg *pg, struct scope *scope, struct text webhook,
                                   const struct feed_cursor *place, struct delivery *delivery)
{
    const struct text values[] = {webhook, pg_decimal(scope, place->xid), pg_decimal(scope, place->seq)};
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "webhook_delivery", OF_WEBHOOK "xid = $2::text::xid8 AND seq = $3" END_OF_WEBHOOK, true,
                values, LENGTH(values), &result);

    if (status == STATUS_OK && (pg_rows(result) == 0 || pg_value(result, 0, XID).data == NULL)) {
        return STATUS_NOT_FOUND;
    }
    return status == STATUS_OK ? read_delivery(scope->arena, result, 0, delivery) : status;
}

/* $2 and $3 the place, $4 how many. The states are written out, so that the index of each serves. */
#define PAGE(filter)                                                                                                   \
    OF_WEBHOOK "(xid, seq) < ($2::text::xid8, $3::bigint)" filter                                                      \
               " ORDER BY xid DESC, seq DESC LIMIT $4" END_OF_WEBHOOK " ORDER BY d.xid DESC, d.seq DESC"

static const struct {
    const char *name;
    const char *sql;
} lists[DELIVERY_STATE_COUNT + 1] = {
    [DELIVERY_PENDING] = {"webhook_deliveries_pending", PAGE(" AND state = 'pending'")},
    [DELIVERY_DELIVERED] = {"webhook_deliveries_delivered", PAGE(" AND state = 'delivered'")},
    [DELIVERY_FAILED] = {"webhook_deliveries_failed", PAGE(" AND state = 'failed'")},
    [DELIVERY_STATE_COUNT] = {"webhook_deliveries", PAGE("")},
};

enum status webhook_store_deliveries(struct pg *pg, struct scope *scope, const struct delivery_query *query,
                                     struct delivery **deliveries, size_t *count, bool *more)
{
    const unsigned shape = query->has_state ? query->state : DELIVERY_STATE_COUNT;
    const struct text values[] = {
        query->webhook, pg_decimal(scope, query->has_place ? query->place.xid : UINT64_MAX),
        pg_decimal(scope, query->has_place ? query->place.seq : INT64_MAX),
        pg_decimal(scope, (uint64_t)query->limit + 1), /* one more tells whether another page follows */
    };
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, lists[shape].name, lists[shape].sql, true, values, LENGTH(values), &result);

    if (status != STATUS_OK) {
        return status;
    }
    if (pg_rows(result) == 0) {
        return STATUS_NOT_FOUND;
    }
    const size_t found = pg_value(result, 0, XID).data == NULL ? 0 : pg_rows(result);
    *more = found > query->limit;
    *count = *more ? query->limit : found;
    *deliveries = arena_alloc(scope->arena, (*count + 1) * sizeof(**deliveries));
    for (size_t i = 0; i < *count && status == STATUS_OK; i++) {
        status = read_delivery(scope->arena, result, i, &(*deliveries)[i]);
    }
    return status;
}

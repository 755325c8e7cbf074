/* The runner's statements about webhooks. What holds of the rows, and why no lock is needed, stands in
 * migrations/0012_webhooks.sql. */
#include "store/webhook_outbox.h"

#include "pg_array.h"

#include "base/log.h"
#include "domain/timestamp.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

#define HEEDED_MAX "100"

/* --- what was asked for --- */

/* In a replay the feed is read again from a place; what is pending behind that comes with it. Events of webhooks are not in
 * the feed, and stay.
 *
 * One that is to be sent again takes its place in its line: it is the first, or waits for an earlier one, and a later one
 * that was first is that no more. */
static const char heed_sql[] = JOB_HELD
    ", again AS MATERIALIZED ("
    "  SELECT w.id, w.replay_xid AS xid, w.replay_seq AS seq FROM webhook w, held WHERE w.replay_xid IS NOT NULL"
    "), moved AS ("
    "  UPDATE webhook w SET xid = a.xid, seq = a.seq, replay_xid = NULL, replay_seq = NULL FROM again a "
    /* Another may have been asked for since: it stays asked for. */
    "  WHERE w.id = a.id AND (w.replay_xid, w.replay_seq) = (a.xid, a.seq) RETURNING w.id, a.xid, a.seq"
    "), dropped AS ("
    "  DELETE FROM webhook_delivery d USING moved m WHERE d.webhook_id = m.id AND d.state = 'pending' "
    "  AND (d.xid, d.seq) > (m.xid, m.seq) AND d.type NOT LIKE 'webhook.%'"
    "), asked AS MATERIALIZED ("
    "  SELECT d.webhook_id, d.xid, d.seq, d.subject FROM webhook_delivery d, held WHERE d.asked "
    /* One statement changes a row once. */
    "  AND NOT EXISTS (SELECT FROM again a WHERE a.id = d.webhook_id) "
    "  ORDER BY d.webhook_id, d.xid, d.seq LIMIT " HEEDED_MAX "), first AS MATERIALIZED ("
    "  SELECT DISTINCT ON (a.webhook_id, a.subject) a.webhook_id, a.subject, a.xid, a.seq, EXISTS ("
    "    SELECT FROM webhook_delivery e WHERE e.webhook_id = a.webhook_id AND e.subject = a.subject "
    "    AND e.state = 'pending' AND (e.xid, e.seq) < (a.xid, a.seq)) AS waits "
    "  FROM asked a ORDER BY a.webhook_id, a.subject, a.xid, a.seq"
    "), revived AS ("
    "  UPDATE webhook_delivery d SET asked = false, state = 'pending', ended_at = NULL, "
    "  attempts = CASE WHEN d.state = 'pending' THEN d.attempts ELSE 0 END, "
    "  made = CASE WHEN d.state = 'pending' THEN d.made "
    "    ELSE nextval(pg_get_serial_sequence('webhook_delivery', 'made')) END, "
    "  next_at = CASE WHEN NOT f.waits AND (f.xid, f.seq) = (d.xid, d.seq) THEN now() END "
    "  FROM asked a JOIN first f USING (webhook_id, subject) "
    "  WHERE d.webhook_id = a.webhook_id AND d.xid = a.xid AND d.seq = a.seq"
    "), demoted AS ("
    "  UPDATE webhook_delivery d SET next_at = NULL FROM first f "
    "  WHERE d.webhook_id = f.webhook_id AND d.subject = f.subject AND d.state = 'pending' AND NOT d.asked "
    "  AND d.next_at IS NOT NULL AND (d.xid, d.seq) > (f.xid, f.seq)"
    ") SELECT EXISTS (SELECT FROM held), EXISTS (SELECT FROM again) OR EXISTS (SELECT FROM asked)";

enum status webhook_outbox_heed(struct pg *pg, struct scope *scope, const struct job_hold *hold, bool *more)
{
    const struct text values[] = {hold->id, hold->fence};
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "webhook_heed", heed_sql, false, values, LENGTH(values), &result);

    if (status != STATUS_OK) {
        return status;
    }
    *more = pg_is_true(result, 0, 1);
    return pg_is_true(result, 0, 0) ? STATUS_OK : STATUS_STALE;
}

enum status webhook_outbox_prove(struct pg *pg, struct scope *scope, const struct job_hold *hold)
{
    static const char sql[] = JOB_HELD ", proven AS (UPDATE job j SET attempts = 1 FROM held WHERE j.id = held.id) "
                                       "SELECT EXISTS (SELECT FROM held)";
    const struct text values[] = {hold->id, hold->fence};
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "webhook_prove", sql, false, values, LENGTH(values), &result);

    return status == STATUS_OK && !pg_is_true(result, 0, 0) ? STATUS_STALE : status;
}

/* --- of the feed --- */

/* $3 how many changes of each webhook. As in feed_store.c only rows below the snapshot's xmin are read: none that is
 * committed later can come before them. A webhook's place moves with what was read, whether it wanted that or not.
 *
 * A delivery of the same key is there where the feed is read again: it is made anew. */
static const char fill_sql[] =
    JOB_HELD ", reader AS MATERIALIZED ("
             "  SELECT w.id, w.types, w.xid, w.seq, (w.xid, w.seq) < (f.xid, f.seq) AS missed "
             "  FROM webhook w, change_floor f, held WHERE w.state = 'active' AND NOT w.deleted"
             "), read AS MATERIALIZED ("
             "  SELECT r.id AS webhook_id, r.types, c.* FROM reader r CROSS JOIN LATERAL ("
             "    SELECT c.xid, c.seq, c.type, c.id AS subject, c.version, c.at, c.data FROM change c "
             "    WHERE (c.xid, c.seq) > (r.xid, r.seq) AND c.xid < pg_snapshot_xmin(pg_current_snapshot()) "
             "    AND NOT EXISTS (SELECT FROM webhook_delivery d WHERE d.webhook_id = r.id AND d.state = 'pending' "
             "      OFFSET " TEXT_OF(
                 OUTBOX_BACKLOG_MAX) ") "
                                     "    ORDER BY c.xid, c.seq LIMIT $3) c"
                                     "), wanted AS ("
                                     "  SELECT *, row_number() OVER (PARTITION BY webhook_id, subject ORDER BY xid, "
                                     "seq) AS turn FROM read r "
                                     "  WHERE EXISTS (SELECT FROM json_array_elements_text(r.types::json) p "
                                     "    WHERE p = '*' OR p = r.type OR (right(p, 2) = '.*' AND starts_with(r.type, "
                                     "left(p, -1))))"
                                     "), made AS ("
                                     "  INSERT INTO webhook_delivery AS d (webhook_id, xid, seq, type, subject, "
                                     "version, at, data, next_at) "
                                     "  SELECT webhook_id, xid, seq, type, subject, version, at, data, CASE WHEN turn "
                                     "= 1 AND NOT EXISTS ("
                                     "    SELECT FROM webhook_delivery e WHERE e.webhook_id = n.webhook_id AND "
                                     "e.subject = n.subject "
                                     "    AND e.state = 'pending') THEN now() END "
                                     "  FROM wanted n ORDER BY webhook_id, xid, seq "
                                     "  ON CONFLICT (webhook_id, xid, seq) DO UPDATE SET state = 'pending', made = "
                                     "excluded.made, asked = false, "
                                     "  attempts = 0, next_at = excluded.next_at, ended_at = NULL RETURNING 1"
                                     "), moved AS ("
                                     "  UPDATE webhook w SET xid = m.xid, seq = m.seq FROM ("
                                     "    SELECT DISTINCT ON (webhook_id) webhook_id, xid, seq FROM read ORDER BY "
                                     "webhook_id, xid DESC, seq DESC) m "
                                     "  WHERE w.id = m.webhook_id RETURNING w.id"
                                     ") SELECT EXISTS (SELECT FROM held), (SELECT count(*) FROM reader), (SELECT "
                                     "count(*) FROM read), "
                                     "(SELECT count(*) FROM made), "
                                     "(SELECT count(*) FROM reader r WHERE missed AND EXISTS (SELECT FROM read WHERE "
                                     "webhook_id = r.id))";

enum status webhook_outbox_fill(struct pg *pg, struct scope *scope, const struct job_hold *hold, uint64_t limit,
                                struct outbox_fill *fill)
{
    const struct text values[] = {hold->id, hold->fence, pg_decimal(scope, limit)};
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "webhook_fill", fill_sql, false, values, LENGTH(values), &result);

    if (status != STATUS_OK) {
        return status;
    }
    *fill = (struct outbox_fill){
        .webhooks = pg_number(result, 0, 1),
        .read = pg_number(result, 0, 2),
        .made = pg_number(result, 0, 3),
        .gaps = pg_number(result, 0, 4),
    };
    return pg_is_true(result, 0, 0) ? STATUS_OK : STATUS_STALE;
}

/* --- what is due --- */

/* $1 how many of each webhook, $2 those left out. */
static const char take_sql[] =
    "SELECT d.webhook_id, d.xid, d.seq, d.made, d.subject, d.attempts, w.url, w.secret, "
    "CASE WHEN w.previous_secret_until > now() THEN w.previous_secret END, d.type, d.at, d.data "
    "FROM webhook w CROSS JOIN LATERAL (SELECT * FROM webhook_delivery d WHERE d.webhook_id = w.id "
    "  AND d.next_at <= now() ORDER BY d.next_at LIMIT $1) d "
    "WHERE w.state = 'active' AND NOT w.deleted AND w.id <> ALL ((SELECT $2::text[]::uuid[])::uuid[]) "
    "AND (w.quiet_until IS NULL OR w.quiet_until <= now())";

enum { WEBHOOK, XID, SEQ, MADE, SUBJECT, ATTEMPTS, URL, SECRET, PREVIOUS_SECRET, TYPE, AT, DATA };

enum status webhook_outbox_take(struct pg *pg, struct scope *scope, uint64_t for_each, const struct text *full,
                                size_t full_count, size_t bytes_max, struct outbox_delivery **deliveries, size_t *count)
{
    struct text values[] = {pg_decimal(scope, for_each), TEXT_ABSENT};
    struct pg_result *result = NULL;
    struct pg_array left_out;
    bool cut = false;
    enum status status = STATUS_TOO_LARGE;

    if (pg_array_of(&left_out, full, full_count, &values[1])) {
        status = pg_read_bounded(pg, scope, "webhook_take", take_sql, bytes_max, values, LENGTH(values),
                                 PG_ARRAYS(1, 1), &result, &cut);
    }
    pg_array_free(&left_out);
    if (status != STATUS_OK) {
        return status;
    }
    *count = pg_rows(result);
    *deliveries = arena_alloc(scope->arena, (*count + 1) * sizeof(**deliveries));
    for (size_t i = 0; i < *count; i++) {
        char *at = arena_alloc(scope->arena, TIMESTAMP_LENGTH + 1);

        if (!timestamp_from_postgres(pg_value(result, i, AT), at)) {
            log_error("postgres: a delivery of a webhook has a timestamp of no known form");
            return STATUS_INTERNAL;
        }
        (*deliveries)[i] = (struct outbox_delivery){
            .key = {.webhook = pg_value(result, i, WEBHOOK),
                    .place = {pg_number(result, i, XID), pg_number(result, i, SEQ)},
                    .made = pg_value(result, i, MADE)},
            .subject = pg_value(result, i, SUBJECT),
            .attempts = pg_number(result, i, ATTEMPTS),
            .url = pg_value(result, i, URL),
            .secret = pg_value(result, i, SECRET),
            .previous_secret = pg_value(result, i, PREVIOUS_SECRET),
            .type = pg_value(result, i, TYPE),
            .at = text_of(at),
            .data = pg_value(result, i, DATA),
        };
    }
    return STATUS_OK;
}

/* --- what came of it --- */

/* $3 to $15 the columns of outcomes, $16 seconds. The next in a line gets its turn where the first has ended; the one that
 * is tried again stays the first, unless an earlier one was asked for meanwhile.
 *
 * A webhook's row is touched only where something changes for it. Whoever wants to know of one that is disabled gets an
 * event, which is in no feed, and has its key from the feed's sequence. */
static const char settled_sql[] = JOB_HELD
    ", given AS MATERIALIZED ("
    "  SELECT webhook_id, xid::xid8 AS xid, seq, made, state, delay, quiet, gone, status, body, error, duration, url "
    "  FROM "
    "  unnest($3::text[]::uuid[], $4::text[], $5::text[]::bigint[], $6::text[]::bigint[], $7::text[], "
    "    $8::text[]::bigint[], $9::text[]::bigint[], $10::text[]::boolean[], $11::text[]::integer[], $12::text[], "
    "    $13::text[], $14::text[]::bigint[], "
    "    $15::text[]) "
    "    g (webhook_id, xid, seq, made, state, delay, quiet, gone, status, body, error, duration, url), held"
    "), settled AS ("
    "  UPDATE webhook_delivery d SET attempts = d.attempts + 1, state = g.state, attempted_at = now(), "
    "  ended_at = CASE WHEN g.state <> 'pending' THEN now() END, "
    "  next_at = CASE WHEN g.state = 'pending' AND NOT EXISTS (SELECT FROM webhook_delivery e "
    "    WHERE e.webhook_id = d.webhook_id AND e.subject = d.subject AND e.state = 'pending' "
    "    AND (e.xid, e.seq) < (d.xid, d.seq)) THEN now() + g.delay * interval '1 ms' END, "
    "  response_status = g.status, response_body = g.body, last_error = g.error, duration_ms = g.duration "
    "  FROM given g WHERE d.webhook_id = g.webhook_id AND d.xid = g.xid AND d.seq = g.seq AND d.made = g.made "
    "  AND d.state = 'pending' RETURNING d.webhook_id, d.subject, d.xid, d.seq, d.state"
    "), promoted AS ("
    "  UPDATE webhook_delivery d SET next_at = now() FROM settled s CROSS JOIN LATERAL ("
    "    SELECT n.xid, n.seq, n.next_at FROM webhook_delivery n WHERE n.webhook_id = s.webhook_id "
    "    AND n.subject = s.subject AND n.state = 'pending' AND (n.xid, n.seq) <> (s.xid, s.seq) "
    "    ORDER BY n.xid, n.seq LIMIT 1) n "
    "  WHERE s.state <> 'pending' AND d.webhook_id = s.webhook_id AND d.xid = n.xid AND d.seq = n.seq "
    "  AND n.next_at IS NULL"
    ")";

/* The rest of the statement: what the endpoints' health is. $16 is the age of a failure that disables. What came of a
 * request to an address that the webhook has no more says nothing of the one that it has. */
static const char health_sql[] =
    ", health AS MATERIALIZED ("
    "  SELECT w.id, h.url, h.good, h.gone, h.quiet, "
    "  NOT h.good AND w.failing_since < now() - $16 * interval '1 s' AS lasting FROM ("
    "    SELECT webhook_id, url, bool_or(state = 'delivered') AS good, bool_or(gone) AS gone, max(quiet) AS quiet "
    "    FROM given GROUP BY webhook_id, url) h JOIN webhook w ON w.id = h.webhook_id AND w.url = h.url "
    "  WHERE w.state = 'active' AND (h.gone OR h.quiet > 0 OR h.good = (w.failing_since IS NOT NULL) "
    "    OR (NOT h.good AND w.failing_since < now() - $16 * interval '1 s'))"
    "), noted AS ("
    "  UPDATE webhook w SET failing_since = CASE WHEN h.good THEN NULL ELSE coalesce(w.failing_since, now()) END, "
    "  quiet_until = CASE WHEN h.quiet > 0 THEN now() + h.quiet * interval '1 ms' ELSE w.quiet_until END, "
    "  state = CASE WHEN h.gone OR h.lasting THEN 'disabled' ELSE w.state END, "
    "  disabled_reason = CASE WHEN h.gone THEN 'the endpoint answered 410: it wants no more events' "
    "    WHEN h.lasting THEN 'every attempt has failed since ' || "
    "      to_char(w.failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') END, "
    "  version = w.version + CASE WHEN h.gone OR h.lasting THEN 1 ELSE 0 END, "
    "  updated_at = CASE WHEN h.gone OR h.lasting THEN greatest(now(), w.updated_at + interval '1 us') "
    "    ELSE w.updated_at END, "
    "  field_version = CASE WHEN h.gone OR h.lasting THEN coalesce(w.field_version, '{}') || "
    "    jsonb_build_object('state', w.version + 1) ELSE w.field_version END "
    "  FROM health h WHERE w.id = h.id AND w.url = h.url AND w.state = 'active' "
    "  RETURNING w.id, w.state, w.url, w.disabled_reason, w.version, w.updated_at"
    "), told AS ("
    "  INSERT INTO webhook_delivery (webhook_id, xid, seq, type, subject, version, at, data, next_at) "
    "  SELECT w.id, pg_current_xact_id(), nextval(pg_get_serial_sequence('change', 'seq')), 'webhook.disabled', n.id, "
    "  n.version, n.updated_at, json_build_object('id', n.id, 'url', n.url, 'state', n.state, 'disabled_reason', "
    "    n.disabled_reason)::text, "
    "  CASE WHEN NOT EXISTS (SELECT FROM webhook_delivery e WHERE e.webhook_id = w.id AND e.subject = n.id "
    "    AND e.state = 'pending') THEN now() END "
    "  FROM noted n JOIN webhook w ON w.id <> n.id AND w.state = 'active' AND NOT w.deleted AND EXISTS ("
    "    SELECT FROM json_array_elements_text(w.types::json) p WHERE p IN ('*', 'webhook.*', 'webhook.disabled')) "
    "  WHERE n.state = 'disabled' AND NOT EXISTS (SELECT FROM health h WHERE h.id = w.id AND (h.gone OR h.lasting))"
    ") SELECT NULL, NULL WHERE EXISTS (SELECT FROM held) UNION ALL "
    "SELECT id, disabled_reason FROM noted WHERE state = 'disabled'";

enum { COLUMNS = 13, HOLD = 2 };

static void append_number(struct scope *scope, struct pg_array *array, int64_t value)
{
    pg_array_append(array, arena_printf(scope->arena, "%lld", (long long)value));
}

static void append_outcome(struct scope *scope, struct pg_array column[COLUMNS], const struct outbox_outcome *outcome)
{
    pg_array_append(&column[0], outcome->key.webhook);
    pg_array_append(&column[1], pg_decimal(scope, outcome->key.place.xid));
    append_number(scope, &column[2], (int64_t)outcome->key.place.seq);
    pg_array_append(&column[3], outcome->key.made);
    pg_array_append(&column[4], text_of(delivery_state_names[outcome->verdict.state]));
    append_number(scope, &column[5], outcome->verdict.delay_ms);
    append_number(scope, &column[6], outcome->verdict.quiet_ms);
    pg_array_append(&column[7], outcome->verdict.gone ? TEXT("t") : TEXT("f"));
    pg_array_append(&column[8], outcome->response_status);
    pg_array_append(&column[9], outcome->response_body);
    pg_array_append(&column[10], outcome->error);
    append_number(scope, &column[11], outcome->duration_ms);
    pg_array_append(&column[12], outcome->url);
}

static enum status settle(struct pg *pg, struct scope *scope, const struct job_hold *hold, struct pg_array *column,
                          int64_t disable_after_s, struct pg_result **result)
{
    struct text values[HOLD + COLUMNS + 1] = {hold->id, hold->fence};

    for (size_t i = 0; i < COLUMNS; i++) {
        if (!pg_array_end(&column[i], &values[HOLD + i])) {
            return STATUS_TOO_LARGE;
        }
    }
    values[HOLD + COLUMNS] = pg_decimal(scope, (uint64_t)disable_after_s);
    const char *sql = arena_printf(scope->arena, "%s%s", settled_sql, health_sql).data;
    return pg_exec_arrays(pg, scope, "webhook_settle", sql, false, values, LENGTH(values), PG_ARRAYS(HOLD, COLUMNS),
                          result);
}

enum status webhook_outbox_settle(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                  const struct outbox_outcome *outcomes, size_t count, int64_t disable_after_s,
                                  struct outbox_disabled **disabled, size_t *disabled_count)
{
    struct pg_array column[COLUMNS];
    struct pg_result *result = NULL;

    for (size_t i = 0; i < COLUMNS; i++) {
        pg_array_init(&column[i]);
    }
    for (size_t i = 0; i < count; i++) {
        append_outcome(scope, column, &outcomes[i]);
    }
    const enum status status = settle(pg, scope, hold, column, disable_after_s, &result);
    for (size_t i = 0; i < COLUMNS; i++) {
        pg_array_free(&column[i]);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (pg_rows(result) == 0) {
        return STATUS_STALE;
    }
    *disabled_count = pg_rows(result) - 1;
    *disabled = arena_alloc(scope->arena, (*disabled_count + 1) * sizeof(**disabled));
    for (size_t i = 0; i < *disabled_count; i++) {
        (*disabled)[i] = (struct outbox_disabled){pg_value(result, i + 1, 0), pg_value(result, i + 1, 1)};
    }
    return STATUS_OK;
}

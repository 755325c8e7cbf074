/* Reading and writing how far live events are. */
#include "store/event_store.h"

#include "base/log.h"

/* Times of the window are Postgres's own, whoever asks. */
#define RELIED "interval '" TEXT_OF(EVENT_RELIED_S) " s'"
#define NOTED "interval '" TEXT_OF(EVENT_NOTED_S) " s'"
#define WANTED "interval '" TEXT_OF(EVENT_WANTED_S) " s'"

static bool read_place(const struct pg_result *result, size_t column, struct feed_cursor *place)
{
    return text_to_u64(pg_value(result, 0, column), &place->xid) &&
           text_to_u64(pg_value(result, 0, column + 1), &place->seq);
}

/* Epoch, xid and seq are the first columns. */
static enum status read_relay(const struct pg_result *result, struct event_relay *relay)
{
    if (pg_rows(result) == 0) {
        return STATUS_NOT_FOUND;
    }
    relay->epoch = pg_value(result, 0, 0);
    if (!read_place(result, 1, &relay->place)) {
        log_error("postgres: event_relay has a place of no known form");
        return STATUS_INTERNAL;
    }
    return STATUS_OK;
}

enum status event_store_relay(struct pg *pg, struct scope *scope, struct event_relay *relay)
{
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "event_relay", "SELECT epoch, xid, seq FROM event_relay", true, NULL, 0, &result);

    return status == STATUS_OK ? read_relay(result, relay) : status;
}

/* The last kept place that is not behind the cursor. One that is old will not do: the front server forgets. But where the
 * feed has nothing between the cursor and where the relay is, nothing can be forgotten, and any place will do. */
enum status event_store_start(struct pg *pg, struct scope *scope, const struct feed_cursor *after,
                              struct event_start *start)
{
    static const char sql[] =
        "SELECT r.epoch, r.xid, r.seq, p.at IS NOT NULL, r.wanted_at > now() - " NOTED " FROM event_relay r "
        "CROSS JOIN (SELECT $1::xid8 AS xid, $2::bigint AS seq) a "
        "CROSS JOIN LATERAL ("
        "  SELECT (r.xid, r.seq) <= (a.xid, a.seq) OR "
        "    EXISTS (SELECT FROM change_floor f WHERE (f.xid, f.seq) <= (a.xid, a.seq)) AND NOT EXISTS ("
        "      SELECT FROM change c WHERE (c.xid, c.seq) > (a.xid, a.seq) AND (c.xid, c.seq) <= (r.xid, r.seq)) AS told"
        ") seen LEFT JOIN LATERAL ("
        "  SELECT at FROM event_place WHERE epoch = r.epoch AND (seen.told OR (xid, seq) <= (a.xid, a.seq)) "
        "  ORDER BY xid DESC, seq DESC LIMIT 1"
        ") p ON p.at > now() - " RELIED " OR seen.told";
    const struct text values[] = {pg_decimal(scope, after->xid), pg_decimal(scope, after->seq)};
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "event_start", sql, true, values, 2, &result);

    *start = (struct event_start){0};
    status = status == STATUS_OK ? read_relay(result, &start->relay) : status;
    start->held = status == STATUS_OK && pg_is_true(result, 0, 3);
    start->wanted = status == STATUS_OK && pg_is_true(result, 0, 4);
    return status;
}

enum status event_store_want(struct pg *pg, struct scope *scope)
{
    static const char sql[] = "UPDATE event_relay SET wanted_at = now() WHERE wanted_at <= now() - " NOTED;
    struct pg_result *result = NULL;

    return pg_exec(pg, scope, "event_want", sql, false, NULL, 0, &result);
}

/* $1 and $2 the hold, $3 epoch, $4 and $5 the place or NULL, $6 age. Places of other epochs go. */
static const char begin_sql[] =
    JOB_HELD ", gone AS (DELETE FROM event_place USING held WHERE epoch <> $3::uuid), "
             "relay AS (INSERT INTO event_relay AS r (epoch, xid, seq) "
             "SELECT $3::uuid, coalesce($4::xid8, o.xid, pg_snapshot_xmin(pg_current_snapshot())), "
             "coalesce($5::bigint, o.seq, 0) "
             "FROM held LEFT JOIN event_relay o ON true "
             "ON CONFLICT (one) DO UPDATE SET epoch = excluded.epoch, xid = excluded.xid, seq = excluded.seq "
             "RETURNING xid, seq), "
             "first AS (INSERT INTO event_place (epoch, xid, seq, at) "
             "SELECT $3::uuid, xid, seq, now() - $6::bigint * interval '1 ms' FROM relay) "
             "SELECT xid, seq FROM relay";

enum status event_store_begin(struct pg *pg, struct scope *scope, const struct job_hold *hold, struct text epoch,
                              const struct feed_cursor *from, int64_t age_ms, struct feed_cursor *place)
{
    const struct text values[] = {
        hold->id,
        hold->fence,
        epoch,
        from != NULL ? pg_decimal(scope, from->xid) : TEXT_ABSENT,
        from != NULL ? pg_decimal(scope, from->seq) : TEXT_ABSENT,
        pg_decimal(scope, (uint64_t)age_ms),
    };
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "event_begin", begin_sql, false, values, sizeof(values) / sizeof(values[0]), &result);

    if (status != STATUS_OK) {
        return status;
    }
    if (pg_rows(result) == 0) {
        return STATUS_STALE;
    }
    return read_place(result, 0, place) ? STATUS_OK : STATUS_INTERNAL;
}

/* $4 and $5 the new place, $6 and $7 the one before, $8 whether that is kept, $9 age. */
static const char move_sql[] =
    JOB_HELD ", moved AS (UPDATE event_relay SET xid = $4::xid8, seq = $5::bigint FROM held WHERE epoch = $3::uuid "
             "RETURNING 1), "
             "added AS (INSERT INTO event_place (epoch, xid, seq, at) "
             "SELECT $3::uuid, $6::xid8, $7::bigint, now() - $9::bigint * interval '1 ms' FROM moved "
             "WHERE $8::boolean ON CONFLICT (epoch, xid, seq) DO NOTHING), "
             "gone AS (DELETE FROM event_place p USING moved WHERE p.epoch = $3::uuid AND p.at < now() - " RELIED " "
             "AND (p.xid, p.seq) < (SELECT xid, seq FROM event_place WHERE epoch = $3::uuid ORDER BY xid DESC, seq "
             "DESC LIMIT 1)) "
             "SELECT FROM moved";

enum status event_store_move(struct pg *pg, struct scope *scope, const struct job_hold *hold, struct text epoch,
                             const struct event_batch *batch)
{
    const struct text values[] = {
        hold->id,
        hold->fence,
        epoch,
        pg_decimal(scope, batch->last.xid),
        pg_decimal(scope, batch->last.seq),
        pg_decimal(scope, batch->before.xid),
        pg_decimal(scope, batch->before.seq),
        batch->placed ? TEXT("t") : TEXT("f"),
        pg_decimal(scope, (uint64_t)batch->age_ms),
    };
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "event_move", move_sql, false, values, sizeof(values) / sizeof(values[0]), &result);

    return status == STATUS_OK && pg_rows(result) == 0 ? STATUS_STALE : status;
}

/* What runs still may commit below it later: no more than that is passed over. The row is locked by who notes that he comes
 * and by who passes over, so that each knows of the other. */
static const char pass_sql[] =
    JOB_HELD ", passed AS (UPDATE event_relay SET xid = pg_snapshot_xmin(pg_current_snapshot()), seq = 0 FROM held "
             "WHERE epoch = $3::uuid AND wanted_at < now() - " WANTED " RETURNING xid, seq), "
             "gone AS (DELETE FROM event_place p USING passed WHERE p.epoch = $3::uuid AND (p.xid, p.seq) <> "
             "(passed.xid, passed.seq)), "
             "first AS (INSERT INTO event_place (epoch, xid, seq, at) SELECT $3::uuid, xid, seq, now() FROM passed "
             "ON CONFLICT (epoch, xid, seq) DO UPDATE SET at = excluded.at) "
             "SELECT xid, seq FROM passed";

enum status event_store_pass(struct pg *pg, struct scope *scope, const struct job_hold *hold, struct text epoch,
                             struct feed_cursor *place)
{
    const struct text values[] = {hold->id, hold->fence, epoch};
    struct pg_result *result = NULL;
    const enum status status =
        pg_exec(pg, scope, "event_pass", pass_sql, false, values, sizeof(values) / sizeof(values[0]), &result);

    if (status != STATUS_OK) {
        return status;
    }
    if (pg_rows(result) == 0) {
        return STATUS_NOT_FOUND;
    }
    return read_place(result, 0, place) ? STATUS_OK : STATUS_INTERNAL;
}

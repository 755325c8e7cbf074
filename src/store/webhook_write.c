/* The statements that change webhooks, or ask for deliveries. They are few in a day, so that each is one statement whether
 * it has a key or not. */
#include "store/webhook_store.h"

#include "row.h"

#define COMMON_COUNT 5

/* $1 id, $2 the version that the webhook has, $3 key, $4 what makes another request the same, $5 the answer. The turn of a
 * request is as in product_write.c. */
#define TURN                                                                                                           \
    "WITH given AS (SELECT $1::uuid AS id, $2::bigint AS version, $3::text AS key, $4::text AS request, "              \
    "$5::text AS json), "                                                                                              \
    "turn AS MATERIALIZED (SELECT CASE WHEN $3::text IS NULL THEN true "                                               \
    "ELSE pg_try_advisory_xact_lock(hashtextextended($3::text, 0)) END AS mine), "
#define IS_IT "mine AND w.id = g.id AND w.version = g.version AND NOT w.deleted"
#define KEPT(version, unchanged)                                                                                       \
    ", kept AS (INSERT INTO idempotency (key, request, id, version, unchanged, body) "                                 \
    "SELECT g.key, sha256(convert_to(g.request, 'UTF8')), g.id, " version ", " unchanged ", g.json "                   \
    "FROM given g, written WHERE g.key IS NOT NULL)"
#define OUTCOME " SELECT mine, EXISTS (SELECT FROM written) FROM turn"

/* The runner's job is made at once where it had nothing to do. */
#define HURRIED ", hurried AS (UPDATE job_schedule SET next_at = now() FROM written WHERE kind = 'webhook')"

/* values has room for the common ones first. */
static enum status run(struct pg *pg, struct scope *scope, const char *name, const char *sql,
                       const struct webhook_write *write, uint64_t version, struct text *values, size_t count)
{
    const bool keyed = write->idempotency.key.data != NULL && !write->dry_run;
    struct pg_result *result = NULL;

    values[0] = write->record->value[WEBHOOK_ID];
    values[1] = pg_decimal(scope, version);
    values[2] = keyed ? write->idempotency.key : TEXT_ABSENT;
    values[3] = keyed ? write->idempotency.request : TEXT_ABSENT;
    values[4] = write->json;
    enum status status = write->dry_run ? pg_rehearse(pg, scope, sql, values, count, 0, &result)
                                        : pg_exec(pg, scope, name, sql, false, values, count, &result);
    return status == STATUS_OK ? row_outcome(result) : status;
}

static uint64_t version_of(const struct webhook_write *write)
{
    uint64_t version = 0;

    (void)text_to_u64(write->record->value[WEBHOOK_VERSION], &version);
    return version;
}

enum status webhook_store_insert(struct pg *pg, struct scope *scope, const struct webhook_write *write)
{
    /* From where the feed goes on behind this statement's snapshot: nothing that is committed later is left out. */
    static const char sql[] =
        TURN "written AS (INSERT INTO webhook (id, url, types, description, state, secret, version, created_at, "
             "updated_at, xid, seq) "
             "SELECT g.id, $6::text, $7::text, $8::text, $9::text, $10::text, g.version, $11::timestamptz, "
             "$11::timestamptz, pg_snapshot_xmin(pg_current_snapshot()), 0 FROM given g, turn "
             "WHERE mine AND (SELECT count(*) FROM webhook WHERE NOT deleted) < " TEXT_OF(
                 WEBHOOKS_MAX) " RETURNING id)" KEPT("g.version", "false") HURRIED OUTCOME;
    const struct text *value = write->record->value;
    struct text values[COMMON_COUNT + 6] = {
        [COMMON_COUNT] = value[WEBHOOK_URL],
        value[WEBHOOK_TYPES],
        value[WEBHOOK_DESCRIPTION],
        value[WEBHOOK_STATE],
        write->secret,
        value[WEBHOOK_CREATED_AT],
    };
    const enum status status =
        run(pg, scope, "webhook_insert", sql, write, version_of(write), values, COMMON_COUNT + 6);

    return status == STATUS_STALE ? STATUS_TOO_LARGE : status;
}

enum status webhook_store_update(struct pg *pg, struct scope *scope, const struct webhook_write *write)
{
    /* Another URL, or another state, begins with a clean sheet. */
    static const char sql[] =
        TURN "written AS (UPDATE webhook w SET url = $6::text, types = $7::text, description = $8::text, "
             "state = $9::text, disabled_reason = $10::text, "
             "previous_secret = CASE WHEN $11::text IS NULL THEN w.previous_secret ELSE w.secret END, "
             "secret = coalesce($11::text, w.secret), previous_secret_until = $12::timestamptz, "
             "version = w.version + 1, updated_at = $13::timestamptz, "
             "field_version = coalesce(w.field_version || $14::jsonb, $14::jsonb, w.field_version), "
             "failing_since = CASE WHEN w.url = $6::text AND w.state = $9::text THEN w.failing_since END, "
             "quiet_until = CASE WHEN w.url = $6::text AND w.state = $9::text THEN w.quiet_until END "
             "FROM given g, turn WHERE " IS_IT " RETURNING w.id)" KEPT("g.version + 1", "false") HURRIED OUTCOME;
    const struct text *value = write->record->value;
    struct text values[COMMON_COUNT + 9] = {
        [COMMON_COUNT] = value[WEBHOOK_URL],
        value[WEBHOOK_TYPES],
        value[WEBHOOK_DESCRIPTION],
        value[WEBHOOK_STATE],
        value[WEBHOOK_DISABLED_REASON],
        write->secret,
        value[WEBHOOK_PREVIOUS_SECRET_UNTIL],
        value[WEBHOOK_UPDATED_AT],
        write->field_versions,
    };

    return run(pg, scope, "webhook_update", sql, write, version_of(write) - 1, values, COMMON_COUNT + 9);
}

enum status webhook_store_delete(struct pg *pg, struct scope *scope, const struct webhook_write *write)
{
    static const char sql[] = TURN
        "written AS (UPDATE webhook w SET deleted = true, state = 'disabled', secret = '', previous_secret = NULL, "
        "previous_secret_until = NULL, version = w.version + 1 FROM given g, turn WHERE " IS_IT
        " RETURNING w.id)" KEPT("g.version + 1", "false") OUTCOME;
    struct text values[COMMON_COUNT];

    return run(pg, scope, "webhook_delete", sql, write, version_of(write) - 1, values, COMMON_COUNT);
}

enum status webhook_store_replay(struct pg *pg, struct scope *scope, const struct webhook_write *write,
                                 const struct feed_cursor *after)
{
    static const char sql[] =
        TURN "written AS (UPDATE webhook w SET replay_xid = $6::text::xid8, replay_seq = $7::bigint "
             "FROM given g, turn WHERE " IS_IT " RETURNING w.id)" KEPT("g.version", "true") HURRIED OUTCOME;
    struct text values[COMMON_COUNT + 2] = {[COMMON_COUNT] = pg_decimal(scope, after->xid),
                                            pg_decimal(scope, after->seq)};

    return run(pg, scope, "webhook_replay", sql, write, version_of(write), values, COMMON_COUNT + 2);
}

enum status webhook_store_redeliver(struct pg *pg, struct scope *scope, const struct webhook_write *write,
                                    const struct feed_cursor *place)
{
    static const char sql[] =
        TURN "written AS (UPDATE webhook_delivery d SET asked = true FROM webhook w, given g, turn WHERE " IS_IT
             " AND d.webhook_id = w.id AND d.xid = $6::text::xid8 AND d.seq = $7::bigint RETURNING w.id)" KEPT(
                 "g.version", "true") HURRIED OUTCOME;
    struct text values[COMMON_COUNT + 2] = {[COMMON_COUNT] = pg_decimal(scope, place->xid),
                                            pg_decimal(scope, place->seq)};

    return run(pg, scope, "webhook_redeliver", sql, write, version_of(write), values, COMMON_COUNT + 2);
}

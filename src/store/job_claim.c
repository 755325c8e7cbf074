/* The statements of a runner. */
#include "store/job_claim.h"

#include "job_columns.h"
#include "pg_array.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* One statement moves so many rows at most. */
#define RESCUED_MAX "100"

static struct text number(struct scope *scope, int64_t value)
{
    return arena_printf(scope->arena, "%lld", (long long)value);
}

/* --- arrays as parameters --- */

#define ARRAYS_MAX 4

/* The first parameters of a statement. */
struct arrays {
    struct pg_array array[ARRAYS_MAX];
    size_t count;
};

static void arrays_init(struct arrays *arrays, size_t count)
{
    arrays->count = count;
    for (size_t i = 0; i < count; i++) {
        pg_array_init(&arrays->array[i]);
    }
}

/* Runs the statement, with the arrays as the first of its values, and frees them. */
static enum status exec_with_arrays(struct pg *pg, struct scope *scope, struct arrays *arrays, const char *name,
                                    const char *sql, struct text *values, size_t count, struct pg_result **result)
{
    bool fit = true;

    for (size_t i = 0; i < arrays->count; i++) {
        fit = pg_array_end(&arrays->array[i], &values[i]) && fit;
    }
    const enum status status =
        fit ? pg_exec_arrays(pg, scope, name, sql, false, values, count, PG_ARRAYS(0, arrays->count), result)
            : STATUS_TOO_LARGE;
    for (size_t i = 0; i < arrays->count; i++) {
        pg_array_free(&arrays->array[i]);
    }
    return status;
}

/* --- claiming --- */

/* $1 kinds, $2 how many, $3 runner, $4 lease in ms. */
static const char take_sql[] =
    "WITH due AS MATERIALIZED ("
    "  SELECT id FROM job WHERE state = 'queued' AND run_at <= now() AND kind = ANY ($1::text[]) "
    "  ORDER BY run_at, id LIMIT $2 FOR UPDATE SKIP LOCKED"
    ") UPDATE job j SET state = 'running', attempts = attempts + 1, fence = fence + 1, runner = $3, "
    "lease_until = now() + $4 * interval '1 ms', started_at = coalesce(started_at, now()) "
    "FROM due WHERE j.id = due.id "
    "RETURNING j.id, j.fence, j.kind, j.payload, j.checkpoint, j.attempts, j.attempts_max, (j.progress * "
    "1000)::integer";

static struct claimed_job read_claimed(const struct pg_result *result, size_t row)
{
    return (struct claimed_job){
        .hold = {.id = pg_value(result, row, 0), .fence = pg_value(result, row, 1)},
        .kind = pg_value(result, row, 2),
        .payload = pg_value(result, row, 3),
        .checkpoint = pg_value(result, row, 4),
        .attempts = pg_number(result, row, 5),
        .attempts_max = pg_number(result, row, 6),
        .progress = pg_number(result, row, 7),
    };
}

enum status job_claim_take(struct pg *pg, struct scope *scope, const struct job_claimant *claimant, size_t max,
                           struct claimed_job **jobs, size_t *count)
{
    struct text values[4] = {TEXT_ABSENT, number(scope, (int64_t)max), claimant->runner,
                             number(scope, claimant->lease_ms)};
    struct pg_result *result = NULL;
    struct arrays arrays;

    arrays_init(&arrays, 1);
    for (size_t i = 0; i < claimant->kind_count; i++) {
        pg_array_append(&arrays.array[0], text_of(claimant->kinds[i]));
    }
    const enum status status =
        exec_with_arrays(pg, scope, &arrays, "job_take", take_sql, values, LENGTH(values), &result);
    if (status != STATUS_OK) {
        return status;
    }
    *count = pg_rows(result);
    *jobs = arena_alloc(scope->arena, (*count + 1) * sizeof(**jobs));
    for (size_t i = 0; i < *count; i++) {
        (*jobs)[i] = read_claimed(result, i);
    }
    return STATUS_OK;
}

/* The first two times a runner dies it is hardly the job's fault; later it may be, and those beside it are to be spared. */
static const char rescue_sql[] =
    "WITH lost AS MATERIALIZED ("
    "  SELECT id FROM job WHERE state = 'running' AND lease_until < now() LIMIT " RESCUED_MAX " FOR UPDATE SKIP LOCKED"
    "), queued AS ("
    "  UPDATE job j SET state = 'queued', runner = NULL, lease_until = NULL, last_error = 'its runner was lost', "
    "  run_at = now() + CASE WHEN attempts < 3 THEN 0 ELSE random() * least(2 ^ attempts, 60) END * interval '1 s' "
    "  FROM lost WHERE j.id = lost.id AND NOT cancelling AND attempts < attempts_max RETURNING j.id"
    "), gone AS ("
    "  DELETE FROM job j USING lost WHERE j.id = lost.id AND (cancelling OR attempts >= attempts_max) RETURNING j.*"
    "), ended AS (" JOB_END("gone", "CASE WHEN cancelling THEN 'cancelled' ELSE 'failed' END", "progress",
                            "CASE WHEN cancelling THEN last_error ELSE 'its runner was lost, and no attempt is left' "
                            "END") " RETURNING state"
                                   ") SELECT (SELECT count(*) FROM queued), (SELECT count(*) FROM ended WHERE state = "
                                   "'failed')";

enum status job_claim_rescue(struct pg *pg, struct scope *scope, uint64_t *queued, uint64_t *failed)
{
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "job_rescue", rescue_sql, false, NULL, 0, &result);

    if (status == STATUS_OK) {
        *queued = pg_number(result, 0, 0);
        *failed = pg_number(result, 0, 1);
    }
    return status;
}

/* --- holding --- */

/* $1 ids, $2 fences, $3 progress, $4 checkpoints, $5 lease in ms. */
static const char beat_sql[] =
    "UPDATE job j SET lease_until = now() + $5 * interval '1 ms', progress = b.progress / 1000.0, "
    "checkpoint = b.checkpoint "
    "FROM unnest($1::text[]::uuid[], $2::text[]::bigint[], $3::text[]::integer[], $4::text[]) b (id, fence, progress, "
    "checkpoint) "
    "WHERE j.id = b.id AND j.fence = b.fence AND j.state = 'running' RETURNING j.id, j.cancelling";

static void note_held(const struct pg_result *result, struct job_beat *beats, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        beats[i].held = false;
        for (size_t row = 0; row < pg_rows(result) && !beats[i].held; row++) {
            beats[i].held = text_equal(pg_value(result, row, 0), beats[i].hold.id);
            beats[i].cancelling = beats[i].held && pg_is_true(result, row, 1);
        }
    }
}

enum status job_claim_beat(struct pg *pg, struct scope *scope, int64_t lease_ms, struct job_beat *beats, size_t count)
{
    struct text values[5] = {[4] = number(scope, lease_ms)};
    struct pg_result *result = NULL;
    struct arrays arrays;

    arrays_init(&arrays, 4);
    for (size_t i = 0; i < count; i++) {
        pg_array_append(&arrays.array[0], beats[i].hold.id);
        pg_array_append(&arrays.array[1], beats[i].hold.fence);
        pg_array_append(&arrays.array[2], number(scope, (int64_t)beats[i].progress));
        pg_array_append(&arrays.array[3], beats[i].checkpoint);
    }
    const enum status status =
        exec_with_arrays(pg, scope, &arrays, "job_beat", beat_sql, values, LENGTH(values), &result);
    if (status == STATUS_OK) {
        note_held(result, beats, count);
    }
    return status;
}

/* --- letting go --- */

/* $1 id, $2 fence, $3 state, $4 error. */
static const char end_sql[] =
    "WITH gone AS (DELETE FROM job WHERE id = $1 AND fence = $2 AND state = 'running' RETURNING *), "
    "ended AS (" JOB_END("gone", "$3::text", "CASE WHEN $3 = 'succeeded' THEN 1 ELSE progress END",
                         "coalesce($4, last_error)") ") "
                                                     "SELECT count(*) FROM gone";

enum status job_claim_end(struct pg *pg, struct scope *scope, const struct job_hold *hold, enum job_state state,
                          struct text error)
{
    const struct text values[] = {hold->id, hold->fence, text_of(job_state_names[state]), error};
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "job_end", end_sql, false, values, LENGTH(values), &result);

    return status == STATUS_OK && pg_number(result, 0, 0) == 0 ? STATUS_STALE : status;
}

enum status job_claim_forget(struct pg *pg, struct scope *scope, const struct job_hold *hold)
{
    const struct text values[] = {hold->id, hold->fence};
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "job_forget", "DELETE FROM job WHERE id = $1 AND fence = $2 AND state = 'running'", false,
                values, LENGTH(values), &result);

    return status == STATUS_OK && pg_affected(result) == 0 ? STATUS_STALE : status;
}

enum status job_claim_requeue(struct pg *pg, struct scope *scope, const struct job_hold *hold, int64_t pause_ms,
                              struct text error)
{
    static const char sql[] =
        "UPDATE job SET state = 'queued', runner = NULL, lease_until = NULL, run_at = now() + $3 * interval '1 ms', "
        "last_error = $4 WHERE id = $1 AND fence = $2 AND state = 'running' AND NOT cancelling";
    const struct text values[] = {hold->id, hold->fence, number(scope, pause_ms), error};
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "job_requeue", sql, false, values, LENGTH(values), &result);

    return status == STATUS_OK && pg_affected(result) == 0 ? STATUS_STALE : status;
}

enum status job_claim_hand_back(struct pg *pg, struct scope *scope, struct text runner, const struct job_hold *kept,
                                size_t count, uint64_t *handed)
{
    static const char sql[] =
        "UPDATE job SET state = 'queued', runner = NULL, lease_until = NULL, attempts = greatest(attempts - 1, 0) "
        "WHERE state = 'running' AND runner = $2 AND NOT cancelling AND id <> ALL ((SELECT "
        "$1::text[]::uuid[])::uuid[])";
    struct text values[2] = {[1] = runner};
    struct pg_result *result = NULL;
    struct arrays arrays;

    arrays_init(&arrays, 1);
    for (size_t i = 0; i < count; i++) {
        pg_array_append(&arrays.array[0], kept[i].id);
    }
    const enum status status =
        exec_with_arrays(pg, scope, &arrays, "job_hand_back", sql, values, LENGTH(values), &result);
    if (status == STATUS_OK) {
        *handed = pg_affected(result);
    }
    return status;
}

/* --- the schedule --- */

/* $1 kinds, $2 ids, $3 seconds, $4 attempts. A time that lies further ahead than the interval allows is of an interval that
 * was longer; a little more is allowed, as the clocks of transactions that race differ. */
static const char schedule_sql[] =
    "WITH given AS ("
    "  SELECT * FROM unnest($1::text[], $2::text[]::uuid[], $3::text[]::bigint[], $4::text[]::integer[]) g (kind, id, "
    "every, attempts_max)"
    "), fresh AS ("
    "  INSERT INTO job_schedule (kind, next_at) SELECT kind, now() FROM given g "
    "  WHERE NOT EXISTS (SELECT FROM job_schedule s WHERE s.kind = g.kind) ON CONFLICT DO NOTHING"
    "), due AS MATERIALIZED ("
    "  SELECT s.kind, g.id, g.every, g.attempts_max FROM job_schedule s JOIN given g ON g.kind = s.kind "
    "  WHERE s.next_at <= now() OR s.next_at > now() + 2 * g.every * interval '1 s' FOR UPDATE OF s SKIP LOCKED"
    "), moved AS ("
    "  UPDATE job_schedule s SET next_at = now() + d.every * interval '1 s' FROM due d WHERE s.kind = d.kind "
    "  RETURNING d.kind, d.id, d.attempts_max"
    "), added AS ("
    "  INSERT INTO job (id, kind, unique_key, attempts_max) SELECT id, kind, 'schedule', attempts_max FROM moved "
    "  ON CONFLICT DO NOTHING RETURNING id"
    ") SELECT count(*) FROM added";

enum status job_claim_schedule(struct pg *pg, struct scope *scope, const struct periodic_job *jobs, size_t count,
                               uint64_t *queued)
{
    struct text values[4];
    struct pg_result *result = NULL;
    struct arrays arrays;

    arrays_init(&arrays, 4);
    for (size_t i = 0; i < count; i++) {
        pg_array_append(&arrays.array[0], text_of(jobs[i].kind));
        pg_array_append(&arrays.array[1], jobs[i].id);
        pg_array_append(&arrays.array[2], number(scope, jobs[i].every_s));
        pg_array_append(&arrays.array[3], number(scope, (int64_t)jobs[i].attempts_max));
    }
    const enum status status =
        exec_with_arrays(pg, scope, &arrays, "job_schedule", schedule_sql, values, LENGTH(values), &result);
    if (status == STATUS_OK) {
        *queued = pg_number(result, 0, 0);
    }
    return status;
}

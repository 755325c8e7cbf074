/* The statements by which people change jobs. */
#include "store/job_change.h"

#include "job_columns.h"

#include <string.h>

/* Every statement has these parameters, so that each must be named in it with its type. The turn of a request is as in
 * product_write.c; $4 is the JSON, $5 the key, $6 what makes another request the same. */
#define GIVEN "WITH given (this, seen, at) AS (VALUES ($1::uuid, $2::text, $3::timestamptz)), "
#define OPEN_TURN GIVEN "turn AS (SELECT true AS mine), "
#define KEYED_TURN                                                                                                     \
    GIVEN "turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(hashtextextended($5::text, 0)) AS mine), "
#define KEPT(unchanged)                                                                                                \
    ", kept AS (INSERT INTO idempotency (key, request, id, body, unchanged) "                                          \
    "SELECT $5, sha256(convert_to($6::text, 'UTF8')), id, $4::text, " unchanged " FROM written)"
#define OUTCOME " SELECT mine, EXISTS (SELECT FROM written) FROM turn"

/* Behind a table with jobs and "given, turn". */
#define AS_READ "WHERE mine AND id = this AND " JOB_SEEN " = seen "

#define REVIVED                                                                                                        \
    "revived AS (DELETE FROM job_ended USING given, turn " AS_READ "RETURNING job_ended.*), "                          \
    "written AS (INSERT INTO job (id, kind, unique_key, payload, attempts_max, fence, progress, checkpoint, "          \
    "last_error, created_at, run_at) "                                                                                 \
    "SELECT id, kind, unique_key, payload, attempts_max, fence, progress, checkpoint, last_error, created_at, at "     \
    "FROM revived, given RETURNING id)"
#define HURRIED "written AS (UPDATE job SET run_at = at FROM given, turn " AS_READ "RETURNING id)"
#define ENDED                                                                                                          \
    "gone AS (DELETE FROM job USING given, turn " AS_READ "RETURNING job.*), "                                         \
    "written AS (" JOB_END_AT("gone, given", "'cancelled'", "progress", "last_error", "at") " RETURNING id)"
#define ASKED "written AS (UPDATE job SET cancelling = true FROM given, turn " AS_READ "RETURNING id)"
#define LEFT_ALONE                                                                                                     \
    "written AS (SELECT id FROM job, given, turn " AS_READ "UNION ALL SELECT id FROM job_ended, given, turn " AS_READ  \
    ")"

/* What an effect is, without and with a key. */
static const struct {
    const char *name;
    const char *sql;
    const char *keyed_name;
    const char *keyed_sql;
} effects[JOB_EFFECT_COUNT] = {
    [JOB_EFFECT_NONE] = {"job_none", OPEN_TURN LEFT_ALONE OUTCOME, "job_none_keyed",
                         KEYED_TURN LEFT_ALONE KEPT("true") OUTCOME},
    [JOB_EFFECT_REVIVE] = {"job_revive", OPEN_TURN REVIVED OUTCOME, "job_revive_keyed",
                           KEYED_TURN REVIVED KEPT("false") OUTCOME},
    [JOB_EFFECT_HURRY] = {"job_hurry", OPEN_TURN HURRIED OUTCOME, "job_hurry_keyed",
                          KEYED_TURN HURRIED KEPT("false") OUTCOME},
    [JOB_EFFECT_END] = {"job_cancel", OPEN_TURN ENDED OUTCOME, "job_cancel_keyed",
                        KEYED_TURN ENDED KEPT("false") OUTCOME},
    [JOB_EFFECT_ASK] = {"job_ask", OPEN_TURN ASKED OUTCOME, "job_ask_keyed", KEYED_TURN ASKED KEPT("false") OUTCOME},
};

enum status job_change_write(struct pg *pg, struct scope *scope, enum job_effect effect,
                             const struct job_change *change)
{
    const bool keyed = change->idempotency.key.data != NULL && !change->dry_run;
    const char *sql = keyed ? effects[effect].keyed_sql : effects[effect].sql;
    const char *name = keyed ? effects[effect].keyed_name : effects[effect].name;
    const struct text values[] = {
        change->id, change->seen, change->at, change->json, change->idempotency.key, change->idempotency.request};
    const size_t count = keyed ? sizeof values / sizeof values[0] : 3;
    struct pg_result *result = NULL;
    enum status status;

    if (sql == NULL) {
        return STATUS_CONFLICT;
    }
    status = change->dry_run ? pg_rehearse(pg, scope, sql, values, count, 0, &result)
                             : pg_exec(pg, scope, name, sql, false, values, count, &result);
    if (status == STATUS_CONFLICT && strcmp(pg_constraint(pg), "idempotency_taken") == 0) {
        return STATUS_IN_PROGRESS;
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (!pg_is_true(result, 0, 0)) {
        return STATUS_IN_PROGRESS;
    }
    return pg_is_true(result, 0, 1) ? STATUS_OK : STATUS_STALE;
}

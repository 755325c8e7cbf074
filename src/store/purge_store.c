/* The statements of purges. Each is a transaction of its own and touches a bounded number of rows. */
#include "store/purge_store.h"

const char *const purge_names[PURGE_COUNT] = {
    [PURGE_IDEMPOTENCY] = "kept answers",
    [PURGE_PRODUCTS] = "deleted products",
    [PURGE_CHANGES] = "changes",
    [PURGE_LINES] = "lines of imports",
    [PURGE_ERRORS] = "failed lines of imports",
    [PURGE_IMPORTS] = "imports",
    [PURGE_JOBS] = "ended jobs",
    [PURGE_DELIVERIES] = "deliveries of webhooks",
    [PURGE_WEBHOOKS] = "deleted webhooks",
    [PURGE_WORDS] = "words that no product has",
};

/* $1 and $2 the job's hold, $3 the age in seconds, $4 the batch. */
#define PAST "now() - $3 * interval '1 s'"
#define BATCH " LIMIT (SELECT $4::bigint FROM held)"
#define OUTCOME                                                                                                        \
    " SELECT (SELECT count(*) FROM gone), EXISTS (SELECT FROM held), (SELECT count(*) FROM gone) = $4::bigint"

/* What is found is come to again by where it stands alone: of a join by its key, planned while the table was empty, all of the
 * table would be read for each of them when it is not. */
#define STANDS "ctid AS stands"

/* The limit comes from held, and where there is no row in that there is none: NULL would be no limit at all, so that each
 * asks for held besides. */
#define HOLDING " AND EXISTS (SELECT FROM held)"

/* Imports of which no job waits or runs, with the end of it where that is known. What was being uploaded and came to
 * nothing has no job either. */
#define IDLE_IMPORTS(condition)                                                                                        \
    ", idle AS MATERIALIZED (SELECT i.id FROM import i LEFT JOIN job_ended e ON e.id = i.id "                          \
    "WHERE NOT EXISTS (SELECT FROM job j WHERE j.id = i.id) AND (" condition "))"
#define LONG_OVER "coalesce(e.ended_at, i.touched_at) < " PAST
#define ROWS_OF_IDLE(table)                                                                                            \
    ", old AS MATERIALIZED (SELECT r.stands FROM idle, LATERAL (SELECT " STANDS " FROM " table                         \
    " r WHERE r.import = idle.id" HOLDING BATCH ") r" BATCH "), "                                                      \
    "gone AS (DELETE FROM " table " r USING old WHERE r.ctid = old.stands RETURNING 1)"

static const struct {
    const char *name;
    const char *sql;
} purges[PURGE_COUNT] = {
    [PURGE_IDEMPOTENCY] = {"purge_idempotency",
                           JOB_HELD ", gone AS (DELETE FROM idempotency WHERE key = ANY (ARRAY("
                                    "SELECT key FROM idempotency WHERE created_at < " PAST HOLDING BATCH
                                    ")) AND created_at < " PAST " RETURNING 1)" OUTCOME},
    /* One that is being restored is left alone, and one that was restored is not past its time any more. */
    [PURGE_PRODUCTS] = {"purge_products", JOB_HELD
                        ", old AS MATERIALIZED (SELECT " STANDS " FROM product WHERE deleted_at < " PAST HOLDING
                        " ORDER BY deleted_at" BATCH " FOR UPDATE SKIP LOCKED), "
                        "gone AS (DELETE FROM product p USING old WHERE p.ctid = old.stands RETURNING 1)" OUTCOME},
    /* The feed loses its beginning in the order in which it is read, up to the first change that is not past its time, and
     * nothing of which an earlier one may yet be committed. */
    [PURGE_CHANGES] =
        {"purge_changes",
         JOB_HELD ", low AS MATERIALIZED (SELECT xid, seq, at, " STANDS " FROM change "
                  "WHERE xid < pg_snapshot_xmin(pg_current_snapshot())" HOLDING " ORDER BY xid, seq" BATCH "), "
                  "old AS (SELECT stands, bool_and(at < " PAST ") OVER (ORDER BY xid, seq) AS past FROM low), "
                  "gone AS (DELETE FROM change c USING old WHERE past AND c.ctid = old.stands "
                  "RETURNING c.xid, c.seq, c.id, c.version), "
                  "moves AS (DELETE FROM product_move m USING gone g WHERE m.id = g.id AND m.version = g.version), "
                  "mark AS (UPDATE change_floor f SET xid = g.xid, seq = g.seq "
                  "FROM (SELECT xid, seq FROM gone ORDER BY xid DESC, seq DESC LIMIT 1) g "
                  "WHERE (f.xid, f.seq) < (g.xid, g.seq))" OUTCOME},
    [PURGE_LINES] = {"purge_lines",
                     JOB_HELD IDLE_IMPORTS("i.state = 'abandoned' OR e.state = 'succeeded' OR " LONG_OVER)
                         ROWS_OF_IDLE("import_line") OUTCOME},
    [PURGE_ERRORS] = {"purge_errors", JOB_HELD IDLE_IMPORTS(LONG_OVER) ROWS_OF_IDLE("import_error") OUTCOME},
    [PURGE_IMPORTS] = {"purge_imports",
                       JOB_HELD ", gone AS (DELETE FROM import WHERE id = ANY (ARRAY(SELECT i.id FROM import i "
                                "WHERE (i.state = 'abandoned' OR i.touched_at < " PAST ")" HOLDING
                                " AND NOT EXISTS (SELECT FROM job j WHERE j.id = i.id) "
                                "AND NOT EXISTS (SELECT FROM job_ended e WHERE e.id = i.id) "
                                "AND NOT EXISTS (SELECT FROM import_line l WHERE l.import = i.id) "
                                "AND NOT EXISTS (SELECT FROM import_error f WHERE f.import = i.id)" BATCH
                                ")) RETURNING 1)" OUTCOME},
    [PURGE_JOBS] = {"purge_jobs", JOB_HELD ", gone AS (DELETE FROM job_ended WHERE id = ANY (ARRAY("
                                           "SELECT id FROM job_ended WHERE ended_at < " PAST HOLDING
                                           " ORDER BY ended_at" BATCH ")) RETURNING 1)" OUTCOME},
    /* Those of a webhook that was deleted go whatever became of them; one that is to be sent again stays. */
    [PURGE_DELIVERIES] = {"purge_deliveries", JOB_HELD
                          ", old AS MATERIALIZED (SELECT * FROM ("
                          "(SELECT webhook_id, xid, seq FROM webhook_delivery WHERE ended_at < " PAST
                          " AND NOT asked" HOLDING " ORDER BY ended_at" BATCH ") UNION "
                          "(SELECT d.webhook_id, d.xid, d.seq FROM webhook w JOIN webhook_delivery d "
                          "ON d.webhook_id = w.id WHERE w.deleted" HOLDING BATCH ")) both_kinds" BATCH "), "
                          "gone AS (DELETE FROM webhook_delivery d USING old o, webhook w WHERE d.webhook_id = "
                          "o.webhook_id AND d.xid = o.xid AND d.seq = o.seq AND w.id = d.webhook_id "
                          "AND (w.deleted OR (d.ended_at < " PAST " AND NOT d.asked)) RETURNING 1)" OUTCOME},
    [PURGE_WEBHOOKS] =
        {"purge_webhooks", JOB_HELD
         ", gone AS (DELETE FROM webhook WHERE id = ANY (ARRAY(SELECT id FROM webhook w WHERE deleted "
         "AND $3::bigint IS NOT NULL AND NOT EXISTS (SELECT FROM webhook_delivery WHERE webhook_id = w.id)" HOLDING
             BATCH ")) RETURNING 1)" OUTCOME},
    /* migrations/0013_forgotten_words.sql tells what it does. */
    [PURGE_WORDS] = {"purge_words", JOB_HELD
                     " SELECT coalesce(forgotten, 0), id IS NOT NULL, coalesce(more, false) FROM (SELECT) once "
                     "LEFT JOIN (held CROSS JOIN LATERAL search_forget($4::integer, $3 * interval '1 s')) "
                     "ON true"},
};

enum status purge_store_batch(struct pg *pg, struct scope *scope, const struct job_hold *hold, enum purge_what what,
                              int64_t age_s, uint64_t batch, uint64_t *removed, bool *more)
{
    const struct text values[] = {
        hold->id,
        hold->fence,
        arena_printf(scope->arena, "%lld", (long long)age_s),
        pg_decimal(scope, batch),
    };
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, purges[what].name, purges[what].sql, false, values,
                                 sizeof(values) / sizeof(values[0]), &result);

    if (status != STATUS_OK) {
        return status;
    }
    if (!pg_is_true(result, 0, 1)) {
        return STATUS_STALE;
    }
    *more = pg_is_true(result, 0, 2);
    return text_to_u64(pg_value(result, 0, 0), removed) ? STATUS_OK : STATUS_INTERNAL;
}

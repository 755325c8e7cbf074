/* The statements about jobs that are not a runner's. */
#include "store/job_store.h"

#include "job_columns.h"

#include "base/log.h"
#include "domain/timestamp.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* --- adding --- */

enum status job_store_add(struct pg *pg, struct scope *scope, const struct job_order *order, struct text *id)
{
    static const char sql[] = "WITH added AS ("
                              "  INSERT INTO job (id, kind, unique_key, payload, attempts_max) "
                              "  VALUES ($1, $2, $3, coalesce($4, '{}'), $5) "
                              "  ON CONFLICT (kind, unique_key) WHERE unique_key IS NOT NULL DO NOTHING RETURNING id"
                              ") SELECT id, true FROM added UNION ALL "
                              "SELECT id, false FROM job WHERE kind = $2 AND unique_key = $3 LIMIT 1";
    const struct text values[] = {
        order->id, order->kind, order->unique_key, order->payload, pg_decimal(scope, order->attempts_max),
    };
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "job_add", sql, false, values, LENGTH(values), &result);

    if (status != STATUS_OK) {
        return status;
    }
    if (pg_rows(result) == 0) {
        return STATUS_UNAVAILABLE; /* the other one was made or ended in this moment */
    }
    *id = pg_value(result, 0, 0);
    return pg_is_true(result, 0, 1) ? STATUS_OK : STATUS_CONFLICT;
}

/* --- reading --- */

#define SHOWN "id, kind, state, attempts, attempts_max, trim_scale(progress) AS progress, last_error, created_at, "
#define SHOWN_LIVE                                                                                                     \
    SHOWN "CASE WHEN state = 'queued' THEN run_at END AS run_at, started_at, NULL::timestamptz AS ended_at, "          \
          "cancelling "
#define SHOWN_ENDED SHOWN "NULL::timestamptz AS run_at, started_at, ended_at, false AS cancelling "

enum { SHOWN_COUNT = 12 };

static bool read_time(struct arena *arena, struct text value, struct text *out)
{
    char *formatted = arena_alloc(arena, TIMESTAMP_LENGTH + 1);

    *out = TEXT_ABSENT;
    if (value.data == NULL) {
        return true;
    }
    if (!timestamp_from_postgres(value, formatted)) {
        return false;
    }
    *out = text_of(formatted);
    return true;
}

static enum status read_row(struct arena *arena, const struct pg_result *result, size_t row, struct job *job)
{
    *job = (struct job){
        .id = pg_value(result, row, 0),
        .kind = pg_value(result, row, 1),
        .attempts = pg_value(result, row, 3),
        .attempts_max = pg_value(result, row, 4),
        .progress = pg_value(result, row, 5),
        .last_error = pg_value(result, row, 6),
        .cancelling = pg_is_true(result, row, 11),
    };
    if (!job_state_of(pg_value(result, row, 2), &job->state) ||
        !read_time(arena, pg_value(result, row, 7), &job->created_at) ||
        !read_time(arena, pg_value(result, row, 8), &job->run_at) ||
        !read_time(arena, pg_value(result, row, 9), &job->started_at) ||
        !read_time(arena, pg_value(result, row, 10), &job->ended_at)) {
        log_error("postgres: job %.*s has a state or a timestamp of no known form", TEXT_PRINT(job->id));
        return STATUS_INTERNAL;
    }
    return STATUS_OK;
}

enum status job_store_load(struct pg *pg, struct scope *scope, struct text id, struct stored_job *stored)
{
    static const char sql[] = "SELECT " SHOWN_LIVE ", clock_timestamp(), " JOB_SEEN " FROM job WHERE id = $1 UNION ALL "
                              "SELECT " SHOWN_ENDED ", clock_timestamp(), " JOB_SEEN " FROM job_ended WHERE id = $1";
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "job_load", sql, true, &id, 1, &result);

    if (status == STATUS_OK && pg_rows(result) == 0) {
        return STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK) {
        status = read_row(scope->arena, result, 0, &stored->job);
    }
    if (status != STATUS_OK) {
        return status;
    }
    stored->seen = pg_value(result, 0, SHOWN_COUNT + 1);
    return read_time(scope->arena, pg_value(result, 0, SHOWN_COUNT), &stored->at) ? STATUS_OK : STATUS_INTERNAL;
}

enum status job_store_get(struct pg *pg, struct scope *scope, struct text id, struct job *job)
{
    static const char sql[] = "SELECT " SHOWN_LIVE "FROM job WHERE id = $1 UNION ALL "
                              "SELECT " SHOWN_ENDED "FROM job_ended WHERE id = $1";
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "job_get", sql, true, &id, 1, &result);

    if (status == STATUS_OK && pg_rows(result) == 0) {
        return STATUS_NOT_FOUND;
    }
    return status == STATUS_OK ? read_row(scope->arena, result, 0, job) : status;
}

/* Ids are in the order of time: the list is by id, from the cursor's down. $1 id, $2 limit, then what is filtered by. */
#define PART(shown, table, filters)                                                                                    \
    "(SELECT " shown "FROM " table " WHERE id < $1" filters " ORDER BY id DESC LIMIT $2)"
#define BOTH(filters)                                                                                                  \
    PART(SHOWN_LIVE, "job", filters)                                                                                   \
    " UNION ALL " PART(SHOWN_ENDED, "job_ended", filters) " ORDER BY id DESC LIMIT $2"

enum { FILTER_KIND = 1, FILTER_LIVE = 2, FILTER_ENDED = 4, FILTER_SHAPES = 8 };

static const struct {
    const char *name;
    const char *sql;
} lists[FILTER_SHAPES] = {
    [0] = {"job_list", BOTH("")},
    [FILTER_KIND] = {"job_list_kind", BOTH(" AND kind = $3")},
    [FILTER_LIVE] = {"job_list_live", PART(SHOWN_LIVE, "job", " AND state = $3")},
    [FILTER_ENDED] = {"job_list_ended", PART(SHOWN_ENDED, "job_ended", " AND state = $3")},
    [FILTER_LIVE | FILTER_KIND] = {"job_list_live_kind", PART(SHOWN_LIVE, "job", " AND state = $3 AND kind = $4")},
    [FILTER_ENDED |
        FILTER_KIND] = {"job_list_ended_kind", PART(SHOWN_ENDED, "job_ended", " AND state = $3 AND kind = $4")},
};

enum status job_store_list(struct pg *pg, struct scope *scope, const struct job_query *query, struct job **jobs,
                           size_t *count, bool *more)
{
    struct text values[4] = {
        query->has_cursor ? text_of(query->cursor.id) : TEXT("ffffffff-ffff-ffff-ffff-ffffffffffff"),
        /* One more than asked for tells whether another page follows. */
        pg_decimal(scope, query->limit + 1),
    };
    unsigned shape = 0;
    size_t given = 2;

    if (query->has_state) {
        values[given++] = text_of(job_state_names[query->state]);
        shape |= query->state == JOB_QUEUED || query->state == JOB_RUNNING ? FILTER_LIVE : FILTER_ENDED;
    }
    if (query->kind.data != NULL) {
        values[given++] = query->kind;
        shape |= FILTER_KIND;
    }
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, lists[shape].name, lists[shape].sql, true, values, given, &result);
    if (status != STATUS_OK) {
        return status;
    }
    const size_t rows = pg_rows(result) < query->limit ? pg_rows(result) : query->limit;
    struct job *read = arena_alloc(scope->arena, (rows + 1) * sizeof(*read));
    for (size_t i = 0; i < rows && status == STATUS_OK; i++) {
        status = read_row(scope->arena, result, i, &read[i]);
    }
    if (status == STATUS_OK) {
        *jobs = read;
        *count = rows;
        *more = pg_rows(result) > rows;
    }
    return status;
}

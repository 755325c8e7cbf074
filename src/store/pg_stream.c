/* A cursor on a connection of its own. */
#include "store/pg_stream.h"

#include "pg_apart.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

/* Rows of one fetch: few enough that the server has them sent and is idle while they are worked on. */
#define FETCH_ROWS 200

struct pg_stream {
    struct pg_apart apart;
    struct pg_result row; /* the last that was given out */
    uint64_t xmin;
    unsigned fetched; /* rows of the fetch under way */
    bool fetching;
    bool finished;
};

/* --- beginning --- */

/* The snapshot is that of the transaction's first statement, which takes the slot too. */
static enum status begin(struct pg_stream *stream, struct scope *scope, const struct pg_stream_options *options)
{
    const char *sql =
        arena_printf(scope->arena,
                     "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = %lld; "
                     "SET LOCAL idle_in_transaction_session_timeout = %lld; "
                     "SELECT pg_snapshot_xmin(pg_current_snapshot()), (SELECT slot FROM generate_series(1, %u) slot "
                     "WHERE pg_try_advisory_xact_lock(%u, slot) LIMIT 1)",
                     (long long)options->statement_ms, (long long)options->idle_ms, options->slots, options->slot_class)
            .data;
    PGresult *rows = NULL;
    enum status status = pg_apart_run(&stream->apart, scope->deadline_ns, "beginning to stream", sql, &rows);

    if (status == STATUS_OK &&
        (rows == NULL || PQntuples(rows) != 1 || !text_to_u64(text_of(PQgetvalue(rows, 0, 0)), &stream->xmin))) {
        log_error("postgres: beginning to stream: the snapshot is not told");
        status = STATUS_INTERNAL;
    } else if (status == STATUS_OK && PQgetisnull(rows, 0, 1)) {
        status = STATUS_TOO_LARGE;
    }
    PQclear(rows);
    return status;
}

static enum status declare(struct pg_stream *stream, struct scope *scope, const char *sql,
                           const struct text *parameters, size_t count)
{
    const char *declaration = arena_printf(scope->arena, "DECLARE stream NO SCROLL CURSOR FOR %s", sql).data;
    const char *values[PG_PARAMETERS_MAX] = {NULL};

    for (size_t i = 0; i < count; i++) {
        values[i] = parameters[i].data != NULL ? arena_string(scope->arena, parameters[i]) : NULL;
    }
    if (!PQsendQueryParams(stream->apart.pg->connection, declaration, (int)count, NULL, values, NULL, NULL, 0)) {
        return STATUS_UNAVAILABLE;
    }
    return pg_apart_collect(&stream->apart, scope->deadline_ns, "the statement of a stream", NULL);
}

static bool parameters_fit(const struct text *parameters, size_t count)
{
    if (count > PG_PARAMETERS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (parameters[i].data != NULL && memchr(parameters[i].data, '\0', parameters[i].length) != NULL) {
            return false;
        }
    }
    return true;
}

enum status pg_stream_open(struct pg *pg, struct scope *scope, const struct pg_stream_options *options, const char *sql,
                           const struct text *parameters, size_t count, struct pg_stream **stream)
{
    const int64_t began_ns = clock_monotonic_ns();

    if (!parameters_fit(parameters, count)) {
        return STATUS_INVALID;
    }
    /* Where Postgres is in trouble the worker's own connection comes first: it knows when to ask again, and nobody waits
     * for it. */
    if (pg->connection == NULL && (pg->failures > 0 || pg->silent)) {
        const enum status found = pg_open(pg, scope, false);
        if (found != STATUS_OK) {
            return found;
        }
    }
    struct pg_stream *opened = memory_new(1, sizeof(*opened));
    enum status status =
        pg_apart_open(&opened->apart, pg, scope, options->name, options->statement_ms, options->waiter);
    if (status == STATUS_OK) {
        status = begin(opened, scope, options);
    }
    if (status == STATUS_OK) {
        status = declare(opened, scope, sql, parameters, count);
    }
    if (status == STATUS_OK) {
        *stream = opened;
    } else {
        pg_stream_close(opened);
    }
    scope->store_ns += clock_monotonic_ns() - began_ns;
    return status;
}

uint64_t pg_stream_xmin(const struct pg_stream *stream)
{
    return stream->xmin;
}

/* --- rows --- */

/* The next result of the fetch under way, which is a row, or its end. */
static enum status next_result(struct pg_stream *stream, struct scope *scope, const struct pg_result **row)
{
    enum status status = pg_apart_await(&stream->apart, scope->deadline_ns);
    PGresult *result = status == STATUS_OK ? PQgetResult(stream->apart.pg->connection) : NULL;

    if (status != STATUS_OK) {
        return status;
    }
    if (result == NULL) {
        stream->fetching = false;
        stream->finished = stream->fetched < FETCH_ROWS;
        return STATUS_OK;
    }
    const unsigned kind = PQresultStatus(result);

    switch (kind) {
    case PGRES_SINGLE_TUPLE:
        stream->row.whole = result;
        stream->fetched++;
        *row = &stream->row;
        return STATUS_OK;
    case PGRES_TUPLES_OK:
        break;
    default:
        status = pg_apart_judge(result, "a stream");
        break;
    }
    PQclear(result);
    return status;
}

static enum status fetch(struct pg_stream *stream)
{
    if (!PQsendQuery(stream->apart.pg->connection, "FETCH " TEXT_OF(FETCH_ROWS) " FROM stream")) {
        return STATUS_UNAVAILABLE;
    }
    (void)PQsetSingleRowMode(stream->apart.pg->connection);
    stream->fetching = true;
    stream->fetched = 0;
    return STATUS_OK;
}

enum status pg_stream_next(struct pg_stream *stream, struct scope *scope, const struct pg_result **row)
{
    enum status status = STATUS_OK;

    PQclear(stream->row.whole);
    stream->row.whole = NULL;
    *row = NULL;
    while (status == STATUS_OK && *row == NULL && !stream->finished) {
        status = stream->fetching ? next_result(stream, scope, row) : fetch(stream);
        if (status == STATUS_OK && stream->finished) {
            /* Seen through, so that the slot is free once the reader knows of the end. */
            status = pg_apart_run(&stream->apart, scope->deadline_ns, "the end of a stream", "COMMIT", NULL);
        }
    }
    return status;
}

void pg_stream_close(struct pg_stream *stream)
{
    if (stream != NULL) {
        PQclear(stream->row.whole);
        pg_apart_close(&stream->apart);
        free(stream);
    }
}

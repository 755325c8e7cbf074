/* One message to Postgres and its answer, without blocking: every wait is a poll(2) against the deadline. */
#include "pg_internal.h"

#include <poll.h>

bool pg_wait(struct waiter *waiter, int fd, short events, int64_t deadline_ns)
{
    return waiter == NULL ? waiter_poll(fd, events, deadline_ns) > 0
                          : waiter->wait(waiter, fd, events, deadline_ns) == WAITED_READY;
}

/* Sends what libpq still holds. While it waits it reads too: a server that is blocked sending would never read. */
static enum pg_end flush(PGconn *connection, const struct scope *scope)
{
    int left = PQflush(connection);
    while (left > 0) {
        if (!pg_wait(scope->waiter, PQsocket(connection), POLLIN | POLLOUT, scope->deadline_ns)) {
            return PG_END_LATE;
        }
        if (!PQconsumeInput(connection)) {
            return PG_END_BROKEN;
        }
        left = PQflush(connection);
    }
    return left < 0 ? PG_END_BROKEN : PG_END_ANSWERED;
}

/* Waits until the next result is complete. */
static enum pg_end wait_for_result(PGconn *connection, const struct scope *scope)
{
    while (PQisBusy(connection)) {
        int fd = PQsocket(connection);
        if (fd < 0) {
            return PG_END_BROKEN; /* libpq has closed it already */
        }
        if (!pg_wait(scope->waiter, fd, POLLIN, scope->deadline_ns)) {
            return PG_END_LATE;
        }
        if (!PQconsumeInput(connection)) {
            return PG_END_BROKEN;
        }
    }
    return PG_END_ANSWERED;
}

/* Copies the one row of a result; returns the bytes of its values. */
static size_t keep_row(struct pg_answer *answer, struct arena *arena, const PGresult *row)
{
    const int columns = PQnfields(row);
    struct text *values = arena_alloc(arena, (size_t)columns * sizeof(*values));
    size_t bytes = 0;

    for (int column = 0; column < columns; column++) {
        if (!PQgetisnull(row, 0, column)) {
            values[column] = arena_copy(arena, (struct text){.data = PQgetvalue(row, 0, column),
                                                             .length = (size_t)PQgetlength(row, 0, column)});
            bytes += values[column].length;
        }
    }
    if (answer->row_count == answer->row_capacity) {
        const size_t capacity = answer->row_capacity == 0 ? 64 : 2 * answer->row_capacity;
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): an array of pointers is what it is */
        struct text **rows = arena_alloc(arena, capacity * sizeof(*rows));
        for (size_t i = 0; i < answer->row_count; i++) {
            rows[i] = answer->row[i];
        }
        answer->row = rows;
        answer->row_capacity = capacity;
    }
    answer->row[answer->row_count++] = values;
    return bytes;
}

/* An error counts whatever comes after it; and it may come after the rows, where a deferred constraint fails. Rows count
 * before the mere completion of what stands around their statement. */
static void keep_result(struct pg_answer *answer, PGresult *result)
{
    const ExecStatusType held = answer->result != NULL ? PQresultStatus(answer->result) : PGRES_EMPTY_QUERY;
    if (held == PGRES_FATAL_ERROR || (held == PGRES_TUPLES_OK && PQresultStatus(result) == PGRES_COMMAND_OK)) {
        PQclear(result);
        return;
    }
    PQclear(answer->result);
    answer->result = result;
}

/* False where there is no room for it: nobody asked for it. */
static bool keep_apart(PGresult *each[GATHERED_MAX], size_t statement, PGresult *result)
{
    if (statement >= GATHERED_MAX || each[statement] != NULL) {
        return false;
    }
    each[statement] = result;
    return true;
}

/* Results of a pipeline come each with a NULL behind it, up to its last sync. With each, the rows of its statements are kept
 * apart. */
static enum pg_end collect_pipeline(PGconn *connection, const struct scope *scope, unsigned syncs, PGresult **each,
                                    struct pg_answer *answer)
{
    size_t statement = 0;

    while (syncs > 0) {
        enum pg_end end = wait_for_result(connection, scope);
        if (end == PG_END_LATE) {
            return end;
        }
        PGresult *result = PQgetResult(connection);
        if (result == NULL) {
            if (end == PG_END_BROKEN || PQstatus(connection) != CONNECTION_OK) {
                return PG_END_BROKEN;
            }
            statement++;
            continue;
        }
        const unsigned kind = PQresultStatus(result);
        switch (kind) {
        case PGRES_PIPELINE_SYNC:
            syncs--;
            PQclear(result);
            break;
        case PGRES_PIPELINE_ABORTED:
            PQclear(result);
            break;
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            PQclear(result); /* as below */
            return PG_END_BROKEN;
        default:
            if (each == NULL || kind == PGRES_FATAL_ERROR) {
                keep_result(answer, result);
            } else if (kind != PGRES_TUPLES_OK) {
                PQclear(result);
            } else if (!keep_apart(each, statement, result)) {
                PQclear(result);
                return PG_END_BROKEN;
            }
            break;
        }
    }
    return PG_END_ANSWERED;
}

static enum pg_end collect(PGconn *connection, const struct scope *scope, size_t row_bytes_max,
                           struct pg_answer *answer)
{
    size_t bytes = 0;
    for (;;) {
        enum pg_end end = wait_for_result(connection, scope);
        if (end == PG_END_LATE) {
            return end;
        }
        /* Where the connection broke, libpq still has what the server said last, and PQgetResult does not wait. */
        PGresult *result = PQgetResult(connection);
        if (result == NULL) {
            return end;
        }
        const unsigned kind = PQresultStatus(result);
        switch (kind) {
        case PGRES_SINGLE_TUPLE:
            bytes += keep_row(answer, scope->arena, result);
            PQclear(result);
            if (bytes >= row_bytes_max) {
                return PG_END_FULL;
            }
            break;
        case PGRES_COPY_IN:
        case PGRES_COPY_OUT:
        case PGRES_COPY_BOTH:
            PQclear(result); /* nobody here speaks COPY, and libpq would report it for ever */
            return PG_END_BROKEN;
        default:
            keep_result(answer, result);
            break;
        }
    }
}

/* As pg_exchange; with syncs, in a pipeline that has so many, and with each besides, whose statements are told apart. */
static struct pg_answer exchange(PGconn *connection, const struct scope *scope, size_t row_bytes_max, unsigned syncs,
                                 PGresult **each)
{
    struct pg_answer answer = {0};
    answer.end = flush(connection, scope);
    answer.sent = answer.end == PG_END_ANSWERED;
    if (answer.end != PG_END_LATE) {
        enum pg_end end = syncs > 0 ? collect_pipeline(connection, scope, syncs, each, &answer)
                                    : collect(connection, scope, row_bytes_max, &answer);
        answer.end = answer.end == PG_END_ANSWERED ? end : answer.end;
    }
    if (answer.end == PG_END_ANSWERED && PQstatus(connection) != CONNECTION_OK) {
        answer.end = PG_END_BROKEN;
    }
    return answer;
}

struct pg_answer pg_exchange(PGconn *connection, const struct scope *scope, size_t row_bytes_max)
{
    return exchange(connection, scope, row_bytes_max, 0, NULL);
}

struct pg_answer pg_exchange_pipeline(PGconn *connection, const struct scope *scope, unsigned syncs)
{
    return exchange(connection, scope, 0, syncs, NULL);
}

struct pg_answer pg_exchange_each(PGconn *connection, const struct scope *scope, PGresult *each[GATHERED_MAX])
{
    return exchange(connection, scope, 0, 1, each);
}

void pg_answer_release(struct pg_answer *answer)
{
    PQclear(answer->result);
    *answer = (struct pg_answer){0};
}

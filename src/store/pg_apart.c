/* Messages on a connection of its own, and the waiting for their answers. */
#include "pg_apart.h"

#include "base/log.h"

#include <limits.h>
#include <poll.h>

enum status pg_apart_open(struct pg_apart *apart, const struct pg *pg, struct scope *scope, const char *name,
                          int64_t statement_ms, struct waiter *waiter)
{
    struct pg_options same = pg->options;

    same.name = name;
    same.statement_ms = statement_ms;
    *apart = (struct pg_apart){.pg = pg_new(&same), .waiter = waiter};
    return pg_open(apart->pg, scope, false);
}

void pg_apart_close(struct pg_apart *apart)
{
    pg_free(apart->pg);
    apart->pg = NULL;
}

/* --- waiting --- */

static enum status wait_for(struct pg_apart *apart, short events, int64_t deadline_ns)
{
    const int fd = PQsocket(apart->pg->connection);

    if (fd < 0) {
        return STATUS_UNAVAILABLE; /* libpq has closed it already */
    }
    return pg_wait(apart->waiter, fd, events, deadline_ns) ? STATUS_OK : STATUS_DEADLINE;
}

enum status pg_apart_await(struct pg_apart *apart, int64_t deadline_ns)
{
    PGconn *connection = apart->pg->connection;
    enum status status = STATUS_OK;
    int left = PQflush(connection);

    while (status == STATUS_OK && left > 0) {
        status = wait_for(apart, POLLIN | POLLOUT, deadline_ns);
        if (status == STATUS_OK) {
            left = PQconsumeInput(connection) ? PQflush(connection) : -1;
        }
    }
    while (status == STATUS_OK && left == 0 && PQisBusy(connection)) {
        status = wait_for(apart, POLLIN, deadline_ns);
        if (status == STATUS_OK && !PQconsumeInput(connection)) {
            left = -1;
        }
    }
    return status == STATUS_UNAVAILABLE ? STATUS_OK : status;
}

/* --- answers --- */

enum status pg_apart_judge(const PGresult *result, const char *what)
{
    const char *sqlstate = pg_error_sqlstate(result);
    enum status status = sqlstate != NULL ? pg_error_status(sqlstate) : STATUS_UNAVAILABLE;
    char message[PG_LINE_MAX];

    /* Nothing here can break a rule of a table: these are faults of the statement. What only reads is told of no disk that is
     * full, and what writes has met it before. */
    if (status == STATUS_READ_ONLY) {
        status = STATUS_UNAVAILABLE;
    } else if (status != STATUS_UNAVAILABLE && status != STATUS_DEADLINE) {
        status = STATUS_INTERNAL;
    }
    pg_error_message(result, message);
    log_warning("postgres: %s: %s %s", what, sqlstate != NULL ? sqlstate : "?", message);
    return status;
}

enum status pg_apart_collect(struct pg_apart *apart, int64_t deadline_ns, const char *what, PGresult **rows)
{
    enum status status = STATUS_OK;

    for (;;) {
        enum status waited = pg_apart_await(apart, deadline_ns);
        PGresult *result = waited == STATUS_OK ? PQgetResult(apart->pg->connection) : NULL;
        const ExecStatusType kind = PQresultStatus(result); /* PGRES_FATAL_ERROR for NULL */

        if (waited != STATUS_OK) {
            return waited;
        }
        if (result == NULL) {
            return status;
        }
        if (kind == PGRES_TUPLES_OK && rows != NULL && *rows == NULL) {
            *rows = result;
            continue;
        }
        if (kind != PGRES_COMMAND_OK && kind != PGRES_TUPLES_OK && status == STATUS_OK) {
            status = pg_apart_judge(result, what);
        }
        PQclear(result);
    }
}

enum status pg_apart_run(struct pg_apart *apart, int64_t deadline_ns, const char *what, const char *sql,
                         PGresult **rows)
{
    if (!PQsendQuery(apart->pg->connection, sql)) {
        return STATUS_UNAVAILABLE;
    }
    return pg_apart_collect(apart, deadline_ns, what, rows);
}

/* --- COPY --- */

/* Waits for the server to be ready for the rows. Where it refuses them it ends the message, which is collected. */
static enum status begin_copy(struct pg_apart *apart, int64_t deadline_ns, const char *what, const char *sql)
{
    PGresult *result;
    enum status status;

    if (!PQsendQuery(apart->pg->connection, sql)) {
        return STATUS_UNAVAILABLE;
    }
    status = pg_apart_await(apart, deadline_ns);
    if (status != STATUS_OK) {
        return status;
    }
    result = PQgetResult(apart->pg->connection);
    if (PQresultStatus(result) != PGRES_COPY_IN) {
        status = pg_apart_judge(result, what);
        PQclear(result);
        return status == STATUS_OK ? STATUS_INTERNAL : status;
    }
    PQclear(result);
    return STATUS_OK;
}

/* Puts data, or with length 0 the end. libpq takes it or says that it would have to wait. */
static enum status put(struct pg_apart *apart, int64_t deadline_ns, const char *data, int length)
{
    PGconn *connection = apart->pg->connection;
    enum status status = STATUS_OK;
    int taken = 0;

    while (status == STATUS_OK && taken == 0) {
        taken = length > 0 ? PQputCopyData(connection, data, length) : PQputCopyEnd(connection, NULL);
        if (taken == 0) {
            status = wait_for(apart, POLLOUT, deadline_ns);
        }
    }
    return taken < 0 ? STATUS_UNAVAILABLE : status;
}

enum status pg_apart_copy(struct pg_apart *apart, int64_t deadline_ns, const char *what, const char *sql,
                          struct text bytes)
{
    enum status status = begin_copy(apart, deadline_ns, what, sql);

    while (status == STATUS_OK && bytes.length > 0) {
        const int step = bytes.length > INT_MAX / 2 ? INT_MAX / 2 : (int)bytes.length;

        status = put(apart, deadline_ns, bytes.data, step);
        bytes = (struct text){.data = bytes.data + step, .length = bytes.length - (size_t)step};
    }
    if (status == STATUS_OK) {
        status = put(apart, deadline_ns, NULL, 0);
    }
    return status == STATUS_OK ? pg_apart_collect(apart, deadline_ns, what, NULL) : status;
}

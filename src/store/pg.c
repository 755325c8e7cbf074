/* Running statements on the one connection: preparing them at first use, and judging what came back. */
#include "pg_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/resolver.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is to be run, and how. */
struct statement {
    const char *name;
    const char *sql;
    bool reads;
    size_t row_bytes_max; /* 0: all rows in one result */
    const char *values[PG_PARAMETERS_MAX];
    int lengths[PG_PARAMETERS_MAX]; /* of arrays; texts are terminated */
    int formats[PG_PARAMETERS_MAX]; /* 1 for arrays, 0 for texts */
    int count;
};

/* Reasons to run a statement once more. */
enum again { AGAIN_NO, AGAIN_CONNECTION, AGAIN_PREPARE, AGAIN_TRANSACTION, AGAIN_COUNT };

struct pg *pg_new(const struct pg_options *options)
{
    struct pg *pg = memory_new(1, sizeof(*pg));
    size_t size = strlen(options->url) + 1;
    pg->options = *options;
    pg->url = memcpy(memory_new(size, 1), options->url, size);
    pg->options.url = pg->url;
    return pg;
}

void pg_free(struct pg *pg)
{
    if (pg != NULL) {
        pg_abandon(pg);
        PQfinish(pg->connection);
        resolver_free(pg->resolver);
        free(pg->url);
        free(pg);
    }
}

/* --- prepared statements --- */

/* Where the name stands among the prepared ones, or would have to. */
static size_t find_prepared(const struct pg *pg, const char *name, bool *found)
{
    size_t low = 0;
    size_t high = pg->prepared_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, pg->prepared[middle]);
        if (order == 0) {
            *found = true;
            return middle;
        }
        low = order > 0 ? middle + 1 : low;
        high = order < 0 ? middle : high;
    }
    *found = false;
    return low;
}

bool pg_is_prepared(const struct pg *pg, const char *name)
{
    bool found;

    (void)find_prepared(pg, name, &found);
    return found;
}

static void remember_prepared(struct pg *pg, size_t place, const char *name)
{
    memmove(&pg->prepared[place + 1], &pg->prepared[place], (pg->prepared_count - place) * sizeof(pg->prepared[0]));
    (void)snprintf(pg->prepared[place], sizeof(pg->prepared[place]), "%s", name);
    pg->prepared_count++;
}

/* --- judging --- */

static void keep_constraint(struct pg *pg, const PGresult *result)
{
    const char *name = PQresultErrorField(result, PG_DIAG_CONSTRAINT_NAME);
    (void)snprintf(pg->constraint, sizeof(pg->constraint), "%s", name != NULL ? name : "");
}

static bool failed(const PGresult *result)
{
    ExecStatusType status = PQresultStatus(result); /* PGRES_FATAL_ERROR for NULL */
    return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY;
}

/* The status of an answer; the connection is dropped where it is of no more use. what names the statement in the log,
 * NULL where the caller reports errors itself. harmless: it does not matter whether the server acted on the message, as
 * it only read. */
static enum status judge(struct pg *pg, const char *what, const struct pg_answer *answer, bool harmless,
                         enum again *again)
{
    const char *sqlstate = pg_error_sqlstate(answer->result);
    bool undone = harmless || !answer->sent;
    char message[PG_LINE_MAX];

    *again = AGAIN_NO;
    switch (answer->end) {
    case PG_END_FULL:
        pg_drop(pg, NULL);
        return STATUS_OK;
    case PG_END_LATE:
        pg_drop(pg, "no answer within the deadline");
        pg->silent = true;
        return undone ? STATUS_DEADLINE : STATUS_UNCERTAIN;
    case PG_END_BROKEN:
        undone = undone || pg_error_is_farewell(answer->result);
        pg_error_message(answer->result, message);
        pg_drop(pg, message);
        *again = undone ? AGAIN_CONNECTION : AGAIN_NO;
        return undone ? STATUS_UNAVAILABLE : STATUS_UNCERTAIN;
    case PG_END_ANSWERED:
        break;
    }
    if (!failed(answer->result)) {
        return STATUS_OK;
    }
    enum status status = pg_error_status(sqlstate);
    if (pg_error_is_transient(sqlstate)) {
        *again = AGAIN_TRANSACTION;
    } else if (pg_error_is_unprepared(sqlstate)) {
        *again = AGAIN_PREPARE;
    } else if (status == STATUS_INTERNAL && what != NULL) {
        pg_error_message(answer->result, message);
        log_error("postgres: %s: %s %s", what, sqlstate != NULL ? sqlstate : "?", message);
    }
    keep_constraint(pg, answer->result);
    return status;
}

/* --- one try --- */

static enum status prepare(struct pg *pg, struct scope *scope, const struct statement *statement, enum again *again)
{
    struct pg_answer answer = {.end = PG_END_BROKEN};
    if (PQsendPrepare(pg->connection, statement->name, statement->sql, 0, NULL)) {
        answer = pg_exchange(pg->connection, scope, 0);
    }
    enum status status = judge(pg, statement->name, &answer, true, again);
    pg_answer_release(&answer);
    return status;
}

static void forget_prepared(struct pg *pg, struct scope *scope);

/* Sends the statement under its name. Where the list of prepared ones is full it begins anew: what is used often is soon
 * prepared again, and what was used once is gone. */
static enum status send_statement(struct pg *pg, struct scope *scope, const struct statement *statement, bool *sent,
                                  enum again *again)
{
    bool is_prepared = false;
    size_t place = find_prepared(pg, statement->name, &is_prepared);
    enum status status = STATUS_OK;

    if (!is_prepared && pg->prepared_count == PG_STATEMENTS_MAX) {
        forget_prepared(pg, scope);
        place = 0;
        if (pg->connection == NULL) {
            *again = AGAIN_CONNECTION;
            return STATUS_UNAVAILABLE;
        }
    }
    if (!is_prepared) {
        status = prepare(pg, scope, statement, again);
        if (status == STATUS_OK) {
            remember_prepared(pg, place, statement->name);
        }
    }
    if (status != STATUS_OK) {
        return status;
    }
    *sent = PQsendQueryPrepared(pg->connection, statement->name, statement->count, statement->values,
                                statement->lengths, statement->formats, 0) == 1;
    if (*sent && statement->row_bytes_max != 0) {
        (void)PQsetSingleRowMode(pg->connection);
    }
    return STATUS_OK;
}

static enum status run_once(struct pg *pg, struct scope *scope, const struct statement *statement,
                            struct pg_answer *answer, enum again *again)
{
    bool sent = false;
    /* A read may be run again, so that it need not ask first whether the connection is still there. */
    enum status status = pg_open(pg, scope, !statement->reads);
    if (status == STATUS_OK) {
        status = send_statement(pg, scope, statement, &sent, again);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *answer = (struct pg_answer){.end = PG_END_BROKEN};
    if (sent) {
        *answer = pg_exchange(pg->connection, scope, statement->row_bytes_max);
    }
    status = judge(pg, statement->name, answer, statement->reads, again);
    /* A read that needs the disk, for a sort or a hash, is as good as none. */
    return status == STATUS_READ_ONLY && statement->reads ? STATUS_UNAVAILABLE : status;
}

/* Lets the session forget all that is prepared. What is wrong with it shows at the next use. */
static void forget_prepared(struct pg *pg, struct scope *scope)
{
    pg->prepared_count = 0;
    if (pg->connection != NULL && PQsendQuery(pg->connection, "DEALLOCATE ALL")) {
        struct pg_answer answer = pg_exchange(pg->connection, scope, 0);
        enum again ignored = AGAIN_NO;
        (void)judge(pg, "DEALLOCATE ALL", &answer, true, &ignored);
        pg_answer_release(&answer);
    }
}

/* --- the public functions --- */

static enum status run(struct pg *pg, struct scope *scope, const struct statement *statement, bool *full,
                       struct pg_result **result)
{
    unsigned left[AGAIN_COUNT] = {[AGAIN_CONNECTION] = 1, [AGAIN_PREPARE] = 1, [AGAIN_TRANSACTION] = 3};
    const int64_t began_ns = clock_monotonic_ns();
    enum status status = began_ns < scope->deadline_ns ? STATUS_OK : STATUS_DEADLINE;
    struct pg_answer answer = {0};
    enum again again = AGAIN_NO;

    pg->constraint[0] = '\0';
    while (status == STATUS_OK) {
        again = AGAIN_NO;
        pg_answer_release(&answer);
        status = run_once(pg, scope, statement, &answer, &again);
        if (again == AGAIN_NO || left[again] == 0 || clock_monotonic_ns() >= scope->deadline_ns) {
            break;
        }
        left[again]--;
        if (again == AGAIN_PREPARE) {
            forget_prepared(pg, scope);
        }
        status = STATUS_OK;
    }
    if (status == STATUS_OK) {
        *full = answer.end == PG_END_FULL;
        *result = pg_result_take(scope->arena, &answer);
    } else if (status == STATUS_INTERNAL && again == AGAIN_PREPARE) {
        char message[PG_LINE_MAX];
        pg_error_message(answer.result, message);
        log_error("postgres: %s: %s", statement->name, message);
    }
    pg_answer_release(&answer);
    scope->store_ns += clock_monotonic_ns() - began_ns;
    return status;
}

static_assert(PG_PARAMETERS_MAX <= 64, "each parameter has its bit in arrays");

/* Texts are copied, and terminated. A NUL in one would cut it short unseen: false. Arrays are lent by their owners. */
static bool set_values(struct statement *statement, struct arena *arena, const struct text *parameters, size_t count,
                       uint64_t arrays)
{
    if (count > PG_PARAMETERS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const struct text parameter = parameters[i];
        if ((arrays >> i & 1) != 0) {
            statement->values[i] = parameter.data;
            statement->lengths[i] = (int)parameter.length;
            statement->formats[i] = 1;
        } else if (parameter.data != NULL) {
            if (memchr(parameter.data, '\0', parameter.length) != NULL) {
                return false;
            }
            statement->values[i] = arena_string(arena, parameter);
        }
    }
    statement->count = (int)count;
    return true;
}

enum status pg_exec_arrays(struct pg *pg, struct scope *scope, const char *name, const char *sql, bool reads,
                           const struct text *parameters, size_t count, uint64_t arrays, struct pg_result **result)
{
    struct statement statement = {.name = name, .sql = sql, .reads = reads};
    bool full = false;
    if (!set_values(&statement, scope->arena, parameters, count, arrays)) {
        return STATUS_INVALID;
    }
    return run(pg, scope, &statement, &full, result);
}

enum status pg_exec(struct pg *pg, struct scope *scope, const char *name, const char *sql, bool reads,
                    const struct text *parameters, size_t count, struct pg_result **result)
{
    return pg_exec_arrays(pg, scope, name, sql, reads, parameters, count, 0, result);
}

/* Two syncs: the transaction is over after the second one whatever became of the statement. */
static bool send_rehearsal(PGconn *connection, const struct statement *statement)
{
    return PQenterPipelineMode(connection) == 1 &&
           PQsendQueryParams(connection, "BEGIN", 0, NULL, NULL, NULL, NULL, 0) == 1 &&
           PQsendQueryParams(connection, statement->sql, statement->count, NULL, statement->values, statement->lengths,
                             statement->formats, 0) == 1 &&
           PQpipelineSync(connection) == 1 &&
           PQsendQueryParams(connection, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 0) == 1 &&
           PQpipelineSync(connection) == 1;
}

enum status pg_rehearse(struct pg *pg, struct scope *scope, const char *sql, const struct text *parameters,
                        size_t count, uint64_t arrays, struct pg_result **result)
{
    struct statement statement = {.name = "rehearsal", .sql = sql};
    const int64_t began_ns = clock_monotonic_ns();
    struct pg_answer answer = {.end = PG_END_BROKEN};
    enum again ignored = AGAIN_NO;
    enum status status;

    pg->constraint[0] = '\0';
    if (!set_values(&statement, scope->arena, parameters, count, arrays)) {
        return STATUS_INVALID;
    }
    status = pg_open(pg, scope, true);
    if (status == STATUS_OK) {
        if (send_rehearsal(pg->connection, &statement)) {
            answer = pg_exchange_pipeline(pg->connection, scope, 2);
        }
        status = judge(pg, statement.name, &answer, true, &ignored);
    }
    if (pg->connection != NULL && PQexitPipelineMode(pg->connection) != 1) {
        pg_drop(pg, "it does not leave its pipeline");
        status = status == STATUS_OK ? STATUS_INTERNAL : status;
    }
    if (status == STATUS_OK) {
        *result = pg_result_take(scope->arena, &answer);
    }
    pg_answer_release(&answer);
    scope->store_ns += clock_monotonic_ns() - began_ns;
    return status;
}

enum status pg_read_bounded(struct pg *pg, struct scope *scope, const char *name, const char *sql, size_t bytes_max,
                            const struct text *parameters, size_t count, uint64_t arrays, struct pg_result **result,
                            bool *full)
{
    struct statement statement = {.name = name, .sql = sql, .reads = true, .row_bytes_max = bytes_max};
    if (!set_values(&statement, scope->arena, parameters, count, arrays)) {
        return STATUS_INVALID;
    }
    return run(pg, scope, &statement, full, result);
}

enum status pg_run_script(struct pg *pg, struct scope *scope, const char *sql, char *message, size_t message_size)
{
    const int64_t began_ns = clock_monotonic_ns();
    struct pg_answer answer = {.end = PG_END_BROKEN};
    enum again ignored = AGAIN_NO;
    enum status status = pg_open(pg, scope, true);
    char text[PG_LINE_MAX] = "";

    pg->constraint[0] = '\0';
    if (status == STATUS_OK) {
        if (PQsendQuery(pg->connection, sql)) {
            answer = pg_exchange(pg->connection, scope, 0);
        }
        status = judge(pg, message == NULL ? "script" : NULL, &answer, false, &ignored);
        if (status != STATUS_OK) {
            pg_error_message(answer.result, text);
        }
    } else {
        (void)snprintf(text, sizeof(text), "%s", pg->error);
    }
    if (pg->connection != NULL && PQtransactionStatus(pg->connection) != PQTRANS_IDLE) {
        pg_drop(pg, "a script left a transaction open");
        status = status == STATUS_OK ? STATUS_INTERNAL : status;
    }
    if (message != NULL && message_size > 0) {
        (void)snprintf(message, message_size, "%s", text);
    }
    pg_answer_release(&answer);
    scope->store_ns += clock_monotonic_ns() - began_ns;
    return status;
}

enum status pg_connect(struct pg *pg, struct scope *scope)
{
    const int64_t began_ns = clock_monotonic_ns();
    enum status status = pg_open(pg, scope, true);
    scope->store_ns += clock_monotonic_ns() - began_ns;
    return status;
}

const char *pg_constraint(const struct pg *pg)
{
    return pg->constraint;
}

const char *pg_last_error(const struct pg *pg)
{
    return pg->error;
}

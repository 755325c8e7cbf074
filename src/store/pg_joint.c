/* Reads of several requests in one round trip. One that is about to read has the worker begin with the next request that may
 * read too, if there is one that waits; that does the same, and so on. The last of them sends what all have to ask, and then
 * all go on, the last first. Nobody waits for a request to come: those who join have come while the worker was busy.
 *
 * What was not answered so is asked once more by itself, so that little has to be judged here: only what Postgres gave up
 * after the time that a statement has. It was the same for all, and one after the other would wait as long again. */
#include "pg_internal.h"

#include "base/clock.h"

#include <string.h>

/* One that is gathered and has nothing to read leaves room for another, but not for ever. */
#define GATHERINGS_MAX ((size_t)2 * GATHERED_MAX)

struct pg_joint {
    struct scope *scope;
    const char *name;
    const char *values[PG_PARAMETERS_MAX];
    int count;
    bool done;
    bool late;                /* Postgres took too long: it is not to be asked for again */
    struct pg_result *result; /* NULL where it is to be asked for alone */
};

static bool set_values(struct pg_joint *joint, const struct text *parameters, size_t count)
{
    if (count > PG_PARAMETERS_MAX) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (parameters[i].data != NULL && memchr(parameters[i].data, '\0', parameters[i].length) != NULL) {
            return false;
        }
        joint->values[i] = parameters[i].data != NULL ? arena_string(joint->scope->arena, parameters[i]) : NULL;
    }
    joint->count = (int)count;
    return true;
}

static bool send_all(struct pg *pg)
{
    bool sent = PQenterPipelineMode(pg->connection) == 1;

    for (size_t i = 0; i < pg->waiting_count && sent; i++) {
        const struct pg_joint *joint = pg->waiting[i];
        sent = PQsendQueryPrepared(pg->connection, joint->name, joint->count, joint->values, NULL, NULL, 0) == 1;
    }
    return sent && PQpipelineSync(pg->connection) == 1;
}

/* Drops the connection where it is of no more use: who asks alone opens another. */
static void settle(struct pg *pg, const struct pg_answer *answer)
{
    char message[PG_LINE_MAX];

    if (answer->end == PG_END_LATE) {
        pg_drop(pg, "no answer within the deadline");
        pg->silent = true;
    } else if (answer->end != PG_END_ANSWERED) {
        pg_error_message(answer->result, message);
        pg_drop(pg, message);
    } else if (PQexitPipelineMode(pg->connection) != 1) {
        pg_drop(pg, "it does not leave its pipeline");
    }
}

static void read_all(struct pg *pg, const struct scope *scope)
{
    PGresult *results[GATHERED_MAX] = {NULL};
    struct pg_answer answer = {.end = PG_END_BROKEN};
    const int64_t began_ns = clock_monotonic_ns();
    bool late;

    if (send_all(pg)) {
        answer = pg_exchange_each(pg->connection, scope, results);
    }
    late = answer.end == PG_END_ANSWERED && answer.result != NULL &&
           pg_error_status(pg_error_sqlstate(answer.result)) == STATUS_DEADLINE;
    settle(pg, &answer);
    pg_answer_release(&answer);
    for (size_t i = 0; i < pg->waiting_count; i++) {
        struct pg_joint *joint = pg->waiting[i];

        joint->scope->store_ns += clock_monotonic_ns() - began_ns;
        if (results[i] != NULL) {
            struct pg_answer own = {.result = results[i]};
            joint->result = pg_result_take(joint->scope->arena, &own);
        }
        joint->late = late && joint->result == NULL;
    }
}

/* Does what all wait for, and tells them. */
static void end_waiting(struct pg *pg, const struct scope *scope)
{
    bool prepared = pg->connection != NULL && pg->waiting_count > 1;

    for (size_t i = 0; i < pg->waiting_count && prepared; i++) {
        prepared = pg_is_prepared(pg, pg->waiting[i]->name);
    }
    if (prepared && clock_monotonic_ns() < scope->deadline_ns) {
        read_all(pg, scope);
    }
    for (size_t i = 0; i < pg->waiting_count; i++) {
        pg->waiting[i]->done = true;
    }
    pg->waiting_count = 0;
}

static void join(struct pg *pg, struct pg_joint *own)
{
    struct gatherer *gatherer = own->scope->gatherer;
    const int64_t began_ns = clock_monotonic_ns();

    pg->gatherings = pg->waiting_count > 0 ? pg->gatherings : 0;
    pg->waiting[pg->waiting_count++] = own;
    while (!own->done && pg->waiting_count < GATHERED_MAX && pg->gatherings++ < GATHERINGS_MAX &&
           gatherer->gather(gatherer, GATHER_READS)) {
    }
    /* The time of others is not its own, as little as where it waits in line for its worker. */
    own->scope->deadline_ns += clock_monotonic_ns() - began_ns;
    if (!own->done) {
        end_waiting(pg, own->scope);
    }
}

enum status pg_read_jointly(struct pg *pg, struct scope *scope, const char *name, const char *sql,
                            const struct text *parameters, size_t count, struct pg_result **result)
{
    struct pg_joint own = {.scope = scope, .name = name};

    if (scope->gatherer != NULL && pg->connection != NULL && pg_is_prepared(pg, name) &&
        set_values(&own, parameters, count)) {
        join(pg, &own);
    }
    if (own.result != NULL) {
        *result = own.result;
        return STATUS_OK;
    }
    if (own.late) {
        return STATUS_DEADLINE;
    }
    return pg_exec(pg, scope, name, sql, true, parameters, count, result);
}

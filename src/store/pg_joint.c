/* Reads of several requests in one round trip: the last who comes sends what all have to ask.
 *
 * What was not answered so is asked once more by itself, so that little has to be judged here: only what Postgres gave up
 * after the time that a statement has. It was the same for all, and one after the other would wait as long again. */
#include "pg_internal.h"

#include "base/clock.h"
#include "base/gathering.h"

#include <string.h>

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

    for (size_t i = 0; i < pg->joint.count && sent; i++) {
        const struct pg_joint *joint = pg->joint.waiting[i];
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
    for (size_t i = 0; i < pg->joint.count; i++) {
        struct pg_joint *joint = pg->joint.waiting[i];

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
    bool prepared = pg->connection != NULL && pg->joint.count > 1;

    for (size_t i = 0; i < pg->joint.count && prepared; i++) {
        const struct pg_joint *joint = pg->joint.waiting[i];
        prepared = pg_is_prepared(pg, joint->name);
    }
    if (prepared && clock_monotonic_ns() < scope->deadline_ns) {
        read_all(pg, scope);
    }
    for (size_t i = 0; i < pg->joint.count; i++) {
        struct pg_joint *joint = pg->joint.waiting[i];
        joint->done = true;
    }
    pg->joint.count = 0;
}

enum status pg_read_jointly(struct pg *pg, struct scope *scope, const char *name, const char *sql,
                            const struct text *parameters, size_t count, struct pg_result **result)
{
    struct pg_joint own = {.scope = scope, .name = name};

    if (scope->gatherer != NULL && pg->connection != NULL && pg_is_prepared(pg, name) &&
        set_values(&own, parameters, count) && gathering_come(&pg->joint, scope, GATHER_READS, &own, &own.done)) {
        end_waiting(pg, scope);
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

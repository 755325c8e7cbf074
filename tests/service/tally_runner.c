/* wares-jobs with a kind of job of the tests' own beside the others: "tally".
 *
 * Its payload is {"steps": N, "pause": ms between steps, "fault": one of none, retry, fail, crash, slow}. Step K of a job
 * writes the row (job, K) into the table tally, which the test makes, where K is one more than the rows that are there: a
 * step that was done twice, or left out, shows. With the fault "retry" every first try of a step ends the attempt, with
 * "fail" the job, with "crash" the runner. */
#include "../../src/bin/jobs.h"

#include "json/parse.h"
#include "json/value.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

struct tally {
    uint64_t steps;
    uint64_t pause_ms;
    struct text fault;
    bool stumbled;
};

static bool read_number(struct json_object *payload, const char *name, uint64_t *number)
{
    struct json_object *value = NULL;

    return json_member(payload, name, &value) && text_to_u64(json_number_digits(value), number);
}

static bool begin(struct job_run *run)
{
    struct tally *tally = run->state;
    struct json_object *payload = NULL;
    struct json_object *fault = NULL;
    struct faults faults;

    faults_init(&faults, run->arena);
    if (json_parse(run->job->payload, &faults, &payload) != STATUS_OK || !json_is_object(payload) ||
        !read_number(payload, "steps", &tally->steps) || !read_number(payload, "pause", &tally->pause_ms) ||
        !json_member(payload, "fault", &fault)) {
        (void)snprintf(run->error, sizeof run->error, "the payload cannot be read");
        return false;
    }
    tally->fault = json_string(fault);
    return true;
}

static enum job_step stumble(struct job_run *run)
{
    struct tally *tally = run->state;

    tally->stumbled = true;
    (void)snprintf(run->error, sizeof run->error, "it stumbled, as it was told to");
    if (text_equal(tally->fault, TEXT("crash"))) {
        (void)raise(SIGKILL);
    }
    return text_equal(tally->fault, TEXT("fail")) ? JOB_STEP_FAIL : JOB_STEP_RETRY;
}

static bool is_to_stumble(const struct job_run *run)
{
    const struct tally *tally = run->state;

    return !tally->stumbled && (text_equal(tally->fault, TEXT("crash")) || text_equal(tally->fault, TEXT("fail")) ||
                                (text_equal(tally->fault, TEXT("retry")) && run->job->attempts < 3));
}

static enum job_step step(struct job_run *run, struct scope *scope)
{
    static const char sql[] =
        JOB_HELD ", done AS (SELECT count(*) AS steps FROM tally WHERE job = $1), "
                 "added AS (INSERT INTO tally (job, step) SELECT id, steps + 1 FROM held, done WHERE steps < $3 "
                 "RETURNING step) "
                 "SELECT steps + (SELECT count(*) FROM added), EXISTS (SELECT FROM held), pg_sleep($4) FROM done";
    struct tally *tally = run->state;
    const bool slow = text_equal(tally->fault, TEXT("slow"));
    const struct text values[] = {run->job->hold.id, run->job->hold.fence,
                                  arena_printf(scope->arena, "%llu", (unsigned long long)tally->steps),
                                  slow ? TEXT("1") : TEXT("0")};
    struct pg_result *result = NULL;
    uint64_t steps = 0;

    if (is_to_stumble(run)) {
        return stumble(run);
    }
    const enum status status = pg_exec(run->tools->pg, scope, "tally", sql, false, values, LENGTH(values), &result);
    if (status != STATUS_OK) {
        return job_step_of(run, status, "counting");
    }
    if (!text_equal(pg_value(result, 0, 1), TEXT("t"))) {
        return JOB_STEP_LOST;
    }
    (void)text_to_u64(pg_value(result, 0, 0), &steps);
    run->progress = tally->steps > 0 ? (uint64_t)JOB_PROGRESS_WHOLE * steps / tally->steps : JOB_PROGRESS_WHOLE;
    run->wait_ms = (int64_t)tally->pause_ms;
    return steps >= tally->steps ? JOB_STEP_DONE : tally->pause_ms > 0 ? JOB_STEP_WAIT : JOB_STEP_MORE;
}

static int64_t every_s(const struct config *config)
{
    (void)config;
    return 2;
}

/* For the schedule: one job every other second. Each attempt is a row of its own. */
static bool begin_tick(struct job_run *run)
{
    (void)run;
    return true;
}

static enum job_step step_tick(struct job_run *run, struct scope *scope)
{
    const struct text values[] = {run->job->hold.id, run->job->hold.fence};
    struct pg_result *result = NULL;
    const enum status status =
        pg_exec(run->tools->pg, scope, "tick", JOB_HELD " INSERT INTO tick (job) SELECT id FROM held", false, values,
                LENGTH(values), &result);

    return status == STATUS_OK ? JOB_STEP_DONE : job_step_of(run, status, "ticking");
}

int main(int argc, char **argv)
{
    static const struct job_kind tally = {
        .name = "tally", .attempts_max = 3, .state_size = sizeof(struct tally), .begin = begin, .step = step};
    static const struct job_kind tick = {
        .name = "tick", .attempts_max = 3, .every_s = every_s, .begin = begin_tick, .step = step_tick};
    const struct job_kind *kinds[16] = {&tally, &tick};

    memcpy(kinds + 2, job_kinds, job_kind_count * sizeof *kinds);
    return jobs_main(argc, argv, kinds, job_kind_count + 2);
}

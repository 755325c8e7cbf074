/* Background jobs: looked at, tried again, cancelled. */
#include "job.h"

#include "base/utf8.h"
#include "catalog/job_queue.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "input.h"
#include "reply.h"
#include "json/writer.h"

static void write_digits(struct strbuf *out, bool *first, const char *name, struct text digits)
{
    json_write_key(out, first, name);
    strbuf_append_text(out, digits);
}

void job_write(struct strbuf *out, const struct job *job)
{
    bool first = true;

    strbuf_append_char(out, '{');
    json_write_member(out, &first, "id", job->id);
    json_write_member(out, &first, "kind", job->kind);
    json_write_member(out, &first, "state", text_of(job_state_names[job->state]));
    write_digits(out, &first, "attempts", job->attempts);
    write_digits(out, &first, "attempts_max", job->attempts_max);
    write_digits(out, &first, "progress", job->progress);
    json_write_member(out, &first, "last_error", job->last_error);
    write_digits(out, &first, "cancelling", job->cancelling ? TEXT("true") : TEXT("false"));
    json_write_member(out, &first, "created_at", job->created_at);
    json_write_member(out, &first, "run_at", job->run_at);
    json_write_member(out, &first, "started_at", job->started_at);
    json_write_member(out, &first, "ended_at", job->ended_at);
    strbuf_append_char(out, '}');
}

static void answer(struct exchange *exchange, int status, const struct job *job)
{
    reply_json(exchange, status);
    job_write(&exchange->response.body, job);
}

/* --- the list --- */

static void read_state(const struct query *query, struct job_query *wanted, struct faults *faults)
{
    const struct text state = query_get(query, "state");

    if (state.data == NULL) {
        return;
    }
    wanted->has_state = job_state_of(state, &wanted->state);
    if (!wanted->has_state) {
        faults_add(faults, FAULT_IN_PARAMETER, "state", "unknown_value",
                   "must be one of queued, running, succeeded, failed and cancelled");
    }
}

/* There may be jobs of kinds that this release does not know. */
static void read_kind(const struct query *query, struct job_query *wanted, struct faults *faults)
{
    wanted->kind = query_get(query, "kind");
    if (wanted->kind.data != NULL && (wanted->kind.length == 0 || utf8_count(wanted->kind) > JOB_KIND_MAX)) {
        faults_add(faults, FAULT_IN_PARAMETER, "kind", "too_long", "must have 1 to %d characters", JOB_KIND_MAX);
    }
}

void job_list(struct exchange *exchange)
{
    struct job_query wanted = {0};
    struct job_page page;
    struct query query;
    struct faults faults;
    enum status status;

    faults_init(&faults, exchange->scope.arena);
    input_query(exchange, &query, &faults);
    read_state(&query, &wanted, &faults);
    read_kind(&query, &wanted, &faults);
    wanted.limit = input_limit(&query, &faults);
    wanted.has_cursor = input_cursor(&query, job_query_fingerprint(&wanted), &wanted.cursor, &faults);
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return;
    }
    status = catalog_job_list(exchange->app->catalog, &exchange->scope, &wanted, &page);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "list", NULL);
        return;
    }
    reply_json(exchange, 200);
    if (page.more) {
        reply_link_next(exchange, &query, &page.next);
    }
    strbuf_append_char(&exchange->response.body, '[');
    for (size_t i = 0; i < page.count; i++) {
        strbuf_append_text(&exchange->response.body, i > 0 ? TEXT(",") : TEXT(""));
        job_write(&exchange->response.body, &page.jobs[i]);
    }
    strbuf_append_char(&exchange->response.body, ']');
}

/* --- one --- */

void job_get(struct exchange *exchange)
{
    struct text id;
    struct job job;
    enum status status;

    if (!input_without_parameters(exchange) || !input_path_id(exchange, &id)) {
        return;
    }
    status = catalog_job_get(exchange->app->catalog, &exchange->scope, id, &job);
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "job", NULL);
        return;
    }
    answer(exchange, 200, &job);
}

void job_retry(struct exchange *exchange)
{
    struct text id;
    struct job job = {0};
    enum status status;

    if (!input_without_parameters(exchange) || !input_path_id(exchange, &id) || !input_without_body(exchange)) {
        return;
    }
    status = catalog_job_retry(exchange->app->catalog, &exchange->scope, id, &job);
    if (status == STATUS_CONFLICT && job.state == JOB_SUCCEEDED) {
        problem_answer(exchange, PROBLEM_CONFLICT, "The job has succeeded: there is nothing to try again.");
    } else if (status == STATUS_CONFLICT) {
        problem_answer(exchange, PROBLEM_CONFLICT,
                       "Another job has taken the place of this one and is not over yet; wait for that one.");
    } else if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "job", NULL);
    } else {
        answer(exchange, 200, &job);
    }
}

void job_cancel(struct exchange *exchange)
{
    struct text id;
    struct job job = {0};
    enum status status;

    if (!input_without_parameters(exchange) || !input_path_id(exchange, &id) || !input_without_body(exchange)) {
        return;
    }
    status = catalog_job_cancel(exchange->app->catalog, &exchange->scope, id, &job);
    if (status == STATUS_CONFLICT) {
        problem_answer(exchange, PROBLEM_CONFLICT, "The job has %s already: there is nothing to cancel.",
                       job_state_names[job.state]);
    } else if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "job", NULL);
    } else {
        /* One that runs ends at its next step. */
        answer(exchange, job.state == JOB_CANCELLED ? 200 : 202, &job);
    }
}

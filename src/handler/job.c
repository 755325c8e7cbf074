/* Background jobs: looked at, tried again, cancelled. */
#include "handler/job_json.h"

#include "base/utf8.h"
#include "catalog/job_queue.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "input.h"
#include "reply.h"
#include "write.h"
#include "json/parse.h"
#include "json/value.h"
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
    reply_json(exchange, 200);
    job_write(&exchange->response.body, &job);
}

/* --- changing one --- */

static bool begin(struct exchange *exchange, struct write_request *request, struct text *id)
{
    write_begin_unversioned(exchange, request);
    return input_path_id(exchange, id) && input_without_body(exchange) && !write_refused(exchange, request);
}

/* The job as it is answered: byte for byte what is kept, where that is. */
static void answer_changed(struct exchange *exchange, int status, const struct job_result *result)
{
    reply_json(exchange, status);
    exchange->response.lent_body = result->json;
    write_add_applied(exchange, &(struct write_request){0}, result->replayed);
}

void job_retry(struct exchange *exchange)
{
    struct write_request request;
    struct job_result result = {0};
    struct text id;
    enum status status;

    if (!begin(exchange, &request, &id)) {
        return;
    }
    status = catalog_job_retry(exchange->app->catalog, &exchange->scope, &request.options, id, &result);
    if (status == STATUS_CONFLICT && result.job.state == JOB_SUCCEEDED) {
        problem_answer(exchange, PROBLEM_CONFLICT, "The job has succeeded: there is nothing to try again.");
    } else if (status == STATUS_CONFLICT) {
        problem_answer(exchange, PROBLEM_CONFLICT,
                       "Another job has taken the place of this one and is not over yet; wait for that one.");
    } else if (status != STATUS_OK) {
        write_answer_status(exchange, status, "job", &request, &(struct change_result){0});
    } else {
        answer_changed(exchange, 200, &result);
    }
}

/* Of an answer that is given again only the text is known. */
static bool is_cancelled(struct exchange *exchange, const struct job_result *result)
{
    struct json_object *document = NULL;
    struct json_object *state = NULL;
    struct faults faults;

    if (!result->replayed) {
        return result->job.state == JOB_CANCELLED;
    }
    faults_init(&faults, exchange->scope.arena);
    return json_parse(result->json, &faults, &document) == STATUS_OK && json_member(document, "state", &state) &&
           text_equal(json_string(state), text_of(job_state_names[JOB_CANCELLED]));
}

void job_cancel(struct exchange *exchange)
{
    struct write_request request;
    struct job_result result = {0};
    struct text id;
    enum status status;

    if (!begin(exchange, &request, &id)) {
        return;
    }
    status = catalog_job_cancel(exchange->app->catalog, &exchange->scope, &request.options, id, &result);
    if (status == STATUS_CONFLICT) {
        problem_answer(exchange, PROBLEM_CONFLICT, "The job has %s already: there is nothing to cancel.",
                       job_state_names[result.job.state]);
    } else if (status != STATUS_OK) {
        write_answer_status(exchange, status, "job", &request, &(struct change_result){0});
    } else {
        /* One that runs ends at its next step. */
        answer_changed(exchange, is_cancelled(exchange, &result) ? 200 : 202, &result);
    }
}

/* Many changes of products in one request. */
#include "catalog/product_batch.h"

#include "../input.h"
#include "../patch.h"
#include "../reply.h"
#include "../write.h"
#include "base/text.h"
#include "batch_reader.h"
#include "handler/problem.h"
#include "handler/routes.h"
#include "json/writer.h"

static int status_of(const struct batch_operation *operation)
{
    if (operation->kind == BATCH_DELETE) {
        return 204;
    }
    return operation->result.created ? 201 : 200;
}

/* An operation's faults, as the list that problems are made of. */
static struct faults *faults_of(struct exchange *exchange, const struct batch_operation *operation)
{
    struct faults *faults = arena_alloc(exchange->scope.arena, sizeof *faults);

    faults_init(faults, exchange->scope.arena);
    for (size_t i = 0; i < operation->fault_count; i++) {
        const struct fault *fault = &operation->faults[i];
        faults_add(faults, fault->place, fault->where, fault->code, "%s", fault->detail);
    }
    return faults;
}

static void write_done(const struct batch_operation *operation, bool minimal, struct strbuf *out)
{
    bool first = true;

    strbuf_append_char(out, '{');
    json_write_member_i64(out, &first, "status", status_of(operation));
    if (operation->kind != BATCH_DELETE && minimal) {
        json_write_member(out, &first, "id", operation->result.id);
        json_write_member_i64(out, &first, "version", operation->result.view.version);
    } else if (operation->kind != BATCH_DELETE) {
        json_write_key(out, &first, "product");
        strbuf_append_text(out, operation->result.view.json);
    }
    strbuf_append_char(out, '}');
}

/* The status of a problem is known once it is written, and stands before it. */
static void write_failed(struct exchange *exchange, const struct batch_operation *operation, struct strbuf *out)
{
    const struct faults *faults = faults_of(exchange, operation);
    struct strbuf problem;
    bool first = true;
    int status;

    strbuf_init(&problem, RESPONSE_BODY_MAX);
    status = problem_write_status(&problem, exchange, operation->status, "product", faults,
                                  operation->result.current_version, operation->result.changed);
    strbuf_append_char(out, '{');
    json_write_member_i64(out, &first, "status", status);
    json_write_key(out, &first, "problem");
    strbuf_append_text(out, strbuf_text(&problem));
    strbuf_append_char(out, '}');
    strbuf_free(&problem);
}

struct rendering {
    struct exchange *exchange;
    const struct write_request *request;
};

static void render(void *context, const struct batch *batch, struct strbuf *out)
{
    const struct rendering *rendering = context;

    for (size_t i = 0; i < batch->count; i++) {
        strbuf_append_char(out, i == 0 ? '[' : ',');
        if (batch->operations[i].status == STATUS_OK) {
            write_done(&batch->operations[i], rendering->request->minimal, out);
        } else {
            write_failed(rendering->exchange, &batch->operations[i], out);
        }
    }
    strbuf_append_char(out, ']');
}

/* What an operation without faults fails on. */
static void add_reason(struct faults *faults, const struct batch_operation *operation, const char *pointer)
{
    if (operation->status == STATUS_NOT_FOUND) {
        faults_add(faults, FAULT_IN_BODY, pointer, "not_found", "is about a product that does not exist");
    } else if (operation->status == STATUS_GONE) {
        faults_add(faults, FAULT_IN_BODY, pointer, "gone", "is about a product that was deleted");
    } else if (operation->status == STATUS_STALE) {
        faults_add(faults, FAULT_IN_BODY, pointer, "precondition_failed",
                   "is about a product that is at version %lld now", (long long)operation->result.current_version);
    } else {
        faults_add(faults, FAULT_IN_BODY, pointer, status_name(operation->status), "cannot be done");
    }
}

/* All faults of an atomic batch, each under the number of its operation. */
static void gather_faults(struct arena *arena, const struct batch *batch, struct faults *faults)
{
    for (size_t i = 0; i < batch->count; i++) {
        const struct batch_operation *operation = &batch->operations[i];
        const char *pointer = fault_pointer_index(arena, "", i);
        if (operation->status != STATUS_OK && operation->fault_count == 0) {
            add_reason(faults, operation, pointer);
        }
        for (size_t k = 0; operation->status != STATUS_OK && k < operation->fault_count; k++) {
            const struct fault *fault = &operation->faults[k];
            faults_add(faults, fault->place, arena_printf(arena, "%s%s", pointer, fault->where).data, fault->code, "%s",
                       fault->detail);
        }
    }
}

static void answer(struct exchange *exchange, const struct write_request *request, struct text body, bool replayed)
{
    reply_json(exchange, 200);
    exchange->response.lent_body = body;
    write_add_applied(exchange, request, replayed);
}

/* Where every change must say of which version it is, one that does not is refused as it would be alone. */
static bool lacks_precondition(struct exchange *exchange, const struct batch *batch)
{
    for (size_t i = 0; exchange->app->config->require_if_match && i < batch->count; i++) {
        const struct batch_operation *operation = &batch->operations[i];
        if (operation->kind != BATCH_CREATE && operation->given_fault_count == 0 && !operation->expectation.match) {
            problem_answer(exchange, PROBLEM_PRECONDITION_REQUIRED,
                           "Operation %zu does not say which version it changes: give it an if_match, from the ETag or "
                           "the version that you read.",
                           i);
            return true;
        }
    }
    return false;
}

/* The answer is kept as it is sent: a request that prefers another one is another request. */
static void identify_preference(struct exchange *exchange, struct write_request *request)
{
    if (request->minimal && request->options.key.data != NULL) {
        request->options.request =
            arena_printf(exchange->scope.arena, "return=minimal\n%.*s", TEXT_PRINT(request->options.request));
    }
}

void product_batch(struct exchange *exchange)
{
    struct json_object *document = NULL;
    struct write_request request;
    struct rendering rendering = {.exchange = exchange, .request = &request};
    struct batch batch = {.edit = patch_product, .render = render, .context = &rendering};
    struct text body = TEXT_ABSENT;
    bool replayed = false;
    enum status status;

    if (!write_begin(exchange, &request) || !input_content_type(exchange) ||
        !input_json(exchange, &document, &request.faults)) {
        return;
    }
    batch.atomic = request.atomic;
    batch_read(exchange, document, &batch, &request.faults);
    if (write_refused(exchange, &request) || lacks_precondition(exchange, &batch)) {
        return;
    }
    identify_preference(exchange, &request);
    status =
        catalog_product_batch(exchange->app->catalog, &exchange->scope, &request.options, &batch, &body, &replayed);
    if (status == STATUS_INVALID) {
        gather_faults(exchange->scope.arena, &batch, &request.faults);
    }
    if (status == STATUS_OK) {
        answer(exchange, &request, body, replayed);
    } else {
        write_answer_status(exchange, status, "batch", &request, &(struct change_result){0});
    }
}

/* The common part of all writes. */
#include "write.h"

#include "handler/problem.h"
#include "http/prefer.h"
#include "http/uri.h"
#include "input.h"
#include "reply.h"

#define KEY_MAX 255

const struct write_kind write_product = {"product", "/api/v1/products"};

/* --- in --- */

static void read_if_none_match(struct exchange *exchange, struct write_request *request)
{
    const struct text list = exchange->request.if_none_match;

    if (list.data == NULL) {
        return;
    }
    if (!text_equal(text_trim_ows(list), TEXT("*"))) {
        faults_add(&request->faults, FAULT_IN_HEADER, "If-None-Match", "malformed",
                   "must be * on a write: it is made only where there is nothing yet");
    } else if (exchange->request.if_match.data != NULL) {
        faults_add(&request->faults, FAULT_IN_HEADER, "If-None-Match", "contradictory",
                   "cannot hold together with If-Match; send one of them");
    }
    request->options.expectation.absent = true;
}

/* A string of RFC 8941, as the draft wants it, or the bare characters, as most clients send it. */
static bool read_key(struct text header, struct text *key)
{
    struct text text = text_trim_ows(header);

    if (text.length >= 2 && text.data[0] == '"' && text.data[text.length - 1] == '"') {
        text = (struct text){.data = text.data + 1, .length = text.length - 2};
    }
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < 0x20 || text.data[i] > 0x7e || text.data[i] == '"' || text.data[i] == '\\') {
            return false;
        }
    }
    if (text.length == 0 || text.length > KEY_MAX) {
        return false;
    }
    *key = text;
    return true;
}

/* What a request must repeat to be the same: method, target, how its body is to be read, and the body. */
static struct text identity_of(struct exchange *exchange)
{
    const struct request *in = &exchange->request;
    struct arena *arena = exchange->scope.arena;
    const struct text head =
        arena_printf(arena, "%.*s %.*s\n%.*s\n", TEXT_PRINT(in->method_name), TEXT_PRINT(uri_printable(in->uri, arena)),
                     TEXT_PRINT(uri_printable(in->content_type, arena)));
    struct strbuf identity;
    struct text text;

    strbuf_init(&identity, head.length + in->body.length);
    strbuf_append_text(&identity, head);
    strbuf_append_text(&identity, in->body);
    text = arena_copy(arena, strbuf_text(&identity));
    strbuf_free(&identity);
    return text;
}

static void read_idempotency_key(struct exchange *exchange, struct write_request *request)
{
    if (exchange->request.idempotency_key.data == NULL) {
        return;
    }
    if (!read_key(exchange->request.idempotency_key, &request->options.key)) {
        faults_add(&request->faults, FAULT_IN_HEADER, "Idempotency-Key", "malformed",
                   "must be 1 to %d printable ASCII characters, without quotes inside", KEY_MAX);
        return;
    }
    request->options.request = identity_of(exchange);
}

static void read_parameters(struct exchange *exchange, struct write_request *request)
{
    struct query query;

    if (exchange->request.query.length > 0) {
        input_query(exchange, &query, &request->faults);
        request->options.dry_run = input_flag(&query, "dry_run", &request->faults);
        request->atomic = input_flag(&query, "atomic", &request->faults);
    }
}

static void read_preferences(struct exchange *exchange, struct write_request *request)
{
    const struct text header = exchange->request.prefer;

    request->minimal = text_equal_ignoring_case(prefer_get(header, "return"), TEXT("minimal"));
    /* Only what is merged can be disjoint: a replacement and a deletion touch every field. */
    request->options.expectation.disjoint = exchange->request.method == METHOD_PATCH &&
                                            text_equal_ignoring_case(prefer_get(header, "merge"), TEXT("disjoint"));
}

static bool lacks_precondition(const struct exchange *exchange)
{
    const enum http_method method = exchange->request.method;

    return exchange->app->config->require_if_match && exchange->request.if_match.data == NULL &&
           exchange->request.if_none_match.data == NULL &&
           (method == METHOD_PUT || method == METHOD_PATCH || method == METHOD_DELETE);
}

void write_begin_unversioned(struct exchange *exchange, struct write_request *request)
{
    *request = (struct write_request){0};
    faults_init(&request->faults, exchange->scope.arena);
    read_idempotency_key(exchange, request);
    read_parameters(exchange, request);
}

bool write_begin(struct exchange *exchange, struct write_request *request)
{
    *request = (struct write_request){0};
    faults_init(&request->faults, exchange->scope.arena);
    input_if_match(exchange, &request->options.expectation, &request->faults);
    read_if_none_match(exchange, request);
    read_idempotency_key(exchange, request);
    read_parameters(exchange, request);
    read_preferences(exchange, request);
    if (request->faults.count == 0 && lacks_precondition(exchange)) {
        problem_answer(exchange, PROBLEM_PRECONDITION_REQUIRED,
                       "Say with If-Match which version this changes, from the ETag that you read, or with "
                       "If-None-Match: * that there is none yet.");
        return false;
    }
    return true;
}

bool write_refused(struct exchange *exchange, const struct write_request *request)
{
    if (request->faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &request->faults);
    }
    return request->faults.count > 0;
}

/* --- out --- */

void write_add_applied(struct exchange *exchange, const struct write_request *request, bool replayed)
{
    if (request->minimal) {
        response_header(&exchange->response, "Preference-Applied", TEXT("return=minimal"));
    }
    if (replayed) {
        response_header(&exchange->response, "Idempotency-Replayed", TEXT("true"));
    }
}

static void answer_with(struct exchange *exchange, const struct write_kind *kind, const struct write_request *request,
                        const struct change_result *result)
{
    if (request->minimal) {
        exchange->response.status = result->created ? 201 : 204;
    } else {
        reply_json(exchange, result->created ? 201 : 200);
        exchange->response.lent_body = result->view.json;
    }
    reply_etag(exchange, result->view.version);
    if (result->created) {
        reply_location(exchange, kind->collection, result->id);
    }
    write_add_applied(exchange, request, result->replayed);
}

void write_answer(struct exchange *exchange, const struct write_kind *kind, enum status status,
                  const struct write_request *request, const struct change_result *result)
{
    if (status == STATUS_OK) {
        answer_with(exchange, kind, request, result);
    } else {
        write_answer_status(exchange, status, kind->name, request, result);
    }
}

void write_answer_deleted(struct exchange *exchange, const struct write_kind *kind, enum status status,
                          const struct write_request *request, const struct change_result *result)
{
    if (status == STATUS_OK) {
        exchange->response.status = 204;
        write_add_applied(exchange, &(struct write_request){0}, result->replayed);
    } else {
        write_answer_status(exchange, status, kind->name, request, result);
    }
}

void write_answer_status(struct exchange *exchange, enum status status, const char *what,
                         const struct write_request *request, const struct change_result *result)
{
    if (status == STATUS_UNCERTAIN && request->options.key.data != NULL) {
        problem_answer(
            exchange, PROBLEM_OUTCOME_UNKNOWN,
            "The database was lost while this write was under way: it may or may not have been done. Send it "
            "again with the same Idempotency-Key: it is done once at most.");
        return;
    }
    if (status != STATUS_STALE) {
        problem_answer_status(exchange, status, what, &request->faults);
        return;
    }
    if (result->current_version > 0) {
        reply_etag(exchange, result->current_version);
    }
    problem_answer_stale(exchange, what, result->current_version, result->changed);
}

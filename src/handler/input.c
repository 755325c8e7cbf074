/* What several handlers do alike: query parameters, ids in the path, JSON bodies. */
#include "input.h"

#include "base/uuid.h"
#include "domain/product_query.h"
#include "handler/operation.h"
#include "handler/problem.h"
#include "http/etag.h"
#include "http/negotiate.h"
#include "http/uri.h"
#include "json/parse.h"
#include "json/record.h"

static const struct {
    const char *code;
    const char *detail;
} query_faults[] = {
    [QUERY_TOO_MANY] = {"too_many", "comes after more parameters than are taken"},
    [QUERY_REPEATED] = {"repeated", "must come once"},
    [QUERY_MALFORMED] = {"malformed", "must be percent-encoded UTF-8 without NUL"},
};

static bool is_known(const struct parameter *const *known, struct text name)
{
    for (; known != NULL && *known != NULL; known++) {
        const struct text own = text_of((*known)->name);
        const bool family = (*known)->kind == PARAMETER_FAMILY || (*known)->kind == PARAMETER_COLUMNS;

        if (family ? text_starts_with(name, own) : text_equal(name, own)) {
            return true;
        }
    }
    return false;
}

static const char *nearest_of(const struct parameter *const *known, struct text name)
{
    const char *names[PARAMETERS_MAX];
    size_t count = 0;

    for (; known != NULL && *known != NULL && count < PARAMETERS_MAX; known++) {
        names[count++] = (*known)->name;
    }
    return text_nearest(name, names, count);
}

static void add_unknown(struct faults *faults, const char *name, const char *nearest)
{
    if (nearest != NULL) {
        faults_add(faults, FAULT_IN_PARAMETER, name, "unknown_parameter",
                   "is not a parameter of this resource; did you mean \"%s\"?", nearest);
    } else {
        faults_add(faults, FAULT_IN_PARAMETER, name, "unknown_parameter", "is not a parameter of this resource");
    }
}

void input_query(struct exchange *exchange, struct query *query, struct faults *faults)
{
    const struct parameter *const *known = exchange->operation->parameters;
    struct text culprit = TEXT_ABSENT;
    enum query_fault fault = query_parse(query, exchange->request.query, exchange->scope.arena, &culprit);

    for (size_t i = 0; i < query->count; i++) {
        if (!is_known(known, query->item[i].name)) {
            add_unknown(faults, arena_string(exchange->scope.arena, query->item[i].name),
                        nearest_of(known, query->item[i].name));
        }
    }
    if (fault != QUERY_OK) {
        struct text rest;
        struct text name = text_split(culprit, '=', &rest);

        if (request_decode(name, true, exchange->scope.arena, &name) != STATUS_OK) {
            name = uri_printable(name, exchange->scope.arena);
        }
        faults_add(faults, FAULT_IN_PARAMETER, arena_string(exchange->scope.arena, name), query_faults[fault].code,
                   "%s", query_faults[fault].detail);
    }
}

bool input_without_parameters(struct exchange *exchange)
{
    struct query query;
    struct faults faults;

    if (exchange->request.query.length == 0) {
        return true;
    }
    faults_init(&faults, exchange->scope.arena);
    input_query(exchange, &query, &faults);
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
        return false;
    }
    return true;
}

bool input_path_id(struct exchange *exchange, struct text *id)
{
    char normal[UUID_TEXT_LENGTH + 1];
    struct faults faults;

    if (uuid_normalise(exchange->match.parameters[0], normal)) {
        *id = arena_copy(exchange->scope.arena, text_of(normal));
        return true;
    }
    faults_init(&faults, exchange->scope.arena);
    faults_add(&faults, FAULT_IN_PARAMETER, "id", "uuid", "must be a UUID");
    problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
    return false;
}

bool input_without_body(struct exchange *exchange)
{
    const struct text body = text_trim_ows(exchange->request.body);

    if (body.length == 0 || text_equal(body, TEXT("{}"))) {
        return true;
    }
    problem_answer(exchange, PROBLEM_MALFORMED_REQUEST, "This request takes no body; leave it out.");
    return false;
}

uint32_t input_limit(const struct query *query, struct faults *faults)
{
    struct text text = query_get(query, "limit");
    uint64_t limit = LIST_LIMIT_DEFAULT;

    if (text.data != NULL && (!text_to_u64(text, &limit) || limit < 1 || limit > LIST_LIMIT_MAX)) {
        faults_add(faults, FAULT_IN_PARAMETER, "limit", "out_of_range", "must be a whole number from 1 to %d",
                   LIST_LIMIT_MAX);
        return LIST_LIMIT_DEFAULT;
    }
    return (uint32_t)limit;
}

struct text input_uuid(struct exchange *exchange, const struct query *query, const char *name, struct faults *faults)
{
    char normal[UUID_TEXT_LENGTH + 1];
    struct text text = query_get(query, name);

    if (text.data == NULL) {
        return text;
    }
    if (!uuid_normalise(text, normal)) {
        faults_add(faults, FAULT_IN_PARAMETER, name, "uuid", "must be a UUID");
        return TEXT_ABSENT;
    }
    return arena_copy(exchange->scope.arena, text_of(normal));
}

bool input_flag(const struct query *query, const char *name, struct faults *faults)
{
    struct text text = query_get(query, name);
    const bool is_true = text_equal(text, TEXT("true"));

    if (text.data != NULL && !is_true && !text_equal(text, TEXT("false"))) {
        faults_add(faults, FAULT_IN_PARAMETER, name, "boolean", "must be true or false");
    }
    return is_true;
}

static bool read_cursor(const struct query *query, struct cursor *cursor, struct faults *faults)
{
    struct text text = query_get(query, "cursor");

    if (text.data == NULL) {
        return false;
    }
    if (!cursor_decode(text, cursor)) {
        faults_add(faults, FAULT_IN_PARAMETER, "cursor", "malformed",
                   "must be taken unchanged from a Link header; start without one to begin anew");
        return false;
    }
    return true;
}

bool input_cursor_form(const struct query *query, struct faults *faults)
{
    struct cursor cursor;

    return read_cursor(query, &cursor, faults);
}

bool input_cursor(const struct query *query, uint64_t fingerprint, struct cursor *cursor, struct faults *faults)
{
    if (!read_cursor(query, cursor, faults)) {
        return false;
    }
    if (cursor->fingerprint != fingerprint) {
        faults_add(faults, FAULT_IN_PARAMETER, "cursor", "other_filters",
                   "belongs to a list with other filters or another order; start without one when these change");
        return false;
    }
    return true;
}

bool input_content_type(struct exchange *exchange)
{
    const struct media *taken = exchange->operation->consumes;
    const enum http_method method = exchange->request.method;
    const char *accept_header = method == METHOD_PATCH  ? "Accept-Patch"
                                : method == METHOD_POST ? "Accept-Post"
                                                        : "Accept";
    const struct text coding = text_trim_ows(exchange->request.content_encoding);
    struct text list = TEXT("");

    if (coding.length > 0 && !text_equal_ignoring_case(coding, TEXT("identity"))) {
        response_header(&exchange->response, "Accept-Encoding", TEXT("identity"));
        problem_answer(exchange, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                       "The body must be sent as it is, not compressed: leave Content-Encoding out.");
        return false;
    }
    for (size_t i = 0; i < MEDIA_MAX && taken[i].type != NULL; i++) {
        if (content_type_is(exchange->request.content_type, taken[i].type)) {
            return true;
        }
        list = arena_printf(exchange->scope.arena, "%.*s%s%s", TEXT_PRINT(list), i > 0 ? ", " : "", taken[i].type);
    }
    response_header(&exchange->response, accept_header, list);
    problem_answer(exchange, PROBLEM_UNSUPPORTED_MEDIA_TYPE,
                   "The body must be sent with Content-Type: %.*s (in UTF-8).", TEXT_PRINT(list));
    return false;
}

bool input_json(struct exchange *exchange, struct json_object **document, struct faults *faults)
{
    enum status status = STATUS_INVALID;

    if (exchange->request.body.length == 0) {
        faults_add(faults, FAULT_IN_BODY, "", "required", "the body is empty; send JSON");
    } else {
        status = json_parse(exchange->request.body, faults, document);
    }
    if (status != STATUS_OK) {
        problem_answer_status(exchange, status, "body", faults);
    }
    return status == STATUS_OK;
}

bool input_record(struct exchange *exchange, const struct schema *schema, struct text own_id, struct record *record,
                  struct faults *faults)
{
    struct json_object *document = NULL;

    if (!input_content_type(exchange) || !input_json(exchange, &document, faults)) {
        return false;
    }
    const size_t before = faults->count;
    json_read_record_of(schema, document, "", own_id, record, faults);
    /* Of a body that is no object at all nothing more is to be said than that. */
    if (faults->count > before && faults->item[before].where[0] == '\0') {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, faults);
        return false;
    }
    return true;
}

bool input_expectation(struct text list, struct expectation *expectation)
{
    const enum etag_list kind =
        etag_list_versions(list, expectation->versions, EXPECTED_VERSIONS_MAX, &expectation->version_count);

    expectation->match = true;
    expectation->any = kind == ETAG_LIST_ANY;
    return kind != ETAG_LIST_MALFORMED;
}

void input_if_match(const struct exchange *exchange, struct expectation *expectation, struct faults *faults)
{
    const struct text list = exchange->request.if_match;

    if (list.data != NULL && !input_expectation(list, expectation)) {
        faults_add(faults, FAULT_IN_HEADER, "If-Match", "malformed",
                   "must be * or entity tags in quotes, such as \"3\"");
    }
}

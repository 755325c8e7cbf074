/* Errors as answers (RFC 9457). */
#include "handler/problem.h"

#include "base/clock.h"
#include "handler/operation.h"
#include "http/uri.h"
#include "problem_table.h"
#include "json/writer.h"

#include <stdarg.h>
#include <stdio.h>

#define DETAIL_FAULTS_MAX 3
#define RETRY_AFTER_SECONDS "1"
#define RETRY_LATER_SECONDS "10" /* what takes long takes some seconds at least */

static const char *place_name(enum fault_place place)
{
    switch (place) {
    case FAULT_IN_PARAMETER:
        return "parameter";
    case FAULT_IN_HEADER:
        return "header";
    case FAULT_IN_BODY:
    default:
        return "pointer";
    }
}

static void write_faults(struct strbuf *out, bool *first, const struct faults *faults)
{
    json_write_key(out, first, "errors");
    strbuf_append_char(out, '[');
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->item[i];
        bool first_member = true;

        strbuf_append_text(out, i > 0 ? TEXT(",{") : TEXT("{"));
        json_write_member(out, &first_member, place_name(fault->place), text_of(fault->where));
        json_write_member(out, &first_member, "code", text_of(fault->code));
        json_write_member(out, &first_member, "detail", text_of(fault->detail));
        strbuf_append_char(out, '}');
    }
    strbuf_append_char(out, ']');
}

/* Members that only some problems have. */
struct extension {
    const struct faults *faults;
    int64_t current_version; /* 0: not told */
    struct text changed;     /* names with commas */
};

static void write_names(struct strbuf *out, struct text names)
{
    strbuf_append_char(out, '[');
    for (bool first = true; names.data != NULL; first = false) {
        if (!first) {
            strbuf_append_char(out, ',');
        }
        json_write_string(out, text_split(names, ',', &names));
    }
    strbuf_append_char(out, ']');
}

static void write_extension(struct strbuf *out, bool *first, const struct extension *extension)
{
    if (extension->current_version > 0) {
        json_write_member_i64(out, first, "current_version", extension->current_version);
    }
    if (extension->changed.data != NULL) {
        json_write_key(out, first, "changed_fields");
        write_names(out, extension->changed);
    }
    if (extension->faults != NULL && extension->faults->count > 0) {
        write_faults(out, first, extension->faults);
    }
}

/* What is to be said, before it is known where. */
struct statement {
    enum problem problem;
    struct text detail;
    struct extension extension;
};

static void write_statement(struct strbuf *out, bool *first, const struct statement *statement)
{
    const struct problem_kind *kind = &problem_kinds[statement->problem];
    char type[64];

    (void)snprintf(type, sizeof type, PROBLEM_TYPE_PREFIX "%s", kind->name);
    json_write_member(out, first, "type", text_of(type));
    json_write_member(out, first, "title", text_of(kind->title));
    json_write_member_i64(out, first, "status", kind->http_status);
    json_write_member(out, first, "detail", statement->detail);
}

/* What tells of the request that met the problem. */
struct occasion {
    struct text instance;
    struct text timestamp;
    struct text request_id;
};

static void write_problem(struct strbuf *out, const struct statement *statement, const struct occasion *occasion)
{
    bool first = true;

    strbuf_append_char(out, '{');
    write_statement(out, &first, statement);
    json_write_member(out, &first, "instance", occasion->instance);
    json_write_member(out, &first, "error", text_of(problem_kinds[statement->problem].title));
    json_write_member(out, &first, "timestamp", occasion->timestamp);
    json_write_member(out, &first, "request_id", occasion->request_id);
    write_extension(out, &first, &statement->extension);
    strbuf_append_char(out, '}');
}

void problem_write_example(struct strbuf *out, enum problem problem)
{
    const struct problem_kind *kind = &problem_kinds[problem];
    const bool stale = problem == PROBLEM_PRECONDITION_FAILED;
    struct faults faults = {.item = {kind->fault}, .count = kind->fault.where != NULL ? 1 : 0};
    const struct statement statement = {
        problem, text_of(kind->example), {&faults, stale ? 4 : 0, stale ? TEXT("price") : TEXT_ABSENT}};

    write_problem(out, &statement,
                  &(struct occasion){.instance = TEXT("/api/v1/products/0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"),
                                     .timestamp = TEXT("2026-11-23T09:15:02Z"),
                                     .request_id = TEXT("0193a7c09a3f7a21b0c9d1e0f3a4b5c6")});
}

static void answer(struct exchange *exchange, const struct statement *statement)
{
    const struct problem_kind *kind = &problem_kinds[statement->problem];
    struct response *response = &exchange->response;
    char timestamp[CLOCK_TEXT_SIZE];

    clock_format_seconds(clock_unix_us(), timestamp);
    response->status = kind->http_status;
    response->lent_body = TEXT_ABSENT;
    strbuf_clear(&response->body, RESPONSE_HEADERS_MAX);
    write_problem(&response->body, statement,
                  &(struct occasion){.instance = uri_printable(exchange->request.path, exchange->scope.arena),
                                     .timestamp = text_of(timestamp),
                                     .request_id = text_of(exchange->request.request_id)});
    response_header(response, "Content-Type", TEXT("application/problem+json"));
    response_header(response, "Cache-Control", TEXT("no-store"));
    if ((kind->headers & ANSWER_RETRY_AFTER) != 0) {
        const bool later = statement->problem == PROBLEM_BUSY || statement->problem == PROBLEM_READ_ONLY;

        response_header(response, "Retry-After", later ? TEXT(RETRY_LATER_SECONDS) : TEXT(RETRY_AFTER_SECONDS));
    }
}

void problem_answer(struct exchange *exchange, enum problem problem, const char *detail_format, ...)
{
    char detail[1024];
    va_list arguments;

    va_start(arguments, detail_format);
    (void)vsnprintf(detail, sizeof detail, detail_format, arguments);
    va_end(arguments);
    answer(exchange, &(struct statement){.problem = problem, .detail = text_of(detail)});
}

/* "price: must be greater than zero; name: is required; and 2 more" */
static struct text summarise(const struct faults *faults)
{
    struct text summary = TEXT("");

    for (size_t i = 0; i < faults->count && i < DETAIL_FAULTS_MAX; i++) {
        const struct fault *fault = &faults->item[i];
        const char *where = fault->where[0] == '/' ? fault->where + 1 : fault->where;

        summary = arena_printf(faults->arena, "%.*s%s%s%s%s", TEXT_PRINT(summary), i > 0 ? "; " : "", where,
                               where[0] != '\0' ? ": " : "", fault->detail);
    }
    if (faults->count > DETAIL_FAULTS_MAX) {
        summary = arena_printf(faults->arena, "%.*s; and %zu more%s", TEXT_PRINT(summary),
                               faults->count - DETAIL_FAULTS_MAX, faults->truncated ? ", at least" : "");
    }
    return summary;
}

static struct statement statement_of_faults(enum problem problem, const struct faults *faults)
{
    return (struct statement){.problem = problem, .detail = summarise(faults), .extension = {.faults = faults}};
}

void problem_answer_faults(struct exchange *exchange, enum problem problem, const struct faults *faults)
{
    const struct statement statement = statement_of_faults(problem, faults);

    answer(exchange, &statement);
}

static struct statement statement_of_stale(struct arena *arena, const char *what, int64_t current_version,
                                           struct text changed)
{
    struct statement statement = {.problem = PROBLEM_PRECONDITION_FAILED};

    if (current_version == 0) {
        statement.detail = arena_printf(arena, "There is no such %s, which If-Match asks for.", what);
        return statement;
    }
    statement.extension = (struct extension){.current_version = current_version, .changed = changed};
    statement.detail = changed.data != NULL
                           ? arena_printf(arena, "The %s is at version %lld now; changed since: %.*s.", what,
                                          (long long)current_version, TEXT_PRINT(changed))
                           : arena_printf(arena, "The %s is at version %lld now.", what, (long long)current_version);
    return statement;
}

void problem_answer_stale(struct exchange *exchange, const char *what, int64_t current_version, struct text changed)
{
    const struct statement statement = statement_of_stale(exchange->scope.arena, what, current_version, changed);

    answer(exchange, &statement);
}

static struct statement statement_of_status(struct exchange *exchange, enum status status, const char *what,
                                            const struct faults *faults)
{
    struct arena *arena = exchange->scope.arena;
    const bool has_faults = faults != NULL && faults->count > 0;

    switch (status) {
    case STATUS_NOT_FOUND:
        return (struct statement){PROBLEM_NOT_FOUND, arena_printf(arena, "There is no such %s.", what), {0}};
    case STATUS_GONE:
        return (struct statement){PROBLEM_GONE, arena_printf(arena, "The %s was deleted.", what), {0}};
    case STATUS_INVALID:
        if (has_faults) {
            return statement_of_faults(PROBLEM_VALIDATION, faults);
        }
        return (struct statement){
            PROBLEM_VALIDATION, arena_printf(arena, "A value of the %s was refused by the database.", what), {0}};
    case STATUS_CONFLICT:
        if (has_faults) {
            return statement_of_faults(PROBLEM_CONFLICT, faults);
        }
        return (struct statement){
            PROBLEM_CONFLICT, arena_printf(arena, "The %s contradicts one that exists.", what), {0}};
    case STATUS_STALE:
        return statement_of_stale(arena, what, 0, TEXT_ABSENT);
    case STATUS_KEY_REUSED:
        return (struct statement){
            PROBLEM_KEY_REUSED,
            TEXT("This Idempotency-Key belongs to another request; send a new request with a key of its own."),
            {0}};
    case STATUS_IN_PROGRESS:
        return (struct statement){
            PROBLEM_IN_PROGRESS,
            TEXT("The first request with this Idempotency-Key is still running; ask again in a moment."),
            {0}};
    case STATUS_TOO_LARGE:
        return (struct statement){
            PROBLEM_TOO_LARGE, arena_printf(arena, "The %s is larger than this service takes.", what), {0}};
    case STATUS_READ_ONLY:
        return (struct statement){
            PROBLEM_READ_ONLY,
            TEXT("The database takes no writes now: it is read-only, or its disk is full. Nothing was changed; try "
                 "again later."),
            {0}};
    case STATUS_UNAVAILABLE:
        return (struct statement){
            PROBLEM_UNAVAILABLE,
            TEXT("The database cannot be reached now. Nothing was changed; try again in a moment."),
            {0}};
    case STATUS_UNCERTAIN:
        return (struct statement){
            PROBLEM_OUTCOME_UNKNOWN,
            TEXT("The database was lost while this write was under way: it may or may not have been done. Look before "
                 "you send it again."),
            {0}};
    case STATUS_DEADLINE:
        return (struct statement){PROBLEM_DEADLINE,
                                  arena_printf(arena, "The request took longer than %lld ms and was given up.",
                                               (long long)exchange->app->config->deadline_ms),
                                  {0}};
    case STATUS_OK:
    case STATUS_INTERNAL:
    default:
        return (struct statement){
            PROBLEM_INTERNAL, TEXT("The fault is on our side; it has been logged with the request id."), {0}};
    }
}

void problem_answer_status(struct exchange *exchange, enum status status, const char *what, const struct faults *faults)
{
    const struct statement statement = statement_of_status(exchange, status, what, faults);

    answer(exchange, &statement);
}

int problem_write_status(struct strbuf *out, struct exchange *exchange, enum status status, const char *what,
                         const struct faults *faults, int64_t current_version, struct text changed)
{
    const struct statement statement = status == STATUS_STALE
                                           ? statement_of_stale(exchange->scope.arena, what, current_version, changed)
                                           : statement_of_status(exchange, status, what, faults);
    bool first = true;

    strbuf_append_char(out, '{');
    write_statement(out, &first, &statement);
    write_extension(out, &first, &statement.extension);
    strbuf_append_char(out, '}');
    return problem_kinds[statement.problem].http_status;
}

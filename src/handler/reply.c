/* What several handlers answer alike. */
#include "reply.h"

#include "base/clock.h"
#include "base/hash.h"
#include "handler/operation.h"
#include "handler/problem.h"
#include "http/date.h"
#include "http/etag.h"
#include "http/uri.h"
#include "input.h"

/* Of the body's memory, where it is not sent. */
#define BODY_KEPT ((size_t)64 * 1024)

static void append_number_header(struct strbuf *out, const char *before, uint64_t number)
{
    strbuf_append_text(out, text_of(before));
    strbuf_append_u64(out, number);
    strbuf_append_text(out, TEXT("\r\n"));
}

/* For the cache of nginx that nothing is ever fresh in: it does not store what max-age=0 stands on, unless X-Accel-Expires
 * has told a time before that, which may have passed. stale-if-error it only reads where that is not yet so. Other caches
 * make one list of both lines. */
static void append_accelerated(struct strbuf *out, uint64_t stale_s)
{
    const uint64_t expired_s = (uint64_t)(clock_unix_us() / 1000000) - 1;

    if (stale_s > 0) {
        append_number_header(out, "Cache-Control: stale-if-error=", stale_s);
    }
    append_number_header(out, "X-Accel-Expires: @", expired_s);
    strbuf_append_text(out, stale_s > 0 ? TEXT("Cache-Control: max-age=0\r\n") : TEXT("Cache-Control: no-cache\r\n"));
}

static void append_unproven(struct exchange *exchange)
{
    struct strbuf *out = &exchange->response.headers;
    const uint64_t age_s = (uint64_t)exchange->unproven_ms / 1000;

    strbuf_append_text(out, TEXT("Cache-Status: wares; hit; ttl=-"));
    strbuf_append_u64(out, age_s);
    strbuf_append_text(out, TEXT("; detail=unproven\r\n"));
    append_number_header(out, "Age: ", age_s);
}

static bool is_read(const struct exchange *exchange)
{
    return exchange->request.method == METHOD_GET || exchange->request.method == METHOD_HEAD;
}

void reply_caching(struct exchange *exchange)
{
    struct strbuf *out = &exchange->response.headers;
    const uint64_t stale_s = (uint64_t)exchange->app->config->stale_max_s;

    if (exchange->unproven) {
        append_unproven(exchange);
    }
    if (!is_read(exchange) || exchange->operation->keeping == KEEP_NEVER || exchange->unproven) {
        strbuf_append_text(out, TEXT("Cache-Control: no-store\r\n"));
        return;
    }
    if (exchange->request.accel_expires) {
        append_accelerated(out, stale_s);
    } else if (stale_s > 0) {
        append_number_header(out, "Cache-Control: max-age=0, stale-if-error=", stale_s);
    } else {
        strbuf_append_text(out, TEXT("Cache-Control: no-cache\r\n"));
    }
    /* In one line: some caches heed the last one only. */
    strbuf_append_text(out, (exchange->operation->headers & HEADER_PREFER_COUNT) != 0 ? TEXT("Vary: Accept, Prefer\r\n")
                                                                                      : TEXT("Vary: Accept\r\n"));
}

void reply_unproven(struct exchange *exchange, int64_t age_ms)
{
    exchange->unproven = true;
    exchange->unproven_ms = age_ms;
}

void reply_json(struct exchange *exchange, int status)
{
    exchange->response.status = status;
    response_header(&exchange->response, "Content-Type", TEXT("application/json"));
    reply_caching(exchange);
}

void reply_content_tag(const struct exchange *exchange, char etag[ETAG_TEXT_SIZE])
{
    const struct response *response = &exchange->response;
    struct hash_wide hash = hash_wide_start();

    hash_wide_add(&hash, strbuf_text(&response->headers));
    hash_wide_add(&hash, response_body(response));
    hash_wide_end(&hash);
    etag_of_content(&hash, etag);
}

bool reply_tagged(struct exchange *exchange, const char *etag)
{
    if (reply_tag_settled(exchange, etag)) {
        return false;
    }
    reply_json(exchange, 200);
    reply_tag(exchange, etag);
    return true;
}

void reply_content(struct exchange *exchange)
{
    char etag[ETAG_TEXT_SIZE];

    reply_content_tag(exchange, etag);
    (void)reply_tagged(exchange, etag);
}

void reply_etag(struct exchange *exchange, int64_t version)
{
    char etag[ETAG_TEXT_SIZE];

    etag_from_version(version, etag);
    reply_tag(exchange, etag);
}

void reply_tag(struct exchange *exchange, const char *etag)
{
    response_header(&exchange->response, "ETag", text_of(etag));
}

/* Reads If-Match; false where it is malformed: that is answered then. */
static bool read_if_match(struct exchange *exchange, struct expectation *expectation)
{
    struct faults faults;

    faults_init(&faults, exchange->scope.arena);
    input_if_match(exchange, expectation, &faults);
    if (faults.count > 0) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &faults);
    }
    return faults.count == 0;
}

bool reply_match_failed(struct exchange *exchange, const char *what, int64_t version)
{
    struct expectation expectation = {0};

    if (!read_if_match(exchange, &expectation)) {
        return true;
    }
    if (!expectation.match || expectation_names(&expectation, version)) {
        return false;
    }
    reply_etag(exchange, version);
    problem_answer_stale(exchange, what, version, TEXT_ABSENT);
    return true;
}

bool reply_version(struct exchange *exchange, const char *what, int64_t version)
{
    char etag[ETAG_TEXT_SIZE];

    etag_from_version(version, etag);
    if (reply_match_failed(exchange, what, version) || reply_tag_not_modified(exchange, etag)) {
        return false;
    }
    reply_json(exchange, 200);
    reply_tag(exchange, etag);
    return true;
}

/* Drops what the answer holds by now. */
static void drop(struct exchange *exchange)
{
    struct response *response = &exchange->response;

    response->lent_body = TEXT_ABSENT;
    strbuf_clear(&response->headers, RESPONSE_HEADERS_MAX);
    strbuf_clear(&response->body, BODY_KEPT);
}

/* Only what guides caches is sent (RFC 9110, section 15.4.5). */
void reply_304(struct exchange *exchange, const char *etag)
{
    drop(exchange);
    exchange->response.status = 304;
    reply_tag(exchange, etag);
    reply_caching(exchange);
}

bool reply_tag_not_modified(struct exchange *exchange, const char *etag)
{
    if (exchange->request.if_none_match.data == NULL ||
        !etag_list_names(exchange->request.if_none_match, text_of(etag))) {
        return false;
    }
    reply_304(exchange, etag);
    return true;
}

static bool tag_match_failed(struct exchange *exchange, const char *etag)
{
    const struct text list = exchange->request.if_match;
    struct expectation expectation = {0};

    if (list.data == NULL || etag_list_names(list, text_of(etag))) {
        return false;
    }
    drop(exchange);
    if (read_if_match(exchange, &expectation)) {
        reply_tag(exchange, etag);
        problem_answer(exchange, PROBLEM_PRECONDITION_FAILED,
                       "What is here now is not what If-Match names; read it again.");
    }
    return true;
}

bool reply_tag_settled(struct exchange *exchange, const char *etag)
{
    return tag_match_failed(exchange, etag) || reply_tag_not_modified(exchange, etag);
}

void reply_last_modified(struct exchange *exchange, int64_t unix_s)
{
    char date[HTTP_DATE_LENGTH + 1];

    http_date_format(unix_s, date);
    response_header(&exchange->response, "Last-Modified", text_of(date));
}

/* Commas and colons mean nothing in a query, and are what lists of ids and timestamps are full of. */
static void append_parameter(struct strbuf *out, struct text value)
{
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] == ',' || value.data[i] == ':') {
            strbuf_append_char(out, value.data[i]);
        } else {
            uri_encode(out, (struct text){.data = value.data + i, .length = 1});
        }
    }
}

static void reply_link(struct exchange *exchange, const struct query *query, const struct cursor *place,
                       const char *relation)
{
    struct strbuf *out = &exchange->response.headers;
    char cursor[CURSOR_TEXT_SIZE];

    cursor_encode(place, cursor);
    strbuf_append_text(out, TEXT("Link: <"));
    strbuf_append_text(out, exchange->request.path);
    strbuf_append_char(out, '?');
    for (size_t i = 0; i < query->count; i++) {
        if (!text_equal(query->item[i].name, TEXT("cursor"))) {
            append_parameter(out, query->item[i].name);
            strbuf_append_char(out, '=');
            append_parameter(out, query->item[i].value);
            strbuf_append_char(out, '&');
        }
    }
    strbuf_append_text(out, TEXT("cursor="));
    strbuf_append_text(out, text_of(cursor));
    strbuf_append_text(out, TEXT(">; rel=\""));
    strbuf_append_text(out, text_of(relation));
    strbuf_append_text(out, TEXT("\"\r\n"));
}

void reply_link_next(struct exchange *exchange, const struct query *query, const struct cursor *next)
{
    reply_link(exchange, query, next, "next");
}

void reply_link_previous(struct exchange *exchange, const struct query *query, const struct cursor *previous)
{
    reply_link(exchange, query, previous, "prev");
}

bool reply_links_fit(const struct query *query)
{
    size_t length = 0;

    for (size_t i = 0; i < query->count; i++) {
        const struct text parts[] = {query->item[i].name, query->item[i].value};

        for (size_t j = 0; j < 2 && !text_equal(parts[0], TEXT("cursor")); j++) {
            for (size_t k = 0; k < parts[j].length; k++) {
                const char c = parts[j].data[k];
                const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                   c == ',' || c == ':' || c == '-' || c == '.' || c == '_';

                length += plain ? 1 : 3;
            }
        }
    }
    return length <= LINK_PARAMETERS_MAX;
}

void reply_search(struct exchange *exchange, const struct search_note *note)
{
    struct strbuf *out = &exchange->response.headers;
    const char *before = "X-Search-Corrected: ";

    for (size_t i = 0; i < note->spelling_count; i++) {
        strbuf_append_text(out, text_of(before));
        uri_encode(out, note->spelling[i].given);
        strbuf_append_char(out, '=');
        uri_encode(out, note->spelling[i].used);
        before = ", ";
    }
    if (note->spelling_count > 0) {
        strbuf_append_text(out, TEXT("\r\n"));
    }
    if (note->newest_only) {
        response_header(&exchange->response, "X-Search-Ranked", TEXT("newest"));
    }
}

void reply_location(struct exchange *exchange, const char *collection, struct text id)
{
    struct strbuf *out = &exchange->response.headers;

    strbuf_append_text(out, TEXT("Location: "));
    strbuf_append_text(out, text_of(collection));
    strbuf_append_char(out, '/');
    strbuf_append_text(out, id);
    strbuf_append_text(out, TEXT("\r\n"));
}

/* What operations share in the document: headers of requests and answers, and problems by their status. */
#include "openapi.h"

#include "../problem_table.h"
#include "http/response.h"

#include <stdio.h>

#define SHARED_NAME_MAX 32

/* A header of a request or an answer. */
struct header {
    unsigned bit;
    const char *name;
    const char *key; /* in components */
    const char *type;
    const char *pattern; /* NULL: any */
    const char *example;
    const char *prose;
};

static const struct header request_headers[] = {
    {HEADER_IF_MATCH, "If-Match", "IfMatch", "string", "^(\\*|" PATTERN_TAGS ")$", "\"3\"",
     "Only where it is of one of these versions, from the ETag that was read; otherwise 412."},
    {HEADER_IF_NONE_MATCH, "If-None-Match", "IfNoneMatch", "string", NULL, "\"3\"",
     "Answer 304 where it is of one of these versions still."},
    {HEADER_IF_MODIFIED_SINCE, "If-Modified-Since", "IfModifiedSince", "string", NULL, "Mon, 23 Nov 2026 09:15:02 GMT",
     "Answer 304 where its Last-Modified is this date still. Not heeded where there is an If-None-Match."},
    {HEADER_IF_ABSENT, "If-None-Match", "IfAbsent", "string", "^[ \\t]*\\*[ \\t]*$", "*",
     "Create it only where there is none yet; otherwise 412. Not together with If-Match."},
    {HEADER_IDEMPOTENCY_KEY, "Idempotency-Key", "IdempotencyKey", "string",
     "^(\"[ !#-\\[\\]-~]{1,255}\"|[ !#-\\[\\]-~]{1,255})$", "5f0c1d9e-8a4b-4f2e-9c3d-7b6a5e4d3c2b",
     "Makes it safe to send the request again: the effect happens once, and the answer is replayed for 24 hours."},
    {HEADER_PREFER_RETURN, "Prefer", "PreferReturn", "string", NULL, "return=minimal",
     "return=minimal: no body in the answer. Preferences that are not known are passed over (RFC 7240)."},
    {HEADER_PREFER_RETURN | HEADER_PREFER_MERGE, "Prefer", "PreferReturnMerge", "string", NULL, "merge=disjoint",
     "return=minimal: no body in the answer. merge=disjoint: an If-Match that is out of date does not refuse a change "
     "of "
     "fields that nobody else changed since."},
    {HEADER_PREFER_COUNT, "Prefer", "PreferCount", "string", NULL, "count=estimated",
     "count=exact or count=estimated: how many there are in all, in X-Total-Count."},
    {HEADER_CACHE_CONTROL, "Cache-Control", "CacheControl", "string", NULL, "no-cache",
     "no-cache: read from the database, past every cache."},
    {HEADER_LAST_EVENT_ID, "Last-Event-ID", "LastEventId", "string", "^(0|[1-9][0-9]{0,19})\\.(0|[1-9][0-9]{0,18})$",
     "8123.17", "The id of the last event that was seen, as a browser sends it by itself; it counts before after."},
};

#define REQUEST_HEADERS (sizeof request_headers / sizeof request_headers[0])

/* The first two are in every answer. */
#define ANSWER_ALWAYS 0

static const struct header answer_headers[] = {
    {ANSWER_ALWAYS, "X-Request-Id", "XRequestId", "string", "^[A-Za-z0-9._-]{1,128}$",
     "0193a7c09a3f7a21b0c9d1e0f3a4b5c6", "The id of the request, the client's or the front server's, for the log."},
    {ANSWER_ALWAYS, "Server-Timing", "ServerTiming", "string", NULL, "total;dur=0.412, db;dur=0.301, cache;dur=0.042",
     "Milliseconds in all, in the database and in the cache."},
    {ANSWER_ALWAYS, "traceparent", "Traceparent", "string", NULL,
     "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "The trace of the request, where it had one."},
    {ANSWER_ETAG, "ETag", "ETag", "string", "^\"[^\"]*\"$", "\"3\"", "The strong tag of this version."},
    {ANSWER_LAST_MODIFIED, "Last-Modified", "LastModified", "string", NULL, "Mon, 23 Nov 2026 09:15:02 GMT",
     "The second of the last change, once that is long enough ago to tell this version from every other."},
    {ANSWER_UNPROVEN, "Cache-Status", "CacheStatus", "string", NULL, "wares; hit; ttl=-37; detail=unproven",
     "The database cannot be asked, and this is what is remembered: it may be out of date (RFC 9211)."},
    {ANSWER_UNPROVEN, "Age", "Age", "integer", NULL, "37",
     "With Cache-Status: seconds since the answer was known to be current."},
    {ANSWER_CACHE_CONTROL, "Cache-Control", "CacheControl", "string", NULL, "max-age=0, stale-if-error=300",
     "How long the answer may be kept, and used without asking."},
    {ANSWER_VARY, "Vary", "Vary", "string", NULL, "Accept", "The headers of the request that the answer depends on."},
    {ANSWER_LINK, "Link", "Link", "string", NULL, "</api/v1/products?cursor=AbC>; rel=\"next\"",
     "Where to go on (RFC 8288)."},
    {ANSWER_LOCATION, "Location", "Location", "string", NULL, "/api/v1/products/0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f",
     "The path of what was made."},
    {ANSWER_PREFERENCE_APPLIED, "Preference-Applied", "PreferenceApplied", "string", NULL, "return=minimal",
     "The preference that was heeded."},
    {ANSWER_REPLAYED, "Idempotency-Replayed", "IdempotencyReplayed", "string", "^true$", "true",
     "The answer is that of an earlier request with the same Idempotency-Key."},
    {ANSWER_TOTAL_COUNT, "X-Total-Count", "XTotalCount", "integer", NULL, "1234", "How many there are in all."},
    {ANSWER_RETRY_AFTER, "Retry-After", "RetryAfter", "integer", NULL, "1", "Seconds to wait before trying again."},
    {ANSWER_SEARCH, "X-Search-Corrected", "XSearchCorrected", "string", NULL, "gren=green",
     "Words that nothing has, each with the one that was searched for in its place."},
    {ANSWER_SEARCH, "X-Search-Ranked", "XSearchRanked", "string", "^newest$", "newest",
     "So many products match that only the newest of them were ranked."},
    {ANSWER_CONTENT_DISPOSITION, "Content-Disposition", "ContentDisposition", "string", NULL,
     "attachment; filename=\"products.csv\"", "A name for the file (RFC 6266)."},
    {ANSWER_ACCEPT, "Accept", "Accept", "string", NULL, "application/json", "The media types that are taken."},
    {ANSWER_ACCEPT_POST, "Accept-Post", "AcceptPost", "string", NULL, "application/json",
     "The media types that are taken."},
    {ANSWER_ACCEPT_PATCH, "Accept-Patch", "AcceptPatch", "string", NULL, "application/merge-patch+json",
     "The media types of patches that are taken."},
    {ANSWER_ACCEPT_ENCODING, "Accept-Encoding", "AcceptEncoding", "string", NULL, "identity",
     "The content codings that are taken."},
    {ANSWER_CONTENT_SECURITY_POLICY, "Content-Security-Policy", "ContentSecurityPolicy", "string", NULL,
     "default-src 'none'", "What a browser may do with the page: show it."},
};

#define ANSWER_HEADERS (sizeof answer_headers / sizeof answer_headers[0])

/* --- headers --- */

static void write_header_schema(struct document *document, const struct header *header)
{
    document_text(document, "description", header->prose);
    document_object(document, "schema");
    document_text(document, "type", header->type);
    if (header->pattern != NULL) {
        document_text(document, "pattern", header->pattern);
    }
    document_end_object(document);
    document_value(document, "example", header->example, header->type[0] == 'i');
}

static void write_parameters(struct document *document)
{
    document_object(document, "parameters");
    for (size_t i = 0; i < REQUEST_HEADERS; i++) {
        document_object(document, request_headers[i].key);
        document_text(document, "name", request_headers[i].name);
        document_text(document, "in", "header");
        write_header_schema(document, &request_headers[i]);
        document_end_object(document);
    }
    document_end_object(document);
}

static void write_headers(struct document *document)
{
    document_object(document, "headers");
    for (size_t i = 0; i < ANSWER_HEADERS; i++) {
        document_object(document, answer_headers[i].key);
        write_header_schema(document, &answer_headers[i]);
        document_end_object(document);
    }
    document_end_object(document);
}

/* A header of two preferences stands for those operations that heed both. */
void document_request_headers(struct document *document, unsigned headers)
{
    const unsigned both = HEADER_PREFER_RETURN | HEADER_PREFER_MERGE;

    for (size_t i = 0; i < REQUEST_HEADERS; i++) {
        const unsigned bit = request_headers[i].bit;
        const bool is_half = bit == HEADER_PREFER_RETURN && (headers & both) == both;

        if ((headers & bit) == bit && !is_half) {
            document_ref(document, NULL, "parameters", request_headers[i].key);
        }
    }
}

void document_answer_headers(struct document *document, unsigned headers)
{
    document_object(document, "headers");
    for (size_t i = 0; i < ANSWER_HEADERS; i++) {
        if (answer_headers[i].bit == ANSWER_ALWAYS || (headers & answer_headers[i].bit) != 0) {
            document_ref(document, answer_headers[i].name, "headers", answer_headers[i].key);
        }
    }
    document_end_object(document);
}

/* --- problems --- */

static bool is_first_of_status(size_t problem, uint32_t of)
{
    for (size_t i = 0; i < problem; i++) {
        if ((of & PROBLEM_BIT(i)) != 0 && problem_kinds[i].http_status == problem_kinds[problem].http_status) {
            return false;
        }
    }
    return true;
}

static void write_example(struct document *document, size_t problem)
{
    document_object(document, problem_kinds[problem].name);
    document_text(document, "summary", problem_kinds[problem].title);
    document_key(document, "value");
    problem_write_example(document->out, (enum problem)problem);
    document_end_object(document);
}

static void write_response(struct document *document, int status)
{
    unsigned headers = ANSWER_CACHE_CONTROL;
    char key[SHARED_NAME_MAX];

    (void)snprintf(key, sizeof key, "Problem%d", status);
    document_object(document, key);
    document_text(document, "description", response_reason(status));
    for (size_t i = 0; i < PROBLEM_COUNT; i++) {
        headers |= problem_kinds[i].http_status == status ? problem_kinds[i].headers : 0;
    }
    document_answer_headers(document, headers);
    document_object(document, "content");
    document_object(document, "application/problem+json");
    document_ref(document, "schema", "schemas", "Problem");
    document_object(document, "examples");
    for (size_t i = 0; i < PROBLEM_COUNT; i++) {
        if (problem_kinds[i].http_status == status) {
            write_example(document, i);
        }
    }
    document_end_object(document);
    document_end_object(document);
    document_end_object(document);
    document_end_object(document);
}

void document_problems(struct document *document, uint32_t problems)
{
    char key[SHARED_NAME_MAX];
    char name[SHARED_NAME_MAX];

    for (size_t i = 0; i < PROBLEM_COUNT; i++) {
        if ((problems & PROBLEM_BIT(i)) != 0 && is_first_of_status(i, problems)) {
            (void)snprintf(key, sizeof key, "%d", problem_kinds[i].http_status);
            (void)snprintf(name, sizeof name, "Problem%d", problem_kinds[i].http_status);
            document_ref(document, key, "responses", name);
        }
    }
}

void document_shared(struct document *document)
{
    const uint32_t all = PROBLEM_BIT(PROBLEM_COUNT - 1) | (PROBLEM_BIT(PROBLEM_COUNT - 1) - 1);

    write_parameters(document);
    write_headers(document);
    document_object(document, "responses");
    for (size_t i = 0; i < PROBLEM_COUNT; i++) {
        if (is_first_of_status(i, all)) {
            write_response(document, problem_kinds[i].http_status);
        }
    }
    document_end_object(document);
}

/* What several handlers answer alike. */
#include "reply.h"

#include "http/etag.h"
#include "http/uri.h"

void reply_caching(struct exchange *exchange)
{
    response_header(&exchange->response, "Cache-Control", TEXT("no-cache"));
    response_header(&exchange->response, "Vary", TEXT("Accept"));
}

void reply_json(struct exchange *exchange, int status)
{
    exchange->response.status = status;
    response_header(&exchange->response, "Content-Type", TEXT("application/json"));
    if (status == 200) {
        reply_caching(exchange);
    }
}

void reply_etag(struct exchange *exchange, int64_t version)
{
    char etag[ETAG_TEXT_SIZE];

    etag_from_version(version, etag);
    response_header(&exchange->response, "ETag", text_of(etag));
}

bool reply_not_modified(struct exchange *exchange, int64_t version)
{
    char etag[ETAG_TEXT_SIZE];

    if (exchange->request.if_none_match.data == NULL) {
        return false;
    }
    etag_from_version(version, etag);
    if (!etag_list_names(exchange->request.if_none_match, text_of(etag))) {
        return false;
    }
    exchange->response.status = 304;
    response_header(&exchange->response, "ETag", text_of(etag));
    reply_caching(exchange);
    return true;
}

void reply_link_next(struct exchange *exchange, const struct query *query, const struct cursor *next)
{
    struct strbuf *out = &exchange->response.headers;
    char cursor[CURSOR_TEXT_SIZE];

    cursor_encode(next, cursor);
    strbuf_append_text(out, TEXT("Link: <"));
    strbuf_append_text(out, exchange->request.path);
    strbuf_append_char(out, '?');
    for (size_t i = 0; i < query->count; i++) {
        if (!text_equal(query->item[i].name, TEXT("cursor"))) {
            uri_encode(out, query->item[i].name);
            strbuf_append_char(out, '=');
            uri_encode(out, query->item[i].value);
            strbuf_append_char(out, '&');
        }
    }
    strbuf_append_text(out, TEXT("cursor="));
    strbuf_append_text(out, text_of(cursor));
    strbuf_append_text(out, TEXT(">; rel=\"next\"\r\n"));
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

/* The answer's head and body on their way to the front server. */
#include "http/response.h"

#include <string.h>

/* What a response keeps between requests; larger answers are rare and give their memory back. */
#define HEADERS_KEPT 4096
#define BODY_KEPT ((size_t)64 * 1024)

void response_init(struct response *response)
{
    *response = (struct response){.status = 200};
    strbuf_init(&response->headers, RESPONSE_HEADERS_MAX);
    strbuf_init(&response->body, RESPONSE_BODY_MAX);
}

void response_free(struct response *response)
{
    strbuf_free(&response->headers);
    strbuf_free(&response->body);
}

void response_reset(struct response *response)
{
    strbuf_clear(&response->headers, HEADERS_KEPT);
    strbuf_clear(&response->body, BODY_KEPT);
    response->status = 200;
    response->lent_body = TEXT_ABSENT;
    response->head = false;
    response->streamed = false;
}

static bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

void response_header(struct response *response, const char *name, struct text value)
{
    struct text label = text_of(name);
    char *start = strbuf_reserve(&response->headers, label.length + value.length + 4);
    if (start == NULL) {
        return;
    }
    memcpy(start, label.data, label.length);
    char *at = start + label.length;
    *at++ = ':';
    *at++ = ' ';
    for (size_t i = 0; i < value.length; i++) {
        if (!is_control(value.data[i])) {
            *at++ = value.data[i];
        }
    }
    *at++ = '\r';
    *at++ = '\n';
    response->headers.length += (size_t)(at - start);
}

struct text response_body(const struct response *response)
{
    return response->lent_body.data != NULL ? response->lent_body : strbuf_text(&response->body);
}

void response_write_head(const struct response *response, struct strbuf *out)
{
    int status = response->status;
    strbuf_append_text(out, TEXT("Status: "));
    strbuf_append_u64(out, (uint64_t)status);
    strbuf_append_char(out, ' ');
    strbuf_append_text(out, text_of(response_reason(status)));
    strbuf_append_text(out, TEXT("\r\n"));
    strbuf_append_text(out, strbuf_text(&response->headers));
    if (status >= 200 && status != 204 && status != 304 && !response->streamed) {
        strbuf_append_text(out, TEXT("Content-Length: "));
        strbuf_append_u64(out, response_body(response).length);
        strbuf_append_text(out, TEXT("\r\n"));
    }
    strbuf_append_text(out, TEXT("\r\n"));
}

const char *response_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } reasons[] = {
        {200, "OK"},
        {201, "Created"},
        {202, "Accepted"},
        {204, "No Content"},
        {206, "Partial Content"},
        {301, "Moved Permanently"},
        {302, "Found"},
        {303, "See Other"},
        {304, "Not Modified"},
        {307, "Temporary Redirect"},
        {308, "Permanent Redirect"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {406, "Not Acceptable"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {410, "Gone"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {501, "Not Implemented"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (reasons[i].status == status) {
            return reasons[i].reason;
        }
    }
    return "Unknown";
}

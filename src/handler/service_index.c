/* The way in: where everything is. */
#include "handler/routes.h"
#include "input.h"
#include "reply.h"
#include "json/writer.h"

void service_index(struct exchange *exchange)
{
    static const char *const places[][2] = {
        {"products", "/api/v1/products"},
        {"categories", "/api/v1/categories"},
        {"openapi", "/api/v1/openapi.json"},
        {"problems", "/problems"},
    };
    struct strbuf *out = &exchange->response.body;
    bool first = true;

    if (!input_without_parameters(exchange)) {
        return;
    }
    /* RFC 8631: what describes the service, for programs and for people. */
    response_header(&exchange->response, "Link",
                    TEXT("</api/v1/openapi.json>; rel=\"service-desc\", </problems>; rel=\"service-doc\""));
    strbuf_append_char(out, '{');
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        json_write_member(out, &first, places[i][0], text_of(places[i][1]));
    }
    strbuf_append_char(out, '}');
    reply_content(exchange);
}

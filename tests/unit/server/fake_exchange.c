/* An exchange_serve that tells what it got. */
#include "fake_exchange.h"

#include <stdio.h>
#include <string.h>

struct fake_exchange fake_exchange;

static void answer_in_parts(struct exchange *exchange)
{
    struct response_stream *stream = exchange->stream;
    bool going;

    exchange->response.streamed = true;
    going = stream->begin(stream, &exchange->response);
    for (unsigned i = 0; going && i < fake_exchange.parts; i++) {
        going = stream->write(stream, strbuf_text(&exchange->response.body));
    }
    if (going && fake_exchange.breaks) {
        stream->cut = "broken";
    }
    fake_exchange.cut = stream->cut;
}

bool exchange_route(struct exchange *exchange)
{
    return fake_exchange.reads_body && exchange->request.method == METHOD_POST;
}

/* As much as fits is kept; the rest is read all the same. */
static void read_body(struct exchange *exchange)
{
    enum body_read outcome = BODY_READ_SOME;
    char part[1000];

    while (outcome == BODY_READ_SOME) {
        size_t count = 0;

        outcome = exchange->upload->read(exchange->upload, part, sizeof part, &count);
        if (fake_exchange.body_length + count <= FAKE_BODY_MAX) {
            memcpy(fake_exchange.body + fake_exchange.body_length, part, count);
            fake_exchange.body_length += count;
        }
    }
    fake_exchange.whole = outcome == BODY_READ_END;
    fake_exchange.fault = exchange->upload->fault;
}

void exchange_serve(struct exchange *exchange)
{
    const struct text body = exchange->request.body;

    fake_exchange.served++;
    fake_exchange.body_state = exchange->body_state;
    fake_exchange.method = exchange->request.method;
    fake_exchange.allowed_ns = exchange->scope.deadline_ns - exchange->started_ns;
    (void)snprintf(fake_exchange.uri, sizeof fake_exchange.uri, "%.*s", TEXT_PRINT(exchange->request.uri));
    fake_exchange.body_length = body.length < FAKE_BODY_MAX ? body.length : FAKE_BODY_MAX;
    memcpy(fake_exchange.body, body.data, fake_exchange.body_length);
    fake_exchange.had_upload = exchange->upload != NULL;
    if (fake_exchange.had_upload && !fake_exchange.leaves_body) {
        read_body(exchange);
    }

    exchange->response.status = 200;
    exchange->response.head = exchange->request.method == METHOD_HEAD;
    response_header(&exchange->response, "Content-Type", TEXT("text/plain"));
    memset(strbuf_reserve(&exchange->response.body, fake_exchange.answer_size), 'a', fake_exchange.answer_size);
    exchange->response.body.length += fake_exchange.answer_size;
    fake_exchange.had_stream = exchange->stream != NULL;
    if (fake_exchange.parts > 0 && fake_exchange.had_stream) {
        answer_in_parts(exchange);
    }
}

/* One request and its answer, as handlers see it, and the one way in. */
#ifndef HANDLER_EXCHANGE_H
#define HANDLER_EXCHANGE_H

#include "base/scope.h"
#include "handler/app.h"
#include "http/request.h"
#include "http/request_stream.h"
#include "http/response.h"
#include "http/response_stream.h"
#include "http/router.h"

/* What the server found about the body before a handler runs. */
enum body_state {
    BODY_COMPLETE,  /* request->body is all of it (perhaps empty) */
    BODY_TOO_LARGE, /* more than config->body_max was announced */
    BODY_MALFORMED, /* CONTENT_LENGTH is not a number, or the bytes that came are not as many */
    BODY_UNREAD,    /* it is the handler's to read, by exchange->upload */
};

struct operation;

struct exchange {
    struct app *app;
    struct scope scope;
    int64_t started_ns;
    enum body_state body_state;
    struct request request;
    struct response response;
    struct response_stream *stream;    /* for a long answer; NULL where none can be sent now */
    struct request_stream *upload;     /* for a body of any size; NULL where none can be read now */
    struct route_match match;          /* its route is NULL where there is none */
    const struct operation *operation; /* what is to be done; NULL where nothing is known by the method */
    bool unproven;                     /* what is answered may be out of date: reply_unproven */
    int64_t unproven_ms;               /* since it was known to be current */
    const char *media;                 /* of its types the one that the client likes best; NULL where it has none */
};

/* Finds the route of a request that was read but for its body: scope and request are set. Whether the body is one that the
 * handler reads as it comes. */
bool exchange_route(struct exchange *exchange);

/* Answers a request whose route was looked for: checks method, Accept and body, runs the handler, adds the headers that
 * every answer has (X-Request-Id, Server-Timing, traceparent). exchange->app, scope, started_ns, body_state and request are
 * set by the caller, response is initialised; afterwards response is whole. Never fails: a fault is an answer too. Where
 * stream->begun is true afterwards, the answer was sent through the stream, whole or cut. */
void exchange_serve(struct exchange *exchange);

/* For who serves several requests in a row: between the two, what nobody waits for may be kept back, to be sent together. */
void exchange_hold(const struct app *app);
void exchange_release(const struct app *app);

/* For handlers of long answers: sends what response.body holds as the next part of the answer, before the first one the
 * head with the headers that every answer has, and empties the body. The stream must be there. False where the answer is
 * cut: stream->cut tells why, and nothing more is to be sent. */
MUST_CHECK bool exchange_send_part(struct exchange *exchange);

#endif

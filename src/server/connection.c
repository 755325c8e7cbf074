/* One request on one connection, by way of libfcgi 2.4.
 *
 * What libfcgi leaves to its caller, and this file therefore does:
 * - Parameters that end early because of an error, at the border of two, are reported as complete: the stream's error is
 *   looked at before anything is believed.
 * - It serves the roles of authorizer and filter like any other: they are refused.
 * - It reads ahead, up to 8 KiB, and forgets what it has read at the end of a request. A body that is left unread, or
 *   bytes sent after the request's end, would make the rest of them the next request: whoever chose them would forge it.
 *   A connection is kept only where stdin was read to its end without error and nothing lies beyond it. */
#include "connection.h"

#include "read_ahead.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"

#include <errno.h>
#include <fastcgi.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A body is read in steps, so that memory follows what comes and not what was announced. */
#define BODY_STEP ((size_t)64 * 1024)

/* What the buffers keep between requests. */
#define BUFFER_KEEP ((size_t)64 * 1024)
#define ARENA_FIRST_BLOCK ((size_t)32 * 1024)

#define HEAD_MAX (RESPONSE_HEADERS_MAX + 256)

/* A request with more bytes is served by itself. */
#define JOINING_MAX ((size_t)8 * 1024)

void serving_init(struct serving *serving, struct app *app)
{
    *serving = (struct serving){.app = app, .arena = arena_new(ARENA_FIRST_BLOCK)};
    strbuf_init(&serving->body, (size_t)app->config->body_max);
    strbuf_init(&serving->head, HEAD_MAX);
    response_init(&serving->exchange.response);
    serving->stream = (struct stream){.head = &serving->head};
}

void serving_free(struct serving *serving)
{
    response_free(&serving->exchange.response);
    strbuf_free(&serving->head);
    strbuf_free(&serving->body);
    arena_free(serving->arena);
}

bool connection_open(struct connection *connection, int fd, int64_t io_timeout_ms, int64_t now_ns)
{
    const struct timeval timeout = {.tv_sec = io_timeout_ms / 1000, .tv_usec = io_timeout_ms % 1000 * 1000};

    /* Without a listening socket libfcgi cannot wait in accept when this connection ends. */
    (void)FCGX_InitRequest(&connection->request, -1, 0);
    connection->request.ipcFd = fd;
    connection->fd = fd;
    connection->state = CONNECTION_NEW;
    connection->since_ns = now_ns;
    return setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) == 0;
}

void connection_close(struct connection *connection)
{
    if (connection->state != CONNECTION_CLOSED) {
        (void)close(connection->fd);
        connection->state = CONNECTION_CLOSED;
    }
}

/* The peer may still be sending what nobody will read. Closed now, it would fail in its write and never look at the
 * answer; so it gets an end of file, and a while to notice. */
static void start_lingering(struct connection *connection)
{
    (void)shutdown(connection->fd, SHUT_WR);
    connection->state = CONNECTION_LINGERING;
    connection->since_ns = clock_monotonic_ns();
}

static void drop_input(struct connection *connection)
{
    char dropped[16 * 1024];
    const ssize_t count = recv(connection->fd, dropped, sizeof dropped, MSG_DONTWAIT);

    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        connection_close(connection);
    }
}

/* The length of the request that stands at the beginning of these bytes, to the end of its standard input; 0 where it does
 * not end there. */
static size_t whole_request(const unsigned char *bytes, size_t count)
{
    size_t at = 0;

    while (count - at >= FCGI_HEADER_LEN && bytes[at] == FCGI_VERSION_1) {
        const unsigned char *header = bytes + at;
        const size_t length = ((size_t)header[4] << 8) | header[5];

        at += FCGI_HEADER_LEN + length + header[6];
        if (at > count) {
            return 0;
        }
        if (header[1] == FCGI_STDIN && length == 0) {
            return at;
        }
    }
    return 0;
}

/* What stands behind the first such part, or absent. */
static struct text behind(struct text bytes, const char *part)
{
    const size_t length = strlen(part);
    const char *found = bytes.length > 0 ? memmem(bytes.data, bytes.length, part, length) : NULL;

    if (found == NULL) {
        return TEXT_ABSENT;
    }
    return (struct text){.data = found + length, .length = bytes.length - (size_t)(found + length - bytes.data)};
}

/* Other addresses that are as long lead to what may take longer than one product. */
static bool begins_with_id(struct text bytes)
{
    char id[UUID_TEXT_LENGTH + 1];

    return bytes.length >= UUID_TEXT_LENGTH &&
           uuid_normalise((struct text){.data = bytes.data, .length = UUID_TEXT_LENGTH}, id);
}

/* Names and values stand behind their lengths, so that these are whole values. What only looks like it, in another
 * value, is served like any other request: that is a matter of time alone. One that is still on its way would have others
 * wait for it, whose time is running already. */
bool connection_asks(const struct connection *connection, enum gathered kind)
{
    static const char *const methods[] = {
        [GATHER_CREATES] = "\016\004REQUEST_METHODPOST",
        [GATHER_READS] = "\016\003REQUEST_METHODGET",
    };
    static const char *const uris[] = {
        [GATHER_CREATES] = "\013\020REQUEST_URI/api/v1/products",
        [GATHER_READS] = "\013\065REQUEST_URI/api/v1/products/",
    };
    char begin[JOINING_MAX];
    const ssize_t count = recv(connection->fd, begin, sizeof begin, MSG_DONTWAIT | MSG_PEEK);
    const struct text request = {.data = begin,
                                 .length = count > 0 ? whole_request((const unsigned char *)begin, (size_t)count) : 0};
    const struct text behind_uri = behind(request, uris[kind]);

    if (behind(request, methods[kind]).data == NULL || behind_uri.data == NULL) {
        return false;
    }
    return kind != GATHER_READS || begins_with_id(behind_uri);
}

/* False where no request of ours came. Where libfcgi finds that out, it has closed the descriptor: until the watchdog is
 * released, nothing may be opened. */
static bool read_parameters(struct connection *connection)
{
    FCGX_Request *request = &connection->request;

    request->keepConnection = 1; /* FCGX_Accept_r first ends the request before, which we did: it would close */
    request->detached = 1;       /* where it closes, then without lingering */
    if (FCGX_Accept_r(request) != 0) {
        connection->state = CONNECTION_CLOSED;
        return false;
    }
    if (request->role != FCGI_RESPONDER) {
        log_warning("a request with FastCGI role %d was refused: wares is a responder", request->role);
    } else if (FCGX_GetError(request->in) == 0) {
        return true;
    }
    FCGX_Free(request, 0);
    return false;
}

static enum body_state read_body(FCGX_Stream *in, struct text announced, struct strbuf *body)
{
    uint64_t length = 0;

    if (announced.data != NULL && !text_to_u64(announced, &length)) {
        return BODY_MALFORMED;
    }
    if (length > body->bound) {
        return BODY_TOO_LARGE;
    }
    while (body->length < length) {
        const size_t left = (size_t)length - body->length;
        const size_t step = left < BODY_STEP ? left : BODY_STEP;
        char *space = strbuf_reserve(body, step);
        const int count = space != NULL ? FCGX_GetStr(space, (int)step, in) : 0;

        body->length += (size_t)count;
        if ((size_t)count < step) {
            return BODY_MALFORMED;
        }
    }
    return FCGX_GetChar(in) == EOF && FCGX_GetError(in) == 0 ? BODY_COMPLETE : BODY_MALFORMED;
}

static bool may_have_body(const struct response *response)
{
    return !response->head && response->status != 204 && response->status != 304;
}

/* Sends the answer and ends the request. Up to some 8,000 bytes leave in one write, END_REQUEST included. False where
 * the peer did not take it. */
static bool send_answer(FCGX_Request *request, const struct response *response, struct strbuf *head, uint64_t *sent)
{
    const struct text body = may_have_body(response) ? response_body(response) : TEXT("");

    *sent = 0;
    response_write_head(response, head);
    if (FCGX_PutStr(head->data, (int)head->length, request->out) < 0 ||
        (body.length > 0 && FCGX_PutStr(body.data, (int)body.length, request->out) < 0)) {
        return false;
    }
    /* The error stream is empty; closed first, it leaves the end of the request to the output stream. */
    (void)FCGX_FClose(request->err);
    if (FCGX_FClose(request->out) != 0) {
        return false;
    }
    *sent = body.length;
    return true;
}

/* Ends an answer that was sent as a stream. One that was cut ends without END_REQUEST, false: the front server then knows
 * that it is not whole, and passes that on. */
static bool end_stream(FCGX_Request *request, const struct stream *stream)
{
    if (stream->response.cut != NULL) {
        return false;
    }
    (void)FCGX_FClose(request->err);
    return FCGX_FClose(request->out) == 0;
}

static void log_answer(const struct exchange *exchange, uint64_t sent)
{
    if (log_enabled(LOG_LEVEL_INFO)) {
        log_request(&(struct log_request){
            .method = exchange->request.method_name,
            .uri = exchange->request.uri,
            .status = exchange->response.status,
            .duration_ns = clock_monotonic_ns() - exchange->started_ns,
            .request_id = text_of(exchange->request.request_id),
            .trace_id = exchange->request.trace_id,
            .bytes = sent,
            .cut = exchange->stream != NULL ? text_of(exchange->stream->cut) : TEXT_ABSENT,
        });
    }
}

/* Reads the body, or gets ready for the handler to read it. */
static void begin_body(FCGX_Request *request, struct serving *serving)
{
    struct exchange *exchange = &serving->exchange;

    exchange->upload = NULL;
    exchange->request.body = TEXT("");
    if (exchange_route(exchange)) {
        exchange->body_state = BODY_UNREAD;
        if (serving->stream.beside != NULL) {
            upload_begin(&serving->upload, &serving->stream, request, exchange->request.content_length,
                         serving->app->config->io_timeout_ms);
            exchange->upload = &serving->upload.request;
        }
        return;
    }
    exchange->body_state = read_body(request->in, exchange->request.content_length, &serving->body);
    if (serving->body.length > 0) {
        exchange->request.body = strbuf_text(&serving->body);
    }
}

/* After one that was not read by libfcgi the connection is of no more use. */
static void end_body(struct serving *serving)
{
    struct exchange *exchange = &serving->exchange;

    if (exchange->upload != NULL && upload_end(&serving->upload)) {
        exchange->body_state = BODY_COMPLETE;
    }
    exchange->upload = NULL;
}

/* What becomes of a connection after a request on it. */
enum fate { FATE_CLOSE, FATE_LINGER, FATE_KEEP };

/* Answers the request whose parameters are read, and ends it. */
static enum fate answer(FCGX_Request *request, struct serving *serving, int64_t started_ns)
{
    struct exchange *exchange = &serving->exchange;
    struct stream *stream = &serving->stream;
    enum fate fate = FATE_CLOSE;
    uint64_t sent = 0;
    bool delivered, watched;

    exchange->app = serving->app;
    exchange->started_ns = started_ns;
    exchange->scope = (struct scope){
        .arena = serving->arena,
        .deadline_ns = started_ns + serving->app->config->deadline_ms * CLOCK_NS_PER_MS,
        .gatherer = serving->gatherer,
        .waiter = serving->waiter,
    };
    request_read(&exchange->request, request->envp, serving->arena);
    stream->watchdog = serving->watchdog;
    stream_init(stream, serving->app->config, request->ipcFd, request->requestId, started_ns);
    exchange->stream = stream->beside != NULL ? &stream->response : NULL;
    begin_body(request, serving);
    exchange_serve(exchange);

    end_body(serving);
    watched = stream_end(stream);
    if (stream->response.begun) {
        delivered = end_stream(request, stream);
        sent = stream->sent;
    } else {
        delivered = stream->response.cut == NULL && send_answer(request, &exchange->response, &serving->head, &sent);
    }
    log_answer(exchange, sent);
    delivered = delivered && watched;
    if (delivered && exchange->body_state != BODY_COMPLETE) {
        fate = FATE_LINGER;
    } else if (delivered && request->keepConnection != 0 && read_ahead_is_none(request)) {
        fate = FATE_KEEP;
    }
    FCGX_Free(request, 0);
    response_reset(&exchange->response);
    strbuf_clear(&serving->head, BUFFER_KEEP);
    strbuf_clear(&serving->body, BUFFER_KEEP);
    arena_reset(serving->arena);
    return fate;
}

static void settle(struct connection *connection, enum fate fate)
{
    switch (fate) {
    case FATE_KEEP:
        connection->state = CONNECTION_KEPT;
        break;
    case FATE_LINGER:
        start_lingering(connection);
        break;
    case FATE_CLOSE:
    default:
        connection_close(connection);
        break;
    }
}

void connection_serve(struct connection *connection, struct serving *serving, bool last)
{
    const int64_t started_ns = clock_monotonic_ns();
    enum fate fate = FATE_CLOSE;

    if (connection->state == CONNECTION_LINGERING) {
        drop_input(connection);
        return;
    }
    connection->state = CONNECTION_BUSY;
    watchdog_watch(serving->watchdog, connection->fd, started_ns);
    if (read_parameters(connection)) {
        fate = answer(&connection->request, serving, started_ns);
    }
    if (watchdog_release(serving->watchdog)) {
        log_warning(
            "a request was cut off after %lld ms: it took longer than WARES_DEADLINE and WARES_IO_TIMEOUT allow",
            (long long)((clock_monotonic_ns() - started_ns) / CLOCK_NS_PER_MS));
        fate = FATE_CLOSE;
    }
    settle(connection, last && fate == FATE_KEEP ? FATE_CLOSE : fate);
}

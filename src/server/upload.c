/* Reading stdin without waiting in it.
 *
 * Behind the parameters libfcgi's buffer of 8 KiB is at the border of two records. What it has there is taken (read_ahead.h),
 * and where its reading stands then is the end of its buffer. All from that border to that end are records, as is what comes
 * from the socket behind them: they are taken apart here (FastCGI specification, section 3.3). */
#include "upload.h"

#include "read_ahead.h"

#include "base/clock.h"
#include "base/memory.h"

#include <errno.h>
#include <fastcgi.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* How long what is left of a short body is waited for: it was on its way with the request. */
#define REST_WAIT_NS CLOCK_NS_PER_S

_Static_assert(sizeof(FCGI_Header) == 8, "as the header has room for");

static enum body_read fail(struct upload *upload, const char *fault)
{
    if (upload->request.fault == NULL) {
        upload->request.fault = fault;
    }
    return BODY_READ_CUT;
}

/* --- taking over from libfcgi --- */

static void take_over(struct upload *upload, FCGX_Request *fastcgi)
{
    FCGX_Stream *in = fastcgi->in;
    const unsigned char *border = in->rdNext;

    upload->end = read_ahead_take(fastcgi, upload->buffer, UPLOAD_BUFFER_SIZE); /* more than libfcgi's buffer */
    if (FCGX_HasSeenEOF(in) != 0 && FCGX_GetError(in) == 0) {
        upload->ended = true;
    } else if (FCGX_GetError(in) == EBADF && in->rdNext >= border &&
               (size_t)(in->rdNext - border) <= UPLOAD_BUFFER_SIZE) {
        upload->in_records = true;
        upload->end = (size_t)(in->rdNext - border);
        memcpy(upload->buffer, border, upload->end);
    } else {
        (void)fail(upload, "client_gone"); /* it was aborted, or has no end that could be told */
    }
}

static enum body_read read_some(struct request_stream *request, char *space, size_t room, size_t *count);

void upload_begin(struct upload *upload, struct stream *stream, FCGX_Request *fastcgi, struct text content_length,
                  int64_t read_ms)
{
    *upload = (struct upload){.request = {.read = read_some},
                              .stream = stream,
                              .fd = fastcgi->ipcFd,
                              .request_id = fastcgi->requestId,
                              .read_ns = read_ms * CLOCK_NS_PER_MS,
                              .step_left_ns = read_ms * CLOCK_NS_PER_MS,
                              .announced = content_length.data != NULL,
                              .buffer = memory_new(UPLOAD_BUFFER_SIZE, 1)};
    /* It is bounded by what it sends, and not by how long that takes. */
    stream->until_ns = CLOCK_FOREVER;
    if (content_length.data != NULL && !text_to_u64(content_length, &upload->length)) {
        (void)fail(upload, "malformed");
    } else {
        take_over(upload, fastcgi);
    }
}

/* --- the socket --- */

/* Waits until something can be read, for as long as the client has left. */
static bool await_bytes(struct upload *upload)
{
    struct waiter *waiter = &upload->stream->response.waiter;
    const int64_t began_ns = clock_monotonic_ns();
    const enum waited waited = waiter->wait(waiter, upload->fd, POLLIN, began_ns + upload->step_left_ns);

    upload->step_left_ns -= clock_monotonic_ns() - began_ns;
    if (upload->step_left_ns < CLOCK_NS_PER_MS) {
        upload->step_left_ns = CLOCK_NS_PER_MS;
    }
    if (waited == WAITED_LATE) {
        (void)fail(upload, "client_slow");
    } else if (waited != WAITED_READY) {
        (void)fail(upload, upload->stream->response.cut != NULL ? upload->stream->response.cut : "client_gone");
    }
    return waited == WAITED_READY;
}

/* Fills the buffer, which is empty. */
static bool fill(struct upload *upload)
{
    ssize_t count = -1;

    while (count < 0) {
        if (!await_bytes(upload)) {
            return false;
        }
        count = recv(upload->fd, upload->buffer, UPLOAD_BUFFER_SIZE, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
            (void)fail(upload, "client_gone");
            return false;
        }
    }
    upload->at = 0;
    upload->end = (size_t)count;
    return true;
}

/* --- records --- */

/* The header is complete. */
static bool begin_record(struct upload *upload)
{
    const unsigned char *header = upload->header;
    const int id = header[2] << 8 | header[3];

    upload->header_length = 0;
    upload->content_left = (size_t)header[4] << 8 | header[5];
    upload->padding_left = header[6];
    if (header[0] != FCGI_VERSION_1 || id != upload->request_id || header[1] != FCGI_STDIN) {
        (void)fail(upload, header[1] == FCGI_ABORT_REQUEST ? "client_gone" : "malformed");
    } else if (upload->content_left == 0) {
        upload->ended = true;
    }
    return upload->request.fault == NULL;
}

static size_t left(const struct upload *upload)
{
    return upload->end - upload->at;
}

/* Goes to where content begins that is in the buffer, or to the end. */
static bool seek_content(struct upload *upload)
{
    while (!upload->ended && (upload->content_left == 0 || left(upload) == 0)) {
        if (left(upload) == 0) {
            if (!fill(upload)) {
                return false;
            }
        } else if (upload->padding_left > 0) {
            const size_t skipped = left(upload) < upload->padding_left ? left(upload) : upload->padding_left;

            upload->at += skipped;
            upload->padding_left -= skipped;
        } else {
            upload->header[upload->header_length++] = (unsigned char)upload->buffer[upload->at++];
            if (upload->header_length == sizeof upload->header && !begin_record(upload)) {
                return false;
            }
        }
    }
    return true;
}

static enum body_read end(struct upload *upload)
{
    if (upload->announced && upload->received != upload->length) {
        return fail(upload, "malformed");
    }
    upload->whole = true;
    return BODY_READ_END;
}

/* The clock for a step is wound up whenever enough has come. */
static void wind_up(struct upload *upload)
{
    if (upload->received - upload->step_received >= UPLOAD_STEP_BYTES) {
        upload->step_received = upload->received;
        upload->step_left_ns = upload->read_ns;
    }
}

static enum body_read read_some(struct request_stream *request, char *space, size_t room, size_t *count)
{
    struct upload *upload = (struct upload *)request;
    size_t there = left(upload);

    *count = 0;
    if (upload->request.fault != NULL) {
        return BODY_READ_CUT;
    }
    if (upload->in_records) {
        if (!seek_content(upload)) {
            return BODY_READ_CUT;
        }
        there = upload->ended ? 0 : (left(upload) < upload->content_left ? left(upload) : upload->content_left);
    }
    if (there == 0) {
        return end(upload);
    }
    *count = there < room ? there : room;
    memcpy(space, upload->buffer + upload->at, *count);
    upload->at += *count;
    upload->content_left -= upload->in_records ? *count : 0;
    upload->received += *count;
    if (upload->announced && upload->received > upload->length) {
        return fail(upload, "malformed");
    }
    wind_up(upload);
    return BODY_READ_SOME;
}

/* --- the end --- */

static void read_rest(struct upload *upload)
{
    char dropped[4096];
    size_t count;

    upload->step_left_ns = upload->step_left_ns < REST_WAIT_NS ? upload->step_left_ns : REST_WAIT_NS;
    upload->read_ns = upload->step_left_ns;
    while (read_some(&upload->request, dropped, sizeof dropped, &count) == BODY_READ_SOME) {
    }
}

bool upload_end(struct upload *upload)
{
    if (!upload->whole && upload->announced && upload->length <= UPLOAD_REST_MAX) {
        read_rest(upload);
    }
    free(upload->buffer);
    upload->buffer = NULL;
    return upload->whole && !upload->in_records;
}

/* Records out, and the waiting. */
#include "stream.h"

#include "base/clock.h"

#include <errno.h>
#include <fastcgi.h>
#include <poll.h>
#include <sys/socket.h>

#define LOOK_MS 500 /* how often bounds are looked at in a long wait */
#define RECORD_MAX ((size_t)FCGI_MAX_LENGTH & ~(size_t)7)

static struct stream *stream_of(struct response_stream *response)
{
    return (struct stream *)response;
}

/* --- waiting --- */

static bool cut(struct stream *stream, const char *why)
{
    if (stream->response.cut == NULL) {
        stream->response.cut = why;
    }
    return false;
}

/* False where the answer is to be cut. */
static bool within_bounds(struct stream *stream, short front)
{
    const int64_t now_ns = clock_monotonic_ns();

    if ((front & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
        return cut(stream, "client_gone");
    }
    if (now_ns >= stream->until_ns) {
        return cut(stream, "export_time");
    }
    if (now_ns >= *stream->beside->cut_ns) {
        return cut(stream, "stop");
    }
    return true;
}

static int next_look_ms(int64_t deadline_ns)
{
    const int left_ms = clock_poll_timeout(deadline_ns);

    return left_ms < LOOK_MS ? left_ms : LOOK_MS;
}

/* Waits in looks. That the deadline has passed counts only where a look after it still finds nothing: the other work may
 * have taken long, and fd be ready since. */
static enum waited wait_in_looks(struct stream *stream, int fd, short events, int64_t deadline_ns)
{
    for (;;) {
        const bool late = clock_monotonic_ns() >= deadline_ns;
        struct pollfd looked[] = {
            {.fd = fd, .events = events},
            {.fd = stream->fd, .events = POLLRDHUP},
            {.fd = stream->beside->fd, .events = POLLIN},
        };
        const int ready = poll(looked, sizeof looked / sizeof looked[0], late ? 0 : next_look_ms(deadline_ns));

        if (ready < 0 && errno != EINTR) {
            return WAITED_READY; /* what follows then finds out what is wrong */
        }
        if (ready > 0 && looked[2].revents != 0) {
            stream->beside->run(stream->beside);
        }
        if (!within_bounds(stream, looked[1].revents)) {
            return WAITED_OFF;
        }
        if (ready > 0 && looked[0].revents != 0) {
            return WAITED_READY;
        }
        if (late) {
            return WAITED_LATE;
        }
    }
}

/* The watchdog is not for waits, which are bounded here, nor for the other requests, which have it for themselves. */
static enum waited wait_beside(struct waiter *waiter, int fd, short events, int64_t deadline_ns)
{
    struct stream *stream = (struct stream *)waiter;
    enum waited waited;

    if (watchdog_release(stream->watchdog)) {
        (void)cut(stream, "hung");
    }
    if (!stream->began_beside) {
        stream->beside->begin(stream->beside, stream->fd);
        stream->began_beside = true;
    }
    waited = stream->response.cut == NULL ? wait_in_looks(stream, fd, events, deadline_ns) : WAITED_OFF;
    watchdog_watch(stream->watchdog, stream->fd, clock_monotonic_ns());
    return waited;
}

/* --- sending --- */

static bool wait_writable(struct stream *stream, int64_t deadline_ns)
{
    switch (wait_beside(&stream->response.waiter, stream->fd, POLLOUT, deadline_ns)) {
    case WAITED_READY:
        return true;
    case WAITED_LATE:
        return cut(stream, "client_slow");
    case WAITED_OFF:
    default:
        return false;
    }
}

static bool send_bytes(struct stream *stream, struct text bytes, int64_t deadline_ns)
{
    while (bytes.length > 0) {
        const ssize_t count = send(stream->fd, bytes.data, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT);

        if (count >= 0) {
            bytes = (struct text){.data = bytes.data + count, .length = bytes.length - (size_t)count};
        } else if (errno != EAGAIN && errno != EINTR) {
            return cut(stream, "client_gone");
        } else if (!wait_writable(stream, deadline_ns)) {
            return false;
        }
    }
    return true;
}

/* Sends one record of at most RECORD_MAX bytes. */
static bool send_record(struct stream *stream, struct text content, int64_t deadline_ns)
{
    const char header[FCGI_HEADER_LEN] = {
        FCGI_VERSION_1,
        FCGI_STDOUT,
        (char)(stream->request_id >> 8),
        (char)(stream->request_id & 0xff),
        (char)(content.length >> 8U),
        (char)(content.length & 0xffU),
    };

    return send_bytes(stream, (struct text){.data = header, .length = sizeof header}, deadline_ns) &&
           send_bytes(stream, content, deadline_ns);
}

/* Every write begins with a wait, which is over at once where the peer is quick: so the worker's other work has its turn,
 * and the bounds are looked at. */
static bool send_all(struct stream *stream, struct text bytes)
{
    const int64_t deadline_ns = clock_deadline_in_ms(stream->write_ms);
    bool going = wait_writable(stream, deadline_ns);

    while (going && bytes.length > 0) {
        const size_t length = bytes.length < RECORD_MAX ? bytes.length : RECORD_MAX;

        going = send_record(stream, (struct text){.data = bytes.data, .length = length}, deadline_ns);
        bytes = (struct text){.data = bytes.data + length, .length = bytes.length - length};
    }
    return going;
}

static bool begin(struct response_stream *response, const struct response *head)
{
    struct stream *stream = stream_of(response);

    stream->response.begun = true;
    response_write_head(head, stream->head);
    return send_all(stream, strbuf_text(stream->head));
}

static bool write_part(struct response_stream *response, struct text bytes)
{
    struct stream *stream = stream_of(response);

    if (stream->response.cut != NULL || !send_all(stream, bytes)) {
        return false;
    }
    stream->sent += bytes.length;
    return true;
}

/* --- the whole --- */

void stream_init(struct stream *stream, const struct config *config, int fd, int request_id, int64_t started_ns)
{
    stream->response = (struct response_stream){.waiter.wait = wait_beside, .begin = begin, .write = write_part};
    stream->fd = fd;
    stream->request_id = request_id;
    stream->write_ms = config->io_timeout_ms;
    stream->until_ns = started_ns + config->export_time_s * CLOCK_NS_PER_S;
    stream->began_beside = false;
    stream->sent = 0;
}

bool stream_end(struct stream *stream)
{
    const bool began = stream->began_beside;

    stream->began_beside = false;
    return !began || stream->beside->end(stream->beside);
}

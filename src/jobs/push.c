/* Requests that are sent one behind the other, and their answers. */
#include "push.h"

#include "base/waiter.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define OUT_MAX ((size_t)32 * 1024 * 1024)
#define OUT_KEPT ((size_t)256 * 1024)
#define ANSWER_MAX 4096 /* the module's are of some hundred bytes */

void push_init(struct push *push)
{
    *push = (struct push){.fd = -1};
    strbuf_init(&push->out, OUT_MAX);
}

void push_close(struct push *push)
{
    if (push->fd >= 0) {
        (void)close(push->fd);
    }
    strbuf_free(&push->out);
    push_init(push);
}

static enum status await(int fd, short events, int64_t deadline_ns)
{
    const int ready = waiter_poll(fd, events, deadline_ns);

    if (ready == 0) {
        return STATUS_DEADLINE;
    }
    return ready > 0 ? STATUS_OK : STATUS_UNAVAILABLE;
}

enum status push_open(struct push *push, const char *path, int64_t deadline_ns)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    push_close(push);
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return STATUS_UNAVAILABLE;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    push->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (push->fd < 0) {
        return STATUS_UNAVAILABLE;
    }
    /* On a unix socket a connect never goes on in the background: EAGAIN is a full backlog. */
    if (connect(push->fd, (const struct sockaddr *)&address, sizeof address) != 0 ||
        await(push->fd, POLLOUT, deadline_ns) != STATUS_OK) {
        const int reason = errno;
        push_close(push);
        errno = reason;
        return STATUS_UNAVAILABLE;
    }
    return STATUS_OK;
}

void push_ask(struct push *push, const char *path)
{
    strbuf_printf(&push->out, "GET %s HTTP/1.1\r\nHost: wares\r\n\r\n", path);
    push->requests++;
}

void push_post(struct push *push, const char *path, struct text message)
{
    strbuf_printf(&push->out, "POST %s HTTP/1.1\r\nHost: wares\r\nContent-Length: %zu\r\n\r\n", path, message.length);
    strbuf_append_text(&push->out, message);
    push->requests++;
}

static enum status send_all(const struct push *push, int64_t deadline_ns)
{
    size_t sent = 0;

    while (sent < push->out.length) {
        const ssize_t written = send(push->fd, push->out.data + sent, push->out.length - sent, MSG_NOSIGNAL);
        enum status status = STATUS_OK;

        if (written >= 0) {
            sent += (size_t)written;
        } else if (errno == EAGAIN) {
            status = await(push->fd, POLLOUT, deadline_ns);
        } else if (errno != EINTR) {
            status = STATUS_UNAVAILABLE;
        }
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

/* What has come and was not read yet. */
struct incoming {
    char data[ANSWER_MAX + 1];
    size_t length;
};

static enum status receive_more(const struct push *push, struct incoming *incoming, int64_t deadline_ns)
{
    if (incoming->length == ANSWER_MAX) {
        return STATUS_UNAVAILABLE;
    }
    const enum status status = await(push->fd, POLLIN, deadline_ns);
    if (status != STATUS_OK) {
        return status;
    }
    const ssize_t got = recv(push->fd, incoming->data + incoming->length, ANSWER_MAX - incoming->length, 0);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return STATUS_OK;
    }
    if (got <= 0) {
        return STATUS_UNAVAILABLE;
    }
    incoming->length += (size_t)got;
    incoming->data[incoming->length] = '\0';
    return STATUS_OK;
}

/* The digits behind a mark, or 0. */
static uint64_t number_behind(struct text text, const char *mark)
{
    const char *found = memmem(text.data, text.length, mark, strlen(mark));
    uint64_t number = 0;

    if (found == NULL) {
        return 0;
    }
    for (found += strlen(mark); found < text.data + text.length && *found >= '0' && *found <= '9'; found++) {
        number = number * 10 + (uint64_t)(*found - '0');
    }
    return number;
}

/* Takes one answer from the front of what has come; false where it is not whole yet. */
static bool take_answer(struct incoming *incoming, struct push_answer *answer)
{
    const char *end = memmem(incoming->data, incoming->length, "\r\n\r\n", 4);

    if (end == NULL) {
        return false;
    }
    const struct text head = {.data = incoming->data, .length = (size_t)(end - incoming->data) + 4};
    const struct text body = {.data = incoming->data + head.length,
                              .length = (size_t)number_behind(head, "\r\nContent-Length: ")};
    if (body.length > ANSWER_MAX || incoming->length < head.length + body.length) {
        return false;
    }
    answer->status = (int)number_behind(head, "HTTP/1.1 ");
    incoming->length -= head.length + body.length;
    memmove(incoming->data, body.data + body.length, incoming->length);
    return true;
}

static enum status receive_all(const struct push *push, int64_t deadline_ns, struct push_answer *answers)
{
    struct incoming incoming = {.length = 0};

    for (size_t i = 0; i < push->requests; i++) {
        while (!take_answer(&incoming, &answers[i])) {
            const enum status status = receive_more(push, &incoming, deadline_ns);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

enum status push_exchange(struct push *push, int64_t deadline_ns, struct push_answer *answers)
{
    enum status status = push->fd >= 0 && !push->out.overflowed ? STATUS_OK : STATUS_UNAVAILABLE;

    if (status == STATUS_OK) {
        status = send_all(push, deadline_ns);
    }
    if (status == STATUS_OK) {
        status = receive_all(push, deadline_ns, answers);
    }
    if (status != STATUS_OK) {
        push_close(push);
    }
    strbuf_clear(&push->out, OUT_KEPT);
    push->requests = 0;
    return status;
}

/* Records out, bytes in. */
#include "fake_front.h"

#include "base/memory.h"

#include <fastcgi.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_ID 1
#define OUT_MAX ((size_t)1 << 20)

struct front *front_open(void)
{
    struct front *front = memory_new(1, sizeof *front);
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        abort();
    }
    front->fd = ends[0];
    front->worker_fd = ends[1];
    strbuf_init(&front->out, OUT_MAX);
    return front;
}

void front_close(struct front *front)
{
    (void)close(front->fd);
    strbuf_free(&front->out);
    free(front);
}

void front_record(struct front *front, unsigned type, struct text content)
{
    const char head[FCGI_HEADER_LEN] = {
        FCGI_VERSION_1, (char)type, 0, REQUEST_ID, (char)(content.length >> 8), (char)(content.length & 0xff), 0, 0,
    };

    strbuf_append(&front->out, head, sizeof head);
    strbuf_append_text(&front->out, content);
}

static void append_pair(struct strbuf *out, const char *name, const char *value)
{
    strbuf_append_char(out, (char)strlen(name));
    strbuf_append_char(out, (char)strlen(value));
    strbuf_append_text(out, text_of(name));
    strbuf_append_text(out, text_of(value));
}

void front_request(struct front *front, const struct front_request *request)
{
    const unsigned role = request->role != 0 ? request->role : FCGI_RESPONDER;
    const char begin[8] = {0, (char)role, request->close ? 0 : FCGI_KEEP_CONN};
    struct strbuf parameters;

    strbuf_init(&parameters, OUT_MAX);
    append_pair(&parameters, "REQUEST_METHOD", request->method);
    append_pair(&parameters, "REQUEST_URI", request->uri);
    if (request->content_length != NULL) {
        append_pair(&parameters, "CONTENT_LENGTH", request->content_length);
    }
    front_record(front, FCGI_BEGIN_REQUEST, (struct text){begin, sizeof begin});
    front_record(front, FCGI_PARAMS, strbuf_text(&parameters));
    front_record(front, FCGI_PARAMS, TEXT(""));
    if (request->body.length > 0) {
        front_record(front, FCGI_STDIN, request->body);
    }
    front_record(front, FCGI_STDIN, TEXT(""));
    strbuf_free(&parameters);
}

void front_send(struct front *front)
{
    if (send(front->fd, front->out.data, front->out.length, MSG_NOSIGNAL) != (ssize_t)front->out.length) {
        abort();
    }
    strbuf_clear(&front->out, OUT_MAX);
}

bool front_receive(struct front *front)
{
    ssize_t count;

    front->answer_length = 0;
    do {
        count = recv(front->fd, front->answer + front->answer_length, sizeof front->answer - front->answer_length,
                     MSG_DONTWAIT);
        front->answer_length += count > 0 ? (size_t)count : 0;
    } while (count > 0);
    return count == 0;
}

bool front_received(const struct front *front, const char *part)
{
    return memmem(front->answer, front->answer_length, part, strlen(part)) != NULL;
}

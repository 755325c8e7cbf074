/* A long answer on its way to the front server: the head and the parts of the body as records of FastCGI's STDOUT, sent
 * without blocking. (libfcgi would block in each write, and the worker with it.)
 *
 * While the answer waits, for the front server or for what the handler waits for, the worker does its other work; and the
 * front server's connection is watched, so that an answer that nobody wants any more is known as such at once. */
#ifndef SERVER_STREAM_H
#define SERVER_STREAM_H

#include "base/config.h"
#include "base/strbuf.h"
#include "http/response_stream.h"
#include "watchdog.h"

#include <stdbool.h>
#include <stdint.h>

/* What a worker does beside a long answer. */
struct beside {
    int fd; /* can be read when there is something to do */
    /* Around all calls of run: the connection on fd has a long answer, or has it no more. False where the worker cannot
     * take the connection back. */
    void (*begin)(struct beside *beside, int fd);
    bool (*end)(struct beside *beside);
    /* Does what is to be done, without waiting for more. */
    void (*run)(struct beside *beside);
    const int64_t *cut_ns; /* when the answer is cut because the worker stops; CLOCK_FOREVER before */
};

struct stream {
    struct response_stream response; /* what the handler sees */
    int fd;
    int request_id;
    int64_t write_ms; /* for one write */
    int64_t until_ns; /* for the whole */
    struct watchdog *watchdog;
    struct beside *beside; /* without it there is no stream */
    bool began_beside;
    struct strbuf *head; /* empty, lent */
    uint64_t sent;       /* bytes of the body */
};

/* For the request with that id on the socket fd, which the watchdog watches. */
void stream_init(struct stream *stream, const struct config *config, int fd, int request_id, int64_t started_ns);

/* The handler is done: the worker's other work is no more the stream's to do. False where the connection is to be closed. */
bool stream_end(struct stream *stream);

#endif

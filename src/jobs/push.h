/* A connection to the front server's module that holds streams, over a unix socket: a small client of HTTP/1.1.
 *
 * A connection is served by one process of the front server, from its beginning to its end, and ends with it. What was
 * seen on it is therefore true of whatever is sent on it, and that is why it is never opened anew behind its caller's
 * back, as an HTTP library would: the next process would know nothing of what the last one held. */
#ifndef JOBS_PUSH_H
#define JOBS_PUSH_H

#include "base/status.h"
#include "base/strbuf.h"

#include <stddef.h>
#include <stdint.h>

/* The most requests that are sent in one go. */
#define PUSH_REQUESTS_MAX 256

struct push {
    int fd; /* -1: there is no connection */
    struct strbuf out;
    size_t requests; /* in out */
};

/* What is said about each. */
struct push_answer {
    int status;
};

/* Takes no connection yet. */
void push_init(struct push *push);

/* Closes the connection and forgets what was to be sent. */
void push_close(struct push *push);

/* STATUS_UNAVAILABLE, errno telling why, where nobody listens at the path. */
MUST_CHECK enum status push_open(struct push *push, const char *path, int64_t deadline_ns);

/* Adds a question whether a channel is there, or a message for channels (with commas between them). */
void push_ask(struct push *push, const char *path);
void push_post(struct push *push, const char *path, struct text message);

/* Sends what was added, and reads an answer to each, in order. On STATUS_UNAVAILABLE and STATUS_DEADLINE the connection
 * is closed, and any of it may have been taken. */
MUST_CHECK enum status push_exchange(struct push *push, int64_t deadline_ns, struct push_answer *answers);

#endif

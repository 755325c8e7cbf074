/* The FastCGI worker: many connections, one request at a time, and beside it one long answer. Owns libfcgi.
 *
 * The plain FCGX_Accept_r loop is not used: an idle kept connection would pin its worker. Instead epoll waits on the
 * listening socket and on every connection, and libfcgi gets a connection once it can be read. Connections that can be
 * read while the worker waits for Postgres go over to other workers that listen on the same socket, where it is one of the
 * unix domain and has a path that can be connected to. */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "base/status.h"
#include "handler/app.h"

#include <stdbool.h>

struct worker_options {
    int listen_fd; /* a listening stream socket; made non-blocking */
    int ready_fd;  /* one byte is written to it, and it is closed, once the worker takes requests; -1: none */
};

/* True where descriptor fd is a listening stream socket. */
bool worker_socket_usable(int fd);

/* Serves until TERM or INT, then stops gracefully: no new connections, requests under way finish, kept connections are
 * answered once more and closed, all within config->stop_grace_ms. HUP and USR1 reopen the log. Signals are taken
 * between requests only. STATUS_OK after such a stop; STATUS_INTERNAL, logged, where it cannot begin. */
MUST_CHECK enum status worker_run(struct app *app, const struct worker_options *options);

#endif

/* One connection from the front server: a request on it is read, answered and ended. With connection.c it is all that
 * touches libfcgi, but for its start in worker.c.
 *
 * libfcgi only parses: the descriptor is ours to close. So a close never waits (libfcgi's own lingers for seconds, in
 * the middle of everything), and a connection is kept only where that is known to be safe. */
#ifndef SERVER_CONNECTION_H
#define SERVER_CONNECTION_H

#include "base/arena.h"
#include "base/strbuf.h"
#include "handler/exchange.h"
#include "stream.h"
#include "upload.h"
#include "watchdog.h"

#include <fcgiapp.h>
#include <stdbool.h>
#include <stdint.h>

enum connection_state {
    CONNECTION_CLOSED,    /* no descriptor */
    CONNECTION_NEW,       /* nothing was asked on it yet */
    CONNECTION_BUSY,      /* a request on it is being served */
    CONNECTION_KEPT,      /* between two requests */
    CONNECTION_OFFER,     /* none of the front server's: another worker offers one over it (handover.h) */
    CONNECTION_LINGERING, /* answered and shut down; what the peer still sends is read and dropped */
};

struct connection {
    FCGX_Request request; /* libfcgi's */
    int fd;
    enum connection_state state;
    int64_t since_ns;        /* when it got into this state */
    struct connection *next; /* for the table's list of unused ones */
};

/* What serving a request takes, reused from one to the next. */
struct serving {
    struct app *app;
    struct watchdog *watchdog;
    struct arena *arena;
    struct exchange exchange;
    struct stream stream; /* of a long answer */
    struct upload upload; /* of a large body */
    struct gatherer *gatherer;
    struct waiter *waiter; /* NULL: waits for Postgres are just waited for */
    struct strbuf body;    /* of the request */
    struct strbuf head;    /* of the answer */
};

/* The watchdog and, in stream, what there is to do beside a long answer are set by the caller, before the first request;
 * they stay the caller's. A serving that has nothing beside, as one that is itself beside a long answer, sends none. */
void serving_init(struct serving *serving, struct app *app);
void serving_free(struct serving *serving);

/* Takes over an accepted socket. False, with errno set, where its timeouts cannot be set: it is to be closed. */
bool connection_open(struct connection *connection, int fd, int64_t io_timeout_ms, int64_t now_ns);

/* The socket can be read: serves one request, and after it keeps, shuts down or closes the connection; or, where it
 * lingers, drops what came. last: the connection is not kept. Every wait in it is bounded by the socket's timeouts, the
 * request's deadline and the watchdog. */
void connection_serve(struct connection *connection, struct serving *serving, bool last);

/* True where what can be read on a kept connection begins with a request to create a product, which is whole and small. It
 * is not read. */
bool connection_asks_to_create(const struct connection *connection);

void connection_close(struct connection *connection);

#endif

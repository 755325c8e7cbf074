/* The state of a worker, and what its files share of its loop. */
#ifndef SERVER_WORKER_INTERNAL_H
#define SERVER_WORKER_INTERNAL_H

#include "connection_table.h"
#include "handover.h"
#include "server/worker.h"
#include "watchdog.h"

#include "base/gatherer.h"
#include "base/waiter.h"

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/* What one look takes. */
#define READY_MAX 16

struct worker {
    const struct config *config;
    int listen_fd;
    int epoll_fd;
    int signal_fd;
    struct epoll_event ready[READY_MAX]; /* at the last look */
    size_t ready_count;
    size_t ready_at; /* the next that is not yet seen to */
    bool overtaken;  /* what else is noted may be so no more: the round ends with the request under way */
    struct connection_table table;
    size_t kept; /* of its connections are between two requests */
    struct serving serving;
    struct beside beside;               /* what serving does beside a long answer */
    struct serving others;              /* with which it does that */
    struct connection *serving_now;     /* the one that serving was last used for */
    struct connection *long_connection; /* the one that has the long answer, or NULL */
    struct gatherer gatherer;           /* of requests that are done together */
    struct serving *joining;            /* with which those are served that join, one behind the other */
    size_t joined;                      /* how many are under way */
    struct connection *served;          /* the one whose request is being served */
    struct waiter waiter;               /* of requests that wait for Postgres */
    struct handover handover;           /* of others that wait for this worker meanwhile */
    struct pollfd *polled;              /* in such a wait; NULL where nothing can be handed over */
    bool listening;                     /* the listening socket is in the epoll set */
    int64_t accept_again_ns;            /* not before */
    bool failed;
    bool stopping;
    int64_t stop_by_ns; /* when stopping; CLOCK_FOREVER before */
    int64_t used_ns;    /* when a connection was last ready */
    int64_t lines_ns;   /* when the lines of requests last left of themselves */
};

/* Into the epoll set. What an event stands for is told by the address in it: that of a connection, or of the field that has
 * the descriptor. */
bool worker_watch(const struct worker *worker, int fd, uint32_t events, void *what);

/* The listening socket is in the set whenever a connection could be taken. False where it cannot be. */
bool worker_adjust_listening(struct worker *worker);

/* Waits, and notes what is ready. Returns how much, or < 0 where epoll itself fails. */
int worker_look(struct worker *worker, int timeout_ms);

/* Waits, and deals with what is ready. False where epoll itself fails. */
bool worker_round(struct worker *worker, int timeout_ms);

/* Serves a request on a connection that is ready. */
void worker_serve(struct worker *worker, struct connection *connection, struct serving *serving);

/* Takes over a socket, of which the table's connection is closed if that fails. */
void worker_open(struct worker *worker, struct connection *connection, int fd);

/* --- requests within a request (worker_inner.c) --- */

/* After serving_init of the worker's own. */
void worker_inner_init(struct worker *worker);
void worker_inner_free(struct worker *worker);

/* --- connections that go over to another worker (worker_handover.c) --- */

/* After the worker's table and serving have been initialised. */
void worker_handover_init(struct worker *worker);
void worker_handover_free(struct worker *worker);

/* What was accepted is another worker's offer of a connection: asks for it. The table's connection stands for the offer
 * until that is over, or is closed. */
void worker_ask_for_offer(struct worker *worker, struct connection *connection, int fd);

/* An offer is over: its place in the table is the connection's that came, or is given back. */
void worker_take_offered(struct worker *worker, struct connection *connection);

#endif

/* While a worker waits for Postgres: what can be read on its other connections is offered to the other workers, and what
 * another offers is taken. */
#include "worker_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

/* How long a wait may take before others are looked after. To hand a connection over is dearer than a short wait, and with a
 * slow disk every commit would be a long one: where all workers write, none has the time to take what is offered. */
#define PATIENCE_MS 25

/* Places in what is polled; the connections of the table come behind them, each at its own. */
enum { AWAITED, OFFER, CONNECTIONS };

/* --- giving --- */

/* The descriptor lives on with the other, and with it would its place in the epoll set. */
static void give_away(struct worker *worker, struct connection *connection)
{
    (void)epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL);
    worker->kept -= connection->state == CONNECTION_KEPT ? 1 : 0;
    connection_close(connection);
    connection_table_give_back(&worker->table, connection);
    worker->overtaken = true;
}

/* What a connection is looked at for: one without a request under way can be given, and an offer is over when its other
 * end is closed. */
static struct pollfd look_at(const struct connection *connection)
{
    switch (connection->state) {
    case CONNECTION_NEW:
    case CONNECTION_KEPT:
        return (struct pollfd){.fd = connection->fd, .events = POLLIN};
    case CONNECTION_OFFER:
        return (struct pollfd){.fd = connection->fd, .events = POLLRDHUP};
    case CONNECTION_CLOSED:
    case CONNECTION_BUSY:
    case CONNECTION_LINGERING:
    default:
        return (struct pollfd){.fd = -1};
    }
}

/* Looks at the connections, beside what else is polled. Returns how many places there are. */
static nfds_t look_at_connections(struct worker *worker)
{
    nfds_t count = CONNECTIONS;

    for (size_t i = 0; i < worker->table.capacity; i++) {
        worker->polled[CONNECTIONS + i] = look_at(&worker->table.connections[i]);
        count = worker->polled[CONNECTIONS + i].fd >= 0 ? CONNECTIONS + i + 1 : count;
    }
    return count;
}

/* Of what was polled: takes what was offered, and returns a connection that can be read; NULL: there is none. */
static struct connection *find_ready(struct worker *worker, nfds_t count)
{
    struct connection *ready = NULL;

    for (nfds_t i = CONNECTIONS; i < count; i++) {
        struct connection *connection = &worker->table.connections[i - CONNECTIONS];
        if (worker->polled[i].fd < 0 || worker->polled[i].revents == 0) {
            continue;
        }
        if (connection->state == CONNECTION_OFFER) {
            worker_take_offered(worker, connection);
        } else if (ready == NULL) {
            ready = connection;
        }
    }
    return ready;
}

/* An offer stays when the wait is over: the queue of the listening socket then has one of each worker at most. */
static void offer(struct worker *worker)
{
    struct handover *handover = &worker->handover;

    if (handover_offer(handover) && !worker_watch(worker, handover->offer_fd, EPOLLIN, handover)) {
        handover_withdraw(handover);
        handover->again_ns = clock_deadline_in_ms(HANDOVER_PAUSE_MS);
    }
}

static void give(struct worker *worker)
{
    struct handover *handover = &worker->handover;
    struct connection *ready = NULL;

    if (handover_is_asked(handover)) {
        const nfds_t count = look_at_connections(worker);
        if (poll(worker->polled + CONNECTIONS, count - CONNECTIONS, 0) > 0) {
            ready = find_ready(worker, count);
        }
    }
    if (ready != NULL && handover_give(handover, ready->fd)) {
        give_away(worker, ready);
    }
    handover_withdraw(handover);
}

/* --- taking --- */

void worker_ask_for_offer(struct worker *worker, struct connection *connection, int fd)
{
    connection->fd = fd;
    connection->state = CONNECTION_OFFER;
    connection->since_ns = clock_monotonic_ns();
    /* Nothing but its end counts: the descriptor is nobody else's then. */
    if (!handover_ask(fd) || !worker_watch(worker, fd, EPOLLRDHUP, connection)) {
        connection_close(connection);
    }
}

void worker_take_offered(struct worker *worker, struct connection *connection)
{
    const int fd = handover_take(connection->fd);

    connection_close(connection);
    if (fd >= 0) {
        worker_open(worker, connection, fd);
    }
    worker->overtaken = true;
    if (connection->state == CONNECTION_CLOSED) {
        connection_table_give_back(&worker->table, connection);
    }
}

/* --- waiting --- */

static enum waited wait_alone(int fd, short events, int64_t until_ns)
{
    return waiter_poll(fd, events, until_ns) > 0 ? WAITED_READY : WAITED_LATE;
}

static int64_t sooner(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* Nothing that is polled stays ready without being dealt with: while an offer stands, or a pause lasts, connections are not
 * looked at. */
static enum waited wait_in_looks(struct worker *worker, int fd, short events, int64_t deadline_ns)
{
    struct handover *handover = &worker->handover;

    for (;;) {
        const int64_t now_ns = clock_monotonic_ns();
        const bool late = now_ns >= deadline_ns, pausing = now_ns < handover->again_ns;
        const nfds_t count = handover->offer_fd >= 0 || pausing ? CONNECTIONS : look_at_connections(worker);
        int ready;

        worker->polled[AWAITED] = (struct pollfd){.fd = fd, .events = events};
        worker->polled[OFFER] = (struct pollfd){.fd = handover->offer_fd, .events = POLLIN};
        ready = poll(worker->polled, count,
                     late ? 0 : clock_poll_timeout(pausing ? sooner(handover->again_ns, deadline_ns) : deadline_ns));
        if (ready < 0 && errno != EINTR) {
            return wait_alone(fd, events, deadline_ns);
        }
        if (ready > 0 && worker->polled[AWAITED].revents != 0) {
            return WAITED_READY;
        }
        if (late) {
            return WAITED_LATE;
        }
        if (ready > 0 && worker->polled[OFFER].revents != 0) {
            give(worker);
        } else if (ready > 0 && find_ready(worker, count) != NULL) {
            offer(worker);
        }
    }
}

/* True where it took no longer than others can wait for. Lines of the log that wait have done so for long enough then. */
static bool was_short(int fd, short events, int64_t deadline_ns)
{
    if (wait_alone(fd, events, sooner(clock_deadline_in_ms(PATIENCE_MS), deadline_ns)) == WAITED_READY) {
        return true;
    }
    log_flush();
    return false;
}

static enum waited wait_handing_over(struct waiter *waiter, int fd, short events, int64_t deadline_ns)
{
    struct worker *worker = (struct worker *)((char *)waiter - offsetof(struct worker, waiter));

    return was_short(fd, events, deadline_ns) ? WAITED_READY : wait_in_looks(worker, fd, events, deadline_ns);
}

/* Where nothing can be handed over. */
static enum waited wait_for_itself(struct waiter *waiter, int fd, short events, int64_t deadline_ns)
{
    (void)waiter;
    return was_short(fd, events, deadline_ns) ? WAITED_READY : wait_alone(fd, events, deadline_ns);
}

/* --- the whole --- */

void worker_handover_init(struct worker *worker)
{
    handover_init(&worker->handover, worker->listen_fd);
    worker->waiter.wait = wait_for_itself;
    if (worker->handover.pool_length > 0) {
        worker->polled = memory_new(CONNECTIONS + worker->table.capacity, sizeof *worker->polled);
        worker->waiter.wait = wait_handing_over;
    }
    worker->serving.waiter = &worker->waiter;
}

void worker_handover_free(struct worker *worker)
{
    handover_withdraw(&worker->handover);
    free(worker->polled);
}

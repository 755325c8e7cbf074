/* What a worker does within a request: its other work beside a long answer, and the requests that are done together with
 * one. */
#include "worker_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <stdlib.h>
#include <sys/epoll.h>

/* --- beside a long answer --- */

static struct worker *worker_of(struct beside *beside)
{
    return (struct worker *)((char *)beside - offsetof(struct worker, beside));
}

/* Its connection leaves the epoll set: what becomes of it is for the stream to see. */
static void begin_beside(struct beside *beside, int fd)
{
    struct worker *worker = worker_of(beside);

    (void)epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    worker->long_connection = worker->serving_now;
    serving_init(&worker->others, worker->serving.app);
    worker->others.watchdog = worker->serving.watchdog;
    worker->others.waiter = worker->serving.waiter;
    log_flush();
}

static bool end_beside(struct beside *beside)
{
    struct worker *worker = worker_of(beside);
    struct connection *connection = worker->long_connection;

    serving_free(&worker->others);
    worker->long_connection = NULL;
    return worker_watch(worker, connection->fd, EPOLLIN, connection);
}

/* Where it fails it will do so again in the worker's own rounds, and be dealt with there. */
static void run_beside(struct beside *beside)
{
    struct worker *worker = worker_of(beside);

    if (worker_adjust_listening(worker)) {
        (void)worker_round(worker, 0);
    }
    log_flush(); /* it may be long before the next */
}

/* --- requests that are done together --- */

static struct worker *worker_of_gatherer(struct gatherer *gatherer)
{
    return (struct worker *)((char *)gatherer - offsetof(struct worker, gatherer));
}

static bool is_connection(const struct worker *worker, const void *what)
{
    return what != &worker->signal_fd && what != &worker->listen_fd && what != &worker->handover;
}

/* A kept connection whose request may join the one that is being served; NULL: the next that is ready has none, or is none.
 * Where no more is noted it looks again. What it finds then may also be the connection of a request under way, whose peer has
 * gone: that one does not join, and must not have its turn when it is closed already. */
static struct connection *next_to_join(struct worker *worker, enum gathered kind)
{
    struct connection *connection;

    if (worker->stopping || worker->joined >= GATHERED_MAX - 1) {
        return NULL;
    }
    if (worker->ready_at == worker->ready_count) {
        worker->overtaken = true;
        if (worker_look(worker, 0) <= 0) {
            return NULL;
        }
    }
    connection = worker->ready[worker->ready_at].data.ptr;
    if (!is_connection(worker, connection) || connection->state != CONNECTION_KEPT ||
        !connection_asks(connection, kind)) {
        return NULL;
    }
    worker->ready_at++;
    return connection;
}

static struct serving *serving_of_joined(struct worker *worker)
{
    struct serving *serving;

    if (worker->joining == NULL) {
        worker->joining = memory_new(GATHERED_MAX - 1, sizeof *worker->joining);
    }
    serving = &worker->joining[worker->joined];
    if (serving->app == NULL) {
        serving_init(serving, worker->serving.app);
        serving->watchdog = worker->serving.watchdog;
        serving->waiter = worker->serving.waiter;
        serving->gatherer = &worker->gatherer;
    }
    return serving;
}

/* The watchdog is for one at a time: for the last that joined, and then for the one before it. */
static bool gather(struct gatherer *gatherer, enum gathered kind)
{
    struct worker *worker = worker_of_gatherer(gatherer);
    struct connection *joined = next_to_join(worker, kind);
    struct connection *served = worker->served;
    struct serving *serving;

    if (joined == NULL) {
        return false;
    }
    serving = serving_of_joined(worker);
    (void)watchdog_release(serving->watchdog);
    worker->joined++;
    worker_serve(worker, joined, serving);
    worker->joined--;
    worker->served = served;
    watchdog_watch(serving->watchdog, served->fd, clock_monotonic_ns());
    return true;
}

/* --- both --- */

void worker_inner_init(struct worker *worker)
{
    worker->beside = (struct beside){
        .fd = -1,
        .begin = begin_beside,
        .end = end_beside,
        .run = run_beside,
        .cut_ns = &worker->stop_by_ns,
    };
    worker->serving.stream.beside = &worker->beside;
    worker->gatherer.gather = gather;
    worker->serving.gatherer = &worker->gatherer;
}

void worker_inner_free(struct worker *worker)
{
    for (size_t i = 0; worker->joining != NULL && i < GATHERED_MAX - 1; i++) {
        if (worker->joining[i].app != NULL) {
            serving_free(&worker->joining[i]);
        }
    }
    free(worker->joining);
}

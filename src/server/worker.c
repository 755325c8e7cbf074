/* The worker: set-up, the loop over all that can happen, and the graceful stop. */
#include "worker_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/signals.h"
#include "handler/exchange.h"
#include "limits.h"
#include "scheduling.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Out of descriptors or memory: how long no connection is accepted. */
#define ACCEPT_PAUSE_MS 100

/* How long a signal may wait for requests that were ready at the same time. */
#define ROUND_WAIT_NS (5 * CLOCK_NS_PER_MS)

/* How long the line of a request may wait for those of others. */
#define LINES_WAIT_MS 10

/* A stop is over once no connection was used for so long. */
#define QUIET_MS 300

/* Descriptors besides the connections: log, database, cache, epoll and the like. */
#define DESCRIPTORS_SPARE 64

bool worker_socket_usable(int fd)
{
    int type = 0, listening = 0;
    socklen_t type_size = sizeof type, listening_size = sizeof listening;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &listening_size) == 0 && listening == 1;
}

static bool set_nonblocking(int fd)
{
    const int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

bool worker_watch(const struct worker *worker, int fd, uint32_t events, void *what)
{
    struct epoll_event event = {.events = events, .data.ptr = what};

    return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static void listen_pause(struct worker *worker)
{
    if (worker->listening) {
        (void)epoll_ctl(worker->epoll_fd, EPOLL_CTL_DEL, worker->listen_fd, NULL);
        worker->listening = false;
    }
}

/* EPOLLEXCLUSIVE: a new connection wakes one of the waiting workers, not all. */
static bool listen_resume(struct worker *worker)
{
    if (!worker->listening) {
        worker->listening = worker_watch(worker, worker->listen_fd, EPOLLIN | EPOLLEXCLUSIVE, &worker->listen_fd);
    }
    return worker->listening;
}

static void stop(struct worker *worker)
{
    const int64_t now_ns = clock_monotonic_ns();

    if (!worker->stopping) {
        worker->stopping = true;
        worker->stop_by_ns = now_ns + worker->config->stop_grace_ms * CLOCK_NS_PER_MS;
        worker->used_ns = now_ns;
        listen_pause(worker);
    }
}

static void take_signals(struct worker *worker)
{
    const struct signals_seen seen = signals_take(worker->signal_fd);

    if (seen.hangup || seen.reopen) {
        log_reopen();
    }
    if (seen.stop) {
        stop(worker);
    }
}

static void accept_failed(struct worker *worker, int error)
{
    switch (error) {
    case EAGAIN:
    case EINTR:
    case ECONNABORTED:
        break; /* another worker was quicker, or the peer is gone already */
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        log_warning("cannot accept a connection: %s; trying again in %d ms", strerror(error), ACCEPT_PAUSE_MS);
        listen_pause(worker);
        worker->accept_again_ns = clock_deadline_in_ms(ACCEPT_PAUSE_MS);
        break;
    default:
        log_error("the listening socket cannot be used any more: %s", strerror(error));
        worker->failed = true;
        stop(worker);
        break;
    }
}

static void give_back_if_closed(struct worker *worker, struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED) {
        connection_table_give_back(&worker->table, connection);
    }
}

void worker_open(struct worker *worker, struct connection *connection, int fd)
{
    if (!connection_open(connection, fd, worker->config->io_timeout_ms, clock_monotonic_ns()) ||
        !worker_watch(worker, fd, EPOLLIN, connection)) {
        log_warning("cannot set up a connection: %s", strerror(errno));
        connection_close(connection);
    }
}

/* A connection that is kept stays with its worker, so who accepts most will work most. */
static void let_others_accept(const struct worker *worker)
{
    if (worker->kept > 0) {
        (void)sched_yield();
    }
}

/* Accepts one connection. Two things make workers take turns where connections are kept. The kernel wakes the worker that
 * is first in the listening socket's queue: who has accepted leaves it, and joins again at its end. And a worker that
 * runs already would be quicker than any that was woken: it lets those run first. */
static void accept_connection(struct worker *worker)
{
    struct connection *connection = connection_table_take(&worker->table);
    struct sockaddr_un peer = {.sun_family = AF_UNSPEC};
    socklen_t length = sizeof peer;
    int fd;

    if (connection == NULL) {
        return;
    }
    let_others_accept(worker);
    fd = accept4(worker->listen_fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);
    if (fd < 0) {
        accept_failed(worker, errno);
    } else {
        listen_pause(worker);
        if (handover_is_offer(&peer, length)) {
            worker_ask_for_offer(worker, connection, fd);
        } else {
            worker_open(worker, connection, fd);
        }
        let_others_accept(worker);
    }
    give_back_if_closed(worker, connection);
}

void worker_serve(struct worker *worker, struct connection *connection, struct serving *serving)
{
    worker->kept -= connection->state == CONNECTION_KEPT ? 1 : 0;
    worker->served = connection;
    connection_serve(connection, serving, worker->stopping);
    worker->kept += connection->state == CONNECTION_KEPT ? 1 : 0;
    give_back_if_closed(worker, connection);
    worker->used_ns = clock_monotonic_ns();
}

static void serve_connection(struct worker *worker, struct connection *connection)
{
    struct serving *serving = worker->long_connection != NULL ? &worker->others : &worker->serving;

    if (connection->state == CONNECTION_OFFER) {
        worker_take_offered(worker, connection);
        return;
    }
    worker->serving_now = serving == &worker->serving ? connection : worker->serving_now;
    worker_serve(worker, connection, serving);
}

bool worker_adjust_listening(struct worker *worker)
{
    if (worker->stopping || worker->table.unused == NULL || clock_monotonic_ns() < worker->accept_again_ns) {
        return true;
    }
    return listen_resume(worker);
}

/* How long to wait for events: bounded where time alone makes something due. */
static int wait_ms(const struct worker *worker)
{
    if (worker->stopping) {
        const int64_t quiet_ns = worker->used_ns + QUIET_MS * CLOCK_NS_PER_MS;
        return clock_poll_timeout(quiet_ns < worker->stop_by_ns ? quiet_ns : worker->stop_by_ns);
    }
    if (!worker->listening && worker->table.unused != NULL) {
        return ACCEPT_PAUSE_MS;
    }
    return worker->table.open > 0 ? CONNECTION_SWEEP_MS : -1;
}

/* While lines wait, so does the worker no longer than they may. */
static int wait_with_lines(int timeout_ms)
{
    return log_holds_lines() && (timeout_ms < 0 || timeout_ms > LINES_WAIT_MS) ? LINES_WAIT_MS : timeout_ms;
}

/* Writes the lines that have waited for long enough, or that nothing more has joined. */
static void flush_lines(struct worker *worker, bool idle, int64_t now_ns)
{
    if (idle || now_ns - worker->lines_ns >= LINES_WAIT_MS * CLOCK_NS_PER_MS) {
        log_flush();
        worker->lines_ns = now_ns;
    }
}

int worker_look(struct worker *worker, int timeout_ms)
{
    const int count = epoll_wait(worker->epoll_fd, worker->ready, READY_MAX, timeout_ms);

    worker->ready_at = 0;
    worker->ready_count = count > 0 ? (size_t)count : 0;
    return count;
}

static bool has_more(const struct worker *worker)
{
    return !worker->overtaken && worker->ready_at < worker->ready_count;
}

bool worker_round(struct worker *worker, int timeout_ms)
{
    const int count = worker_look(worker, wait_with_lines(timeout_ms));
    int64_t looked_ns;

    worker->overtaken = false;
    if (count < 0 && errno != EINTR) {
        return false;
    }
    looked_ns = clock_monotonic_ns();
    flush_lines(worker, count <= 0, looked_ns);
    exchange_hold(worker->serving.app);
    while (has_more(worker)) {
        void *what = worker->ready[worker->ready_at++].data.ptr;
        if (what == &worker->signal_fd) {
            take_signals(worker);
        } else if (what == &worker->listen_fd) {
            /* A signal earlier in this round may have ended the listening. */
            if (worker->listening) {
                accept_connection(worker);
            }
        } else if (what == &worker->handover) {
            handover_withdraw(&worker->handover); /* what was offered is served here by now */
        } else {
            serve_connection(worker, what);
            /* Slow requests must not keep a signal waiting for the end of the round; the next round sees it anyway. */
            if (has_more(worker) && worker->used_ns - looked_ns >= ROUND_WAIT_NS) {
                exchange_release(worker->serving.app);
                exchange_hold(worker->serving.app);
                take_signals(worker);
                looked_ns = worker->used_ns;
                flush_lines(worker, false, looked_ns);
            }
        }
    }
    exchange_release(worker->serving.app);
    /* Fewer than asked for: all that were ready have been served, and who is still silent is so by its own doing. */
    if (count < READY_MAX && worker->ready_at == worker->ready_count) {
        connection_table_sweep(&worker->table, clock_monotonic_ns(), worker->config->io_timeout_ms);
    }
    return true;
}

static bool stop_is_over(const struct worker *worker)
{
    const int64_t now_ns = clock_monotonic_ns();

    return worker->stopping && (worker->table.open == 0 || now_ns >= worker->stop_by_ns ||
                                now_ns - worker->used_ns >= QUIET_MS * CLOCK_NS_PER_MS);
}

static void run(struct worker *worker)
{
    while (!stop_is_over(worker)) {
        if (!worker_adjust_listening(worker) || !worker_round(worker, wait_ms(worker))) {
            log_error("cannot wait for connections: %s", strerror(errno));
            worker->failed = true;
            return;
        }
    }
}

static void tell_ready(int ready_fd)
{
    if (ready_fd >= 0) {
        /* It waits only where this worker replaces another, and has closed its end otherwise. */
        if (write(ready_fd, "\n", 1) != 1 && errno != EPIPE) {
            log_warning("cannot tell the supervisor that this worker is ready: %s", strerror(errno));
        }
        (void)close(ready_fd);
    }
}

/* Signals are taken over after FCGX_Init, which installs handlers of its own. */
static bool set_up(struct worker *worker)
{
    if (FCGX_Init() != 0 || !limits_apply(worker->config->memory_max_mib, worker->table.capacity + DESCRIPTORS_SPARE)) {
        return false;
    }
    if (worker->config->scheduling == SCHEDULING_BATCH && !scheduling_batch()) {
        log_warning("cannot be scheduled as SCHED_BATCH, and is as before: %s", strerror(errno));
    }
    worker->signal_fd = signals_open(false);
    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    worker->beside.fd = worker->epoll_fd;
    worker->serving.watchdog = watchdog_start(worker->config->deadline_ms + worker->config->io_timeout_ms);
    return worker->signal_fd >= 0 && worker->epoll_fd >= 0 && worker->serving.watchdog != NULL &&
           set_nonblocking(worker->listen_fd) && worker_watch(worker, worker->signal_fd, EPOLLIN, &worker->signal_fd) &&
           listen_resume(worker);
}

static void tear_down(struct worker *worker)
{
    connection_table_free(&worker->table);
    watchdog_stop(worker->serving.watchdog);
    serving_free(&worker->serving);
    worker_inner_free(worker);
    worker_handover_free(worker);
    if (worker->epoll_fd >= 0) {
        (void)close(worker->epoll_fd);
    }
    if (worker->signal_fd >= 0) {
        (void)close(worker->signal_fd);
    }
}

enum status worker_run(struct app *app, const struct worker_options *options)
{
    struct worker worker = {
        .config = app->config,
        .listen_fd = options->listen_fd,
        .epoll_fd = -1,
        .signal_fd = -1,
        .stop_by_ns = CLOCK_FOREVER,
    };

    connection_table_init(&worker.table, (size_t)app->config->connections_max);
    serving_init(&worker.serving, app);
    worker_inner_init(&worker);
    worker_handover_init(&worker);
    if (set_up(&worker)) {
        tell_ready(options->ready_fd);
        log_info("worker ready");
        log_hold();
        run(&worker);
        log_release();
        log_info("worker stopped");
    } else {
        log_error("the worker cannot start: %s", strerror(errno));
        worker.failed = true;
    }
    tear_down(&worker);
    return worker.failed ? STATUS_INTERNAL : STATUS_OK;
}

/* The supervisor's policy: which worker is started, replaced, told to stop or killed, and when. How one is started is in
 * spawn.c, the rule for restarts in restart.c. It allocates nothing after its start. */
#include "server/supervisor.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/signals.h"
#include "restart.h"
#include "spawn.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How long a replacement may take until it is ready: its connections are made later, so it has little to do. */
#define READY_MS 5000

/* On top of the workers' own grace, before KILL. */
#define KILL_MARGIN_MS 1000

/* No process can be had for a successor: how long until the next try. */
#define REPLACE_AGAIN_MS 1000

/* A worker's process. */
struct process {
    pid_t pid; /* 0: none */
    int64_t started_ns;
    unsigned generation; /* of the pool when it was started */
};

/* One of the N places of the pool. */
struct slot {
    struct process worker;
    struct restart restart;
    int64_t start_at_ns; /* where there is no worker: when the next one is due */
};

/* A HUP moves the pool to the next generation, and one slot at a time is brought there: its successor is started and, once
 * ready, takes over; the predecessor retires. */
struct replacement {
    int64_t begin_at_ns; /* not before */
    struct slot *slot;   /* whose worker is being replaced; NULL: no successor is starting */
    struct process successor;
    int ready_fd;
    int64_t ready_by_ns;
    struct process retiring; /* told to stop; pid 0: none */
    int64_t kill_at_ns;
};

struct supervisor {
    const struct supervisor_options *options;
    int signal_fd;
    struct slot *slots;
    unsigned generation;
    struct replacement replacement;
    bool stopping;
    bool killed;
    int64_t kill_at_ns; /* when stopping */
};

static int64_t grace_ms(const struct supervisor *supervisor)
{
    return supervisor->options->config->stop_grace_ms + KILL_MARGIN_MS;
}

static bool start_process(struct supervisor *supervisor, struct process *process, int *ready_fd)
{
    struct spawned spawned;

    if (spawn_worker(supervisor->options->program, &spawned) != STATUS_OK) {
        log_error("cannot start a worker: %s", strerror(errno));
        return false;
    }
    *process = (struct process){
        .pid = spawned.pid,
        .started_ns = clock_monotonic_ns(),
        .generation = supervisor->generation,
    };
    *ready_fd = spawned.ready_fd;
    return true;
}

/* Starts the worker of an empty slot. Nobody waits for it to be ready. */
static void fill_slot(struct supervisor *supervisor, struct slot *slot)
{
    int ready_fd = -1;

    if (start_process(supervisor, &slot->worker, &ready_fd)) {
        (void)close(ready_fd);
    } else {
        slot->start_at_ns = clock_deadline_in_ms(restart_pause_ms(&slot->restart, 0));
    }
}

static struct slot *outdated_slot(const struct supervisor *supervisor)
{
    for (unsigned i = 0; i < supervisor->options->workers; i++) {
        const struct process *worker = &supervisor->slots[i].worker;
        if (worker->pid != 0 && worker->generation != supervisor->generation) {
            return &supervisor->slots[i];
        }
    }
    return NULL;
}

static void begin_replacement(struct supervisor *supervisor, struct slot *slot)
{
    struct replacement *replacement = &supervisor->replacement;

    if (start_process(supervisor, &replacement->successor, &replacement->ready_fd)) {
        replacement->slot = slot;
        replacement->ready_by_ns = clock_deadline_in_ms(READY_MS);
    } else {
        replacement->begin_at_ns = clock_deadline_in_ms(REPLACE_AGAIN_MS);
    }
}

/* The successor, ready or needed at once, becomes the slot's worker. */
static void end_replacement(struct replacement *replacement)
{
    replacement->slot->worker = replacement->successor;
    replacement->slot = NULL;
    (void)close(replacement->ready_fd);
}

static void hand_over(struct supervisor *supervisor)
{
    struct replacement *replacement = &supervisor->replacement;

    replacement->retiring = replacement->slot->worker;
    replacement->kill_at_ns = clock_deadline_in_ms(grace_ms(supervisor));
    log_info("worker %d replaces worker %d", (int)replacement->successor.pid, (int)replacement->retiring.pid);
    (void)kill(replacement->retiring.pid, SIGTERM);
    end_replacement(replacement);
}

/* What does not start once will not start N times: the workers that run are kept, until the next HUP. */
static void give_up_replacement(struct supervisor *supervisor, const char *why)
{
    struct replacement *replacement = &supervisor->replacement;

    log_error("the new worker %d %s: the running ones are kept", (int)replacement->successor.pid, why);
    replacement->slot = NULL;
    (void)close(replacement->ready_fd);
    for (unsigned i = 0; i < supervisor->options->workers; i++) {
        supervisor->slots[i].worker.generation = supervisor->generation;
    }
}

/* The pipe can be read: the worker says that it is ready, or has ended without a word (its death is reaped later). */
static void successor_spoke(struct supervisor *supervisor)
{
    char byte;

    if (read(supervisor->replacement.ready_fd, &byte, 1) == 1) {
        hand_over(supervisor);
    } else {
        (void)kill(supervisor->replacement.successor.pid, SIGKILL);
        give_up_replacement(supervisor, "ended before it was ready");
    }
}

static void slot_died(struct supervisor *supervisor, struct slot *slot)
{
    struct replacement *replacement = &supervisor->replacement;
    const int64_t lived_ms = (clock_monotonic_ns() - slot->worker.started_ns) / CLOCK_NS_PER_MS;

    slot->worker = (struct process){0};
    if (replacement->slot == slot) {
        end_replacement(replacement);
        return;
    }
    const int64_t pause_ms = restart_pause_ms(&slot->restart, lived_ms);
    slot->start_at_ns = clock_deadline_in_ms(pause_ms);
    if (pause_ms > 0 && !supervisor->stopping) {
        log_warning("it lived for %lld ms; the next one is started in %lld ms", (long long)lived_ms,
                    (long long)pause_ms);
    }
}

static void died(struct supervisor *supervisor, pid_t pid, int how)
{
    struct replacement *replacement = &supervisor->replacement;

    spawn_log_end(pid, how, supervisor->stopping || replacement->retiring.pid == pid);
    if (replacement->retiring.pid == pid) {
        replacement->retiring = (struct process){0};
        return;
    }
    if (replacement->slot != NULL && replacement->successor.pid == pid) {
        give_up_replacement(supervisor, "ended before it was ready");
        return;
    }
    for (unsigned i = 0; i < supervisor->options->workers; i++) {
        if (supervisor->slots[i].worker.pid == pid) {
            slot_died(supervisor, &supervisor->slots[i]);
            return;
        }
    }
}

static void reap(struct supervisor *supervisor)
{
    int how;
    pid_t pid;

    while ((pid = waitpid(-1, &how, WNOHANG)) > 0) {
        died(supervisor, pid, how);
    }
}

static void signal_all(const struct supervisor *supervisor, int number)
{
    const struct replacement *replacement = &supervisor->replacement;

    for (unsigned i = 0; i < supervisor->options->workers; i++) {
        if (supervisor->slots[i].worker.pid != 0) {
            (void)kill(supervisor->slots[i].worker.pid, number);
        }
    }
    if (replacement->slot != NULL) {
        (void)kill(replacement->successor.pid, number);
    }
    if (replacement->retiring.pid != 0) {
        (void)kill(replacement->retiring.pid, number);
    }
}

static void stop(struct supervisor *supervisor)
{
    struct replacement *replacement = &supervisor->replacement;

    if (!supervisor->stopping) {
        log_info("stopping");
        if (replacement->slot != NULL) {
            replacement->retiring = replacement->successor;
            replacement->slot = NULL;
            (void)close(replacement->ready_fd);
        }
        supervisor->stopping = true;
        supervisor->kill_at_ns = clock_deadline_in_ms(grace_ms(supervisor));
        signal_all(supervisor, SIGTERM);
    }
}

static void take_signals(struct supervisor *supervisor)
{
    const struct signals_seen seen = signals_take(supervisor->signal_fd);

    if (seen.hangup || seen.reopen) {
        log_reopen();
    }
    if (seen.reopen) {
        signal_all(supervisor, SIGUSR1);
    }
    if (seen.hangup && !supervisor->stopping) {
        log_info("replacing the workers");
        supervisor->generation++;
    }
    if (seen.child) {
        reap(supervisor);
    }
    if (seen.stop) {
        stop(supervisor);
    }
}

static void sooner(int64_t *when_ns, int64_t other_ns)
{
    if (other_ns < *when_ns) {
        *when_ns = other_ns;
    }
}

/* Does what is due, and returns when the next thing will be. */
static int64_t act_when_stopping(struct supervisor *supervisor, int64_t now_ns)
{
    if (!supervisor->killed && now_ns >= supervisor->kill_at_ns) {
        log_warning("workers are left after %lld ms: they are killed", (long long)grace_ms(supervisor));
        signal_all(supervisor, SIGKILL);
        supervisor->killed = true;
    }
    return supervisor->killed ? CLOCK_FOREVER : supervisor->kill_at_ns;
}

static int64_t act_on_slots(struct supervisor *supervisor, int64_t now_ns)
{
    int64_t next_ns = CLOCK_FOREVER;

    for (unsigned i = 0; i < supervisor->options->workers; i++) {
        struct slot *slot = &supervisor->slots[i];
        if (slot->worker.pid == 0 && now_ns >= slot->start_at_ns) {
            fill_slot(supervisor, slot);
        }
        if (slot->worker.pid == 0) {
            sooner(&next_ns, slot->start_at_ns);
        }
    }
    return next_ns;
}

static int64_t act_on_replacement(struct supervisor *supervisor, int64_t now_ns)
{
    struct replacement *replacement = &supervisor->replacement;
    struct slot *outdated;

    if (replacement->retiring.pid != 0) {
        if (now_ns < replacement->kill_at_ns) {
            return replacement->kill_at_ns;
        }
        log_warning("worker %d does not stop: it is killed", (int)replacement->retiring.pid);
        (void)kill(replacement->retiring.pid, SIGKILL);
        replacement->kill_at_ns = CLOCK_FOREVER;
        return CLOCK_FOREVER;
    }
    if (replacement->slot != NULL) {
        if (now_ns < replacement->ready_by_ns) {
            return replacement->ready_by_ns;
        }
        (void)kill(replacement->successor.pid, SIGKILL);
        give_up_replacement(supervisor, "is not ready in time and was killed");
    }
    outdated = outdated_slot(supervisor);
    if (outdated == NULL) {
        return CLOCK_FOREVER;
    }
    if (now_ns >= replacement->begin_at_ns) {
        begin_replacement(supervisor, outdated);
    }
    return replacement->slot != NULL ? replacement->ready_by_ns : replacement->begin_at_ns;
}

static int64_t act(struct supervisor *supervisor)
{
    const int64_t now_ns = clock_monotonic_ns();
    int64_t next_ns;

    if (supervisor->stopping) {
        return act_when_stopping(supervisor, now_ns);
    }
    next_ns = act_on_slots(supervisor, now_ns);
    sooner(&next_ns, act_on_replacement(supervisor, now_ns));
    return next_ns;
}

static void wait_for_events(struct supervisor *supervisor, int64_t until_ns)
{
    struct pollfd polled[2] = {{.fd = supervisor->signal_fd, .events = POLLIN}};
    const bool expecting = supervisor->replacement.slot != NULL;

    if (expecting) {
        polled[1] = (struct pollfd){.fd = supervisor->replacement.ready_fd, .events = POLLIN};
    }
    if (poll(polled, expecting ? 2 : 1, until_ns == CLOCK_FOREVER ? -1 : clock_poll_timeout(until_ns)) <= 0) {
        return;
    }
    if (expecting && polled[1].revents != 0) {
        successor_spoke(supervisor);
    }
    if (polled[0].revents != 0) {
        take_signals(supervisor);
    }
}

static bool any_left(const struct supervisor *supervisor)
{
    for (unsigned i = 0; i < supervisor->options->workers; i++) {
        if (supervisor->slots[i].worker.pid != 0) {
            return true;
        }
    }
    return supervisor->replacement.retiring.pid != 0;
}

enum status supervisor_run(const struct supervisor_options *options)
{
    struct supervisor supervisor = {.options = options, .signal_fd = signals_open(true)};

    if (supervisor.signal_fd < 0) {
        log_error("the supervisor cannot start: %s", strerror(errno));
        return STATUS_INTERNAL;
    }
    supervisor.slots = memory_new(options->workers, sizeof *supervisor.slots);
    log_info("supervisor of %u workers ready", options->workers);
    for (;;) {
        const int64_t next_ns = act(&supervisor);
        if (supervisor.stopping && !any_left(&supervisor)) {
            break;
        }
        wait_for_events(&supervisor, next_ns);
    }
    log_info("stopped");
    free(supervisor.slots);
    (void)close(supervisor.signal_fd);
    return STATUS_OK;
}

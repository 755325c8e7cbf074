/* The thread that ends what takes too long. It allocates nothing and logs only when it is about to end the process. */
#include "watchdog.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

/* Room for a line of the log and for syslog's own buffers. */
#define WATCHDOG_STACK ((size_t)256 * 1024)

/* The thread looks this many times per limit, and no oftener or seldomer than the bounds say. */
#define WATCHDOG_LOOKS 8
#define WATCHDOG_PAUSE_MIN_NS (10 * CLOCK_NS_PER_MS)
#define WATCHDOG_PAUSE_MAX_NS (500 * CLOCK_NS_PER_MS)

#define NOT_CUT INT64_C(-1)

struct watchdog {
    pthread_t thread;
    pthread_mutex_t lock; /* guards all below; held for moments only */
    pthread_cond_t wake;
    int64_t limit_ns;
    int64_t pause_ns;
    bool stopping;
    int fd; /* -1: no request is under way */
    int64_t since_ns;
    int64_t cut_ns; /* when its connection was shut down, or NOT_CUT */
};

static struct timespec to_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / CLOCK_NS_PER_S), .tv_nsec = (long)(ns % CLOCK_NS_PER_S)};
}

/* The second bound counts from the cut, not from the start: a process that was stopped in between, as by a debugger,
 * gets its chance to finish. */
static void look(struct watchdog *watchdog, int64_t now_ns)
{
    if (watchdog->fd < 0) {
        return;
    }
    if (watchdog->cut_ns == NOT_CUT) {
        if (now_ns - watchdog->since_ns >= watchdog->limit_ns) {
            watchdog->cut_ns = now_ns;
            (void)shutdown(watchdog->fd, SHUT_RDWR);
        }
    } else if (now_ns - watchdog->cut_ns >= watchdog->limit_ns) {
        log_error("a request hangs since %lld ms: this worker ends itself",
                  (long long)((now_ns - watchdog->since_ns) / CLOCK_NS_PER_MS));
        abort();
    }
}

static void *watchdog_main(void *argument)
{
    struct watchdog *watchdog = argument;

    (void)pthread_mutex_lock(&watchdog->lock);
    while (!watchdog->stopping) {
        const struct timespec until = to_timespec(clock_monotonic_ns() + watchdog->pause_ns);
        (void)pthread_cond_timedwait(&watchdog->wake, &watchdog->lock, &until);
        look(watchdog, clock_monotonic_ns());
    }
    (void)pthread_mutex_unlock(&watchdog->lock);
    return NULL;
}

/* Starts the thread with every signal blocked: they belong to the thread that serves. */
static int start_thread(struct watchdog *watchdog)
{
    pthread_attr_t attributes;
    sigset_t all, before;
    int error = pthread_attr_init(&attributes);

    if (error != 0) {
        return error;
    }
    sigfillset(&all);
    error = pthread_attr_setstacksize(&attributes, WATCHDOG_STACK);
    if (error == 0) {
        error = pthread_sigmask(SIG_SETMASK, &all, &before);
    }
    if (error == 0) {
        error = pthread_create(&watchdog->thread, &attributes, watchdog_main, watchdog);
        (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    }
    (void)pthread_attr_destroy(&attributes);
    return error;
}

static void watchdog_free(struct watchdog *watchdog)
{
    (void)pthread_cond_destroy(&watchdog->wake);
    (void)pthread_mutex_destroy(&watchdog->lock);
    free(watchdog);
}

struct watchdog *watchdog_start(int64_t limit_ms)
{
    struct watchdog *watchdog = memory_new(1, sizeof *watchdog);
    pthread_condattr_t attributes;
    int error;

    watchdog->fd = -1;
    watchdog->limit_ns = limit_ms * CLOCK_NS_PER_MS;
    watchdog->pause_ns = watchdog->limit_ns / WATCHDOG_LOOKS;
    if (watchdog->pause_ns < WATCHDOG_PAUSE_MIN_NS) {
        watchdog->pause_ns = WATCHDOG_PAUSE_MIN_NS;
    } else if (watchdog->pause_ns > WATCHDOG_PAUSE_MAX_NS) {
        watchdog->pause_ns = WATCHDOG_PAUSE_MAX_NS;
    }
    (void)pthread_mutex_init(&watchdog->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&watchdog->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    error = start_thread(watchdog);
    if (error != 0) {
        watchdog_free(watchdog);
        errno = error;
        return NULL;
    }
    return watchdog;
}

void watchdog_stop(struct watchdog *watchdog)
{
    if (watchdog == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&watchdog->lock);
    watchdog->stopping = true;
    (void)pthread_cond_signal(&watchdog->wake);
    (void)pthread_mutex_unlock(&watchdog->lock);
    (void)pthread_join(watchdog->thread, NULL);
    watchdog_free(watchdog);
}

void watchdog_watch(struct watchdog *watchdog, int fd, int64_t now_ns)
{
    (void)pthread_mutex_lock(&watchdog->lock);
    watchdog->fd = fd;
    watchdog->since_ns = now_ns;
    watchdog->cut_ns = NOT_CUT;
    (void)pthread_mutex_unlock(&watchdog->lock);
}

bool watchdog_release(struct watchdog *watchdog)
{
    bool cut;

    (void)pthread_mutex_lock(&watchdog->lock);
    watchdog->fd = -1;
    cut = watchdog->cut_ns != NOT_CUT;
    (void)pthread_mutex_unlock(&watchdog->lock);
    return cut;
}

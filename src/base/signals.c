/* Signals as descriptors. */
#include "base/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t stop_set(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

static sigset_t taken_set(void)
{
    sigset_t set = stop_set();

    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    return set;
}

static bool dispose(int number, void (*handler)(int))
{
    return sigaction(number, &(struct sigaction){.sa_handler = handler}, NULL) == 0;
}

/* Blocked first, so that none meets its default action on the way. */
bool signals_block(void)
{
    const sigset_t set = taken_set();

    return sigprocmask(SIG_BLOCK, &set, NULL) == 0 && dispose(SIGTERM, SIG_DFL) && dispose(SIGINT, SIG_DFL) &&
           dispose(SIGHUP, SIG_DFL) && dispose(SIGUSR1, SIG_DFL) && dispose(SIGXFSZ, SIG_IGN);
}

void signals_let_stop_end(bool end)
{
    const sigset_t set = stop_set();

    (void)sigprocmask(end ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

int signals_open(bool children)
{
    sigset_t set = taken_set();

    if (!signals_block() || !dispose(SIGPIPE, SIG_IGN)) {
        return -1;
    }
    if (children) {
        sigaddset(&set, SIGCHLD);
        if (!dispose(SIGCHLD, SIG_DFL) || sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
            return -1;
        }
    }
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

struct signals_seen signals_take(int fd)
{
    struct signals_seen seen = {0};
    struct signalfd_siginfo info;

    while (read(fd, &info, sizeof info) == (ssize_t)sizeof info) {
        switch ((int)info.ssi_signo) {
        case SIGHUP:
            seen.hangup = true;
            break;
        case SIGUSR1:
            seen.reopen = true;
            break;
        case SIGCHLD:
            seen.child = true;
            break;
        default:
            seen.stop = true;
            break;
        }
    }
    return seen;
}

void signals_reset(void)
{
    const sigset_t set = taken_set();

    (void)dispose(SIGPIPE, SIG_DFL);
    (void)sigprocmask(SIG_SETMASK, &set, NULL);
}

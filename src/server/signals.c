/* Signals as descriptors, for the worker and for its supervisor. */
#include "signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int taken[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD};
enum { TAKEN_COUNT = sizeof taken / sizeof taken[0], CHILD = TAKEN_COUNT - 1 };

int signals_open(bool children)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t set;

    sigemptyset(&set);
    for (int i = 0; i < TAKEN_COUNT; i++) {
        if (i == CHILD && !children) {
            continue;
        }
        sigaddset(&set, taken[i]);
        if (sigaction(taken[i], &action, NULL) != 0) {
            return -1;
        }
    }
    action.sa_handler = SIG_IGN;
    if (sigaction(SIGPIPE, &action, NULL) != 0 || sigprocmask(SIG_BLOCK, &set, NULL) != 0) {
        return -1;
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
    const struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    (void)sigaction(SIGPIPE, &action, NULL);
    sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
}

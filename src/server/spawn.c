/* fork, exec and the pipe by which a worker tells that it is ready; and how it ended, in words. */
#include "spawn.h"

#include "base/log.h"
#include "base/signals.h"
#include "server/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_NOT_EXECUTED 127

/* In the child. */
static _Noreturn void become_worker(const char *program, int ready_fd, pid_t supervisor)
{
    static char option[] = SUPERVISOR_READY_OPTION;
    char name[PATH_MAX];
    char number[12];
    char *arguments[] = {name, option, number, NULL};

    /* The supervisor may have died before the kernel knew whom to tell. */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != supervisor) {
        _exit(EXIT_NOT_EXECUTED);
    }
    signals_reset();
    (void)fcntl(ready_fd, F_SETFD, 0); /* it alone stays open across exec */
    (void)snprintf(name, sizeof name, "%s", program);
    (void)snprintf(number, sizeof number, "%d", ready_fd);
    (void)execv(program, arguments);
    log_error("cannot execute %s: %s", program, strerror(errno));
    _exit(EXIT_NOT_EXECUTED);
}

enum status spawn_worker(const char *program, struct spawned *spawned)
{
    const pid_t supervisor = getpid();
    int ends[2];
    pid_t pid;
    int error;

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        return STATUS_UNAVAILABLE;
    }
    pid = fork();
    if (pid == 0) {
        become_worker(program, ends[1], supervisor);
    }
    error = errno;
    (void)close(ends[1]);
    if (pid < 0) {
        (void)close(ends[0]);
        errno = error;
        return STATUS_UNAVAILABLE;
    }
    *spawned = (struct spawned){.pid = pid, .ready_fd = ends[0]};
    return STATUS_OK;
}

void spawn_log_end(pid_t pid, int how, bool expected)
{
    const bool clean = WIFEXITED(how) && WEXITSTATUS(how) == 0;
    const enum log_level level = expected && clean ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING;

    if (WIFSIGNALED(how)) {
        log_line(level, "worker %d was killed by signal %d (%s)", (int)pid, WTERMSIG(how), strsignal(WTERMSIG(how)));
    } else {
        log_line(level, "worker %d exited with status %d", (int)pid, WEXITSTATUS(how));
    }
}

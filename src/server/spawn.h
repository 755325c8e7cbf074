/* Starting a worker: fork and exec, with the listening socket as descriptor 0. Mechanism only; supervisor.c decides. */
#ifndef SERVER_SPAWN_H
#define SERVER_SPAWN_H

#include "base/status.h"

#include <stdbool.h>
#include <sys/types.h>

struct spawned {
    pid_t pid;
    int ready_fd; /* readable once the worker is ready, or has ended without; the caller closes it */
};

/* Starts the program at this path. It gets descriptors 0 to 2 as they are here, signals as signals_reset leaves them, and
 * TERM when this process ends, however it ends. STATUS_UNAVAILABLE, with errno set, where no process can be had. A program
 * that cannot be executed shows as a child that exits with 127, the reason logged. */
MUST_CHECK enum status spawn_worker(const char *program, struct spawned *spawned);

/* Logs how a worker ended, from what waitpid said: a warning where that was not expected, or not in order. */
void spawn_log_end(pid_t pid, int how, bool expected);

#endif

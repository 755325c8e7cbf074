/* The pool's own supervisor: keeps N workers alive. It holds the listening socket open and never reads from it. */
#ifndef SERVER_SUPERVISOR_H
#define SERVER_SUPERVISOR_H

#include "base/config.h"
#include "base/status.h"

#define SUPERVISOR_WORKERS_MAX 1024

/* The option with which a worker is started: its value is worker_options.ready_fd. Supervisors and workers of different
 * releases meet in an upgrade, so it stays as it is. */
#define SUPERVISOR_READY_OPTION "--ready-fd"

struct supervisor_options {
    unsigned workers;    /* 1 to SUPERVISOR_WORKERS_MAX */
    const char *program; /* absolute path of the worker's program: executed anew for each worker, so that a HUP
                                after an upgrade brings the new one in */
    const struct config *config;
};

/* Runs the pool until TERM or INT: then TERM to the workers, and KILL to those left after the grace and a second. HUP
 * reopens the log and replaces the workers one by one, each new one ready before its predecessor is told to stop; USR1
 * reopens the log here and in the workers. A worker that dies is replaced at once; one that dies young (within
 * a second of its start) after a pause that doubles up to some seconds. Never gives up. Workers end when the supervisor
 * does, however it ends. */
MUST_CHECK enum status supervisor_run(const struct supervisor_options *options);

#endif

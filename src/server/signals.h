/* Signals as descriptors: blocked from the start to the end of the process and read where the process waits anyway, so
 * that none ever cuts short a read, a write or a query of a request, and none is lost or raced. */
#ifndef SERVER_SIGNALS_H
#define SERVER_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>

/* What has arrived. A signal that came several times counts once. */
struct signals_seen {
    bool stop;   /* TERM or INT */
    bool hangup; /* HUP */
    bool reopen; /* USR1 */
    bool child;  /* CHLD */
};

/* Blocks TERM, INT, HUP and USR1 - and CHLD where children is true - with their default dispositions, ignores PIPE, and
 * returns a non-blocking signalfd for them; -1 with errno set on failure. The caller closes it. */
int signals_open(bool children);

/* Takes what is pending, without waiting. */
struct signals_seen signals_take(int fd);

/* In a child between fork and exec: everything as a freshly started program expects it. Async-signal-safe. */
void signals_reset(void);

#endif

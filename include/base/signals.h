/* Signals as descriptors: blocked from the start to the end of the process and read where the process waits anyway, so
 * that none ever cuts short a read, a write or a query of a request, and none is lost or raced. */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include "base/status.h"

#include <stdbool.h>

/* What has arrived. A signal that came several times counts once. */
struct signals_seen {
    bool stop;   /* TERM or INT */
    bool hangup; /* HUP */
    bool reopen; /* USR1 */
    bool child;  /* CHLD */
};

/* The first thing in main: TERM, INT, HUP and USR1 get their default dispositions and are blocked. One that comes before
 * signals_open waits for it. XFSZ is ignored: a log that has reached the limit on a file's size loses lines, and ends
 * nobody. False, with errno set, on failure. */
MUST_CHECK bool signals_block(void);

/* For work before signals_open that may take long: with true TERM and INT end the process at once, until this is called
 * with false. */
void signals_let_stop_end(bool end);

/* Blocks TERM, INT, HUP and USR1 - and CHLD where children is true - with their default dispositions, ignores PIPE, and
 * returns a non-blocking signalfd for them; -1 with errno set on failure. The caller closes it. */
int signals_open(bool children);

/* Takes what is pending, without waiting. */
struct signals_seen signals_take(int fd);

/* In a child between fork and exec: everything as a freshly started program expects it, but for what signals_block
 * blocks. That stays blocked across exec, so that the program's start neither loses a signal nor ends by one.
 * Async-signal-safe. */
void signals_reset(void);

#endif

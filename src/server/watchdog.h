/* Bounds the whole of a request, whatever it hangs on. Kernel timeouts bound one read or write; a peer that sends a byte
 * at a time passes them all, and the reading of parameters is inside libfcgi.
 *
 * A thread rather than a timer's signal: a signal would end every read on a socket with a timeout early (signal(7):
 * such calls are not restarted), and so break the slow request that is still within its bound. */
#ifndef SERVER_WATCHDOG_H
#define SERVER_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct watchdog;

/* Starts the thread, with all signals blocked in it. A request under way for limit_ms has its connection shut down; one
 * under way for twice as long hangs elsewhere: one line is logged and the process aborted. NULL, with errno set, where
 * no thread can be had. */
struct watchdog *watchdog_start(int64_t limit_ms);

/* Ends the thread. NULL is allowed. */
void watchdog_stop(struct watchdog *watchdog);

/* A request on the socket fd is under way since now_ns. */
void watchdog_watch(struct watchdog *watchdog, int fd, int64_t now_ns);

/* It is over. True where its connection was shut down. Until then the number fd must not come to stand for anything
 * else: who closes it earlier, as libfcgi may, opens nothing in between. */
bool watchdog_release(struct watchdog *watchdog);

#endif

/* One connection to Redis with bounded waits and a breaker. Owns hiredis. Not for use across fork.
 *
 * url is redis://[[user]:password@]host[:port][/db], unix:///path[?db=n] or "off"; %XX is decoded in all but the
 * numbers.
 *
 * Every exchange, with the lookup of the host's name where there is no connection, ends within the timeout or the scope's deadline, whichever is sooner. An error of any kind drops the
 * connection (hiredis cannot recover one). After REDIS_BREAKER_FAILURES failures in a row the breaker opens: calls fail
 * at once, without a wait, until a pause that doubles up to REDIS_BREAKER_PAUSE_MAX_MS (with jitter) is over. */
#ifndef CACHE_REDIS_H
#define CACHE_REDIS_H

#include "base/scope.h"
#include "base/status.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REDIS_BREAKER_FAILURES 3
#define REDIS_BREAKER_PAUSE_MIN_MS 50
#define REDIS_BREAKER_PAUSE_MAX_MS 2000

struct redis;

enum redis_kind { REDIS_NIL, REDIS_STRING, REDIS_INTEGER };

struct redis_answer {
    enum redis_kind kind;
    struct text string; /* in the scope's arena's care */
    long long integer;
};

/* url as above; "off" makes a connection on which every call is STATUS_UNAVAILABLE. STATUS_INVALID, and one
 * sentence in error, where the url is not understood. Nothing is connected yet. */
MUST_CHECK enum status redis_new(const char *url, int64_t timeout_ms, struct redis **redis, char *error,
                                 size_t error_size);
void redis_free(struct redis *redis);

/* One command and its answer, which must not be an array. STATUS_UNAVAILABLE: no connection, timeout, or an error reply
 * (logged at most once a minute; it does not count for the breaker, as it cost no wait). */
MUST_CHECK enum status redis_call(struct redis *redis, struct scope *scope, const struct text *words, size_t count,
                                  struct redis_answer *answer);

/* Sends a command whose answer nobody waits for: it is read and dropped before the next call. Best effort: with 64
 * answers outstanding, or where the command is larger than 8 MiB, it is not sent. */
void redis_send(struct redis *redis, struct scope *scope, const struct text *words, size_t count);

/* Between the two what redis_send is given may be kept back, so that several commands are sent with one call. */
void redis_hold(struct redis *redis);
void redis_release(struct redis *redis);

/* The number of the connection that the next command goes out on, never used before; 0 where one is to be made first. */
uint64_t redis_connection(const struct redis *redis);

/* True where the last exchange worked, or none was tried yet; false while the breaker is open or Redis is off. */
bool redis_healthy(const struct redis *redis);

#endif

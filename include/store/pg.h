/* One connection to Postgres: opened on first use, opened again with backoff when lost, never waiting past a deadline.
 * Owns libpq. Not for use across fork. Transactions do not span calls: each call is a transaction of its own.
 *
 * After a failure to connect calls fail at once, without a wait, until a pause is over that doubles up to a second; one
 * attempt takes two seconds at most, however many hosts the url names, the lookup of their names included (but for those
 * that stand in a service file, which libpq alone reads). The first attempt is waited for. After a failure, or where the
 * last connection fell silent, 50 ms at most are, and the attempt goes on beside the calls that follow, which fail within
 * 2 ms until it is over. */
#ifndef STORE_PG_H
#define STORE_PG_H

#include "base/scope.h"
#include "base/status.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PG_PARAMETERS_MAX 64

struct pg;
struct pg_result; /* rows of one statement; lives until the arena it was made for is reset */

/* Called on each new connection before anything else may use it. Anything but STATUS_OK closes it again: the call that
 * needed it gets STATUS_UNAVAILABLE. */
typedef enum status (*pg_greeting)(struct pg *pg, struct scope *scope, void *context);

struct pg_options {
    const char *url;      /* what libpq takes; "" for its defaults */
    const char *name;     /* application_name; must stay valid */
    int64_t statement_ms; /* statement_timeout and the like are set from it; 0 for none. Below the request's deadline it
                             makes the server end, and roll back, a slow write of which nothing could be said else */
    pg_greeting greeting; /* or NULL */
    void *greeting_context;
};

/* Nothing is connected yet. Never NULL. */
struct pg *pg_new(const struct pg_options *options);

/* Closes the connection. NULL is allowed. */
void pg_free(struct pg *pg);

/* Runs a prepared statement, which is prepared on the connection at its first use under name. name must be unique per
 * sql, and is of at most 63 bytes; the sql is only looked at where it has to be prepared. Parameters are in text form, an absent one is
 * NULL; they need not be terminated. One round trip (two at the first use). A connection that was lost before the
 * statement was sent is opened again, and so it is where the server said that it ends the session in place of an answer;
 * a statement that only reads (reads is true) is run once more wherever the connection broke under it.
 *
 * STATUS_OK          *result has the rows (perhaps none)
 * STATUS_CONFLICT    23505 unique violation, 23P01
 * STATUS_NOT_FOUND   23503 foreign key violation: what is referred to does not exist
 * STATUS_INVALID     22xxx, 23502, 23514: a value was refused; a parameter has a NUL, or there are too many
 * STATUS_READ_ONLY   not for reads: Postgres is a standby, set to read-only, or its disk is full; nothing was done
 * STATUS_UNAVAILABLE cannot connect, or Postgres is shutting down or overloaded; nothing was done
 * STATUS_DEADLINE    statement_timeout or lock_timeout ended it, or the scope's deadline passed before it was sent; for
 *                    reads also where the deadline passed in mid-answer and the connection was dropped
 * STATUS_UNCERTAIN   not for reads: the connection broke, or the scope's deadline passed, after the statement was sent
 * STATUS_INTERNAL    anything else; logged with its SQLSTATE
 * For the three constraint results pg_constraint tells the constraint's name. 40001 and 40P01 are tried again, a few
 * times, within the deadline. */
MUST_CHECK enum status pg_exec(struct pg *pg, struct scope *scope, const char *name, const char *sql, bool reads,
                               const struct text *parameters, size_t count, struct pg_result **result);

/* As pg_exec, where parameters are arrays of texts: each whose bit is set in arrays (the first one's is 1) is the value of a
 * pg_array (pg_array.h). */
MUST_CHECK enum status pg_exec_arrays(struct pg *pg, struct scope *scope, const char *name, const char *sql, bool reads,
                                      const struct text *parameters, size_t count, uint64_t arrays,
                                      struct pg_result **result);

/* As pg_exec for a statement that only reads, but first has the scope's gatherer, if there is one, serve other requests that
 * may read like this: what they ask is sent together, and answered in one round trip. The time that they take is added to
 * the scope's deadline. Nothing may be held meanwhile that one of them may wait for. */
MUST_CHECK enum status pg_read_jointly(struct pg *pg, struct scope *scope, const char *name, const char *sql,
                                       const struct text *parameters, size_t count, struct pg_result **result);

/* Runs a statement in a transaction that is rolled back: what it would have answered, and nothing is changed. One round
 * trip. As pg_exec_arrays, but never STATUS_UNCERTAIN, and never tried again. */
MUST_CHECK enum status pg_rehearse(struct pg *pg, struct scope *scope, const char *sql, const struct text *parameters,
                                   size_t count, uint64_t arrays, struct pg_result **result);

/* As pg_exec_arrays for a statement that only reads, but stops at the row with which the values have bytes_max bytes or more
 * together: *full tells that it did, and that there may have been more rows. The connection is dropped then, which is
 * cheaper than to take in the rest. Rows come one by one and are copied to the arena, which is dearer than pg_exec for a
 * few rows and cheaper for hundreds. */
MUST_CHECK enum status pg_read_bounded(struct pg *pg, struct scope *scope, const char *name, const char *sql,
                                       size_t bytes_max, const struct text *parameters, size_t count, uint64_t arrays,
                                       struct pg_result **result, bool *full);

/* Runs one or several statements without parameters, as in a migration ("simple query"), in one transaction; results are
 * dropped. The same statuses; never tried again. A script that leaves a transaction open is rolled back: STATUS_INTERNAL.
 * message, where not NULL, gets Postgres's message on failure, and nothing is logged then. */
MUST_CHECK enum status pg_run_script(struct pg *pg, struct scope *scope, const char *sql, char *message,
                                     size_t message_size);

/* Connects now if that is not done. */
MUST_CHECK enum status pg_connect(struct pg *pg, struct scope *scope);

/* Who serves the connection: with both a backend is told from a later one with the same pid (pg_stat_activity). */
struct pg_backend {
    int pid;          /* 0: there is no connection */
    int64_t start_us; /* backend_start, microseconds since 1970 */
};

struct pg_backend pg_backend(const struct pg *pg);

/* True where that backend is known to be gone, and all that it was sent is done or will never be. False where it is there,
 * or that cannot be found out. */
bool pg_backend_is_gone(struct pg *pg, struct scope *scope, struct pg_backend backend);

/* A text that tells this database, and the schema in it, from every other. */
MUST_CHECK enum status pg_database_identity(struct pg *pg, struct scope *scope, struct text *identity);

/* What time it is in the database, in microseconds since 1970: writes from hosts whose clocks differ are told apart by
 * one clock. Asked once a minute, and reckoned on in between. STATUS_UNAVAILABLE and STATUS_DEADLINE as pg_exec. */
MUST_CHECK enum status pg_now(struct pg *pg, struct scope *scope, int64_t *unix_us);

/* The same, reckoned on from when it was last asked, which the connecting does: nothing is asked now. */
int64_t pg_reckoned_now(const struct pg *pg);

/* The name of the constraint in the last failure, or "". */
const char *pg_constraint(const struct pg *pg);

/* Why the last connection attempt failed, in one line without a password, or "". */
const char *pg_last_error(const struct pg *pg);

size_t pg_rows(const struct pg_result *result);

/* Rows that an INSERT, UPDATE or DELETE touched. */
uint64_t pg_affected(const struct pg_result *result);

/* A value, as text; absent for NULL. It lives as long as the result. */
struct text pg_value(const struct pg_result *result, size_t row, size_t column);

/* The same of a boolean and of a whole number; false, and 0, for NULL. */
bool pg_is_true(const struct pg_result *result, size_t row, size_t column);
uint64_t pg_number(const struct pg_result *result, size_t row, size_t column);

/* A whole number as the value of a parameter, in the arena. */
struct text pg_decimal(struct scope *scope, uint64_t number);

#endif

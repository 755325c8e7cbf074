/* A connection beside the worker's own, for what takes long: every wait on it but that for the connection itself is handed
 * down, so that other things may be done meanwhile. It is closed when it is of no more use, and with it goes whatever the
 * session held. */
#ifndef PG_APART_H
#define PG_APART_H

#include "base/waiter.h"
#include "pg_internal.h"

struct pg_apart {
    struct pg *pg;
    struct waiter *waiter; /* NULL: waits are just waited for */
};

/* Connects as pg does, under a name of its own. The caller calls pg_apart_close whatever came of it. A wait that is called
 * off is STATUS_DEADLINE, here as below. */
MUST_CHECK enum status pg_apart_open(struct pg_apart *apart, const struct pg *pg, struct scope *scope, const char *name,
                                     int64_t statement_ms, struct waiter *waiter);

void pg_apart_close(struct pg_apart *apart);

/* Sends what libpq still holds and waits until a result is complete. A broken connection is no fault here: libpq then has
 * what the server said last, or its own words. */
MUST_CHECK enum status pg_apart_await(struct pg_apart *apart, int64_t deadline_ns);

/* What a result that is no success means; it is logged. */
MUST_CHECK enum status pg_apart_judge(const PGresult *result, const char *what);

/* Collects the answer of a message. Where rows is not NULL it gets the result that has rows, which the caller clears. */
MUST_CHECK enum status pg_apart_collect(struct pg_apart *apart, int64_t deadline_ns, const char *what, PGresult **rows);

/* Runs statements without parameters. */
MUST_CHECK enum status pg_apart_run(struct pg_apart *apart, int64_t deadline_ns, const char *what, const char *sql,
                                    PGresult **rows);

/* Runs "COPY ... FROM STDIN" with these bytes, in a transaction of its own. */
MUST_CHECK enum status pg_apart_copy(struct pg_apart *apart, int64_t deadline_ns, const char *what, const char *sql,
                                     struct text bytes);

#endif

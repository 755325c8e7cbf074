/* The rows of one statement, as many as there are, out of one snapshot and with the memory of one row.
 *
 * A stream has a connection of its own, so that the worker's stays free for what else is asked meanwhile, and so that an
 * end half way leaves nothing behind: the connection is closed, and with it go the snapshot and the slot. The rows come
 * through a cursor, some hundred at a time. For a million products, 361 MB, on two cores that takes 3.2 s; one
 * long answer taken row by row 2.0 to 2.7 s, COPY 2.5 to 2.9 s with its text still to be taken apart; the reader holds
 * 7 MiB in each. The cursor is worth its price: only with it the server is idle between two fetches, where
 * idle_in_transaction_session_timeout ends the transaction of a worker that hangs (while it sends, none of its timeouts
 * counts). And COPY takes no parameters.
 *
 * How many streams there are at once is bounded by slots: advisory locks of the transaction, which all workers of a
 * database share, whoever started them, and which Postgres itself gives back when a connection ends. */
#ifndef STORE_PG_STREAM_H
#define STORE_PG_STREAM_H

#include "base/waiter.h"
#include "store/pg.h"

struct pg_stream;

struct pg_stream_options {
    const char *name;      /* application_name of the connection */
    struct waiter *waiter; /* for every wait but that for the connection; NULL: they are just waited for */
    int64_t statement_ms;  /* bounds one fetch at the server */
    int64_t idle_ms;       /* bounds the time between two fetches there */
    uint32_t slot_class;   /* of the advisory locks: the first of their two keys */
    uint32_t slots;        /* the second is 1 to this */
};

/* Connects as pg does, takes a slot and a snapshot, and begins the statement. A statement that has an error is
 * STATUS_INTERNAL. STATUS_TOO_LARGE: all slots are taken; else as pg_exec. A wait that is called off is STATUS_DEADLINE. */
MUST_CHECK enum status pg_stream_open(struct pg *pg, struct scope *scope, const struct pg_stream_options *options,
                                      const char *sql, const struct text *parameters, size_t count,
                                      struct pg_stream **stream);

/* The oldest transaction that was still running when the snapshot was taken (pg_snapshot_xmin). */
uint64_t pg_stream_xmin(const struct pg_stream *stream);

/* The next row, as a result of one row that is valid until the next call; NULL behind the last, when the transaction is
 * over and the slot free. After another status than STATUS_OK the stream can only be closed. */
MUST_CHECK enum status pg_stream_next(struct pg_stream *stream, struct scope *scope, const struct pg_result **row);

/* Closes the connection. NULL is allowed. */
void pg_stream_close(struct pg_stream *stream);

#endif

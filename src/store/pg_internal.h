/* What the files of the Postgres connection share: its state, and one exchange with the server. */
#ifndef PG_INTERNAL_H
#define PG_INTERNAL_H

#include "store/pg.h"

#include "base/gathering.h"

#include <libpq-fe.h>

#define PG_STATEMENTS_MAX 128 /* prepared per connection; at one more all are forgotten, and prepared as they come */
#define PG_NAME_MAX 64        /* of a statement, with its NUL */
#define PG_CONNECT_MAX_MS 2000
#define PG_PATIENCE_MS 50     /* of who begins an attempt while Postgres is in trouble */
#define PG_PATIENCE_NEXT_MS 2 /* of who comes upon it */
#define PG_PAUSE_MIN_MS 50
#define PG_PAUSE_MAX_MS 1000
#define PG_LINE_MAX 512
#define PG_CLOCK_AGE_MAX_US INT64_C(60000000)

struct pg {
    struct pg_options options; /* its url is the one below */
    char *url;
    struct resolver *resolver; /* of the url's hosts; NULL until the first attempt to connect */
    PGconn *connection;        /* NULL while there is none; non-blocking otherwise */
    bool greeting;             /* the greeting is running: a loss now is not mended from inside it */
    bool troubled;             /* a loss or a failure was logged, and no recovery since */
    bool silent;               /* the last connection was dropped because nothing came over it any more */
    unsigned failures;         /* attempts to connect in a row that failed */
    int64_t retry_at_ns;       /* no attempt before */
    PGconn *pending;           /* an attempt under way, of which the request that began it did not see the end */
    int64_t pending_until_ns;  /* it has failed then */
    PostgresPollingStatusType pending_wanted;
    char prepared[PG_STATEMENTS_MAX][PG_NAME_MAX]; /* names, sorted */
    size_t prepared_count;
    struct gathering joint; /* of reads (struct pg_joint) that wait for others to join them */
    struct pg_backend backend;
    int64_t clock_ahead_us; /* the database's clock before ours; 0: in step */
    int64_t clock_read_us;  /* when that was asked, by CLOCK_BOOTTIME */
    char constraint[64];    /* NAMEDATALEN */
    char error[PG_LINE_MAX];
};

enum pg_end {
    PG_END_ANSWERED, /* the server is ready for the next message; the result may be an error */
    PG_END_FULL,     /* the byte bound was reached, the rest is not wanted: the connection is of no more use */
    PG_END_BROKEN,   /* the connection is gone; the result is what the server said last, or NULL */
    PG_END_LATE,     /* the deadline passed: the connection is of no more use */
};

/* What came of one message. The results are the holder's to release with pg_answer_release. */
struct pg_answer {
    enum pg_end end;
    bool sent;        /* the last byte of the message left: without it the server cannot have acted on it */
    PGresult *result; /* the first error, or else the last result */
    /* Where rows were asked for one by one: copies of their values, in the arena. The results they came in are large
     * for what they hold, and to keep hundreds of them costs more than the copies. */
    struct text **row;
    size_t row_count;
    size_t row_capacity;
};

/* Rows in an arena's care. */
struct pg_result {
    PGresult *whole;   /* all rows, or none where they were taken one by one */
    struct text **row; /* the values of rows taken one by one */
    size_t row_count;
};

/* pg_result.c: hands what the answer holds over to a result in the arena's care, and empties the answer. */
struct pg_result *pg_result_take(struct arena *arena, struct pg_answer *answer);

/* pg.c: whether a statement of that name is prepared on the connection. */
bool pg_is_prepared(const struct pg *pg, const char *name);

/* pg_connect.c: makes sure of a connection. With probe an idle connection that the server has closed is noticed and
 * replaced, at the price of a system call. STATUS_OK or STATUS_UNAVAILABLE. The caller waits for an attempt to connect,
 * but hardly where Postgres is in trouble already: the attempt goes on then, and later calls look after it. */
MUST_CHECK enum status pg_open(struct pg *pg, struct scope *scope, bool probe);

/* Gives up an attempt that is under way, if there is one. */
void pg_abandon(struct pg *pg);

/* Closes the connection, because of reason where that is worth a line in the log. */
void pg_drop(struct pg *pg, const char *reason);

/* pg_clock.c: asks a new connection who its backend is, and what time it is. False where it does not tell. */
MUST_CHECK bool pg_identify(struct pg *pg, const struct scope *scope);

/* pg_exchange.c: waits until the descriptor is ready for the poll events; false where the deadline passed. The waiter, if
 * there is one, may do other things meanwhile. */
bool pg_wait(struct waiter *waiter, int fd, short events, int64_t deadline_ns);

/* Sees through a message that libpq has taken: sends the rest and collects the answer. Where rows come one by one they
 * are collected until their values have row_bytes_max bytes. */
struct pg_answer pg_exchange(PGconn *connection, const struct scope *scope, size_t row_bytes_max);

/* The same for a pipeline that has so many syncs. Its result is the first error, or else the rows of its last statement
 * that has any. */
struct pg_answer pg_exchange_pipeline(PGconn *connection, const struct scope *scope, unsigned syncs);

/* The same for a pipeline with one sync, of which each statement's rows are wanted: they are the caller's to clear, in the
 * order in which they were asked for. What failed has none, nor has what came behind it. The answer's result is the first
 * error. */
struct pg_answer pg_exchange_each(PGconn *connection, const struct scope *scope, PGresult *each[GATHERED_MAX]);
void pg_answer_release(struct pg_answer *answer);

/* pg_error.c: what a SQLSTATE means to callers. STATUS_INTERNAL for one that is not in its table, or NULL. */
enum status pg_error_status(const char *sqlstate);

/* True for the SQLSTATEs that another try of the same transaction may get past. */
bool pg_error_is_transient(const char *sqlstate);

/* True where what is prepared on the server is not what we think: a pooler dropped it, or a migration outdated it. */
bool pg_error_is_unprepared(const char *sqlstate);

/* True where the server told that it ends the session by an administrator's wish or a timeout of an idle one. It says so
 * in place of an answer, so that what it was sent has not been committed. */
bool pg_error_is_farewell(const PGresult *result);

/* The SQLSTATE of an error, or NULL. */
const char *pg_error_sqlstate(const PGresult *result);

/* Copies a message of libpq, which ends with a newline and may have several lines, as one line. */
void pg_error_flatten(const char *message, char out[PG_LINE_MAX]);

/* What the server said, or else what libpq made of its silence. */
void pg_error_message(const PGresult *result, char out[PG_LINE_MAX]);

#endif

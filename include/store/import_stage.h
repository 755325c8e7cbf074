/* Staging the lines of a file that is being uploaded, on a connection of its own, some hundred KiB at a time, each a
 * transaction of its own: one that took as long as the upload would hold back everybody who reads the feed of changes. How
 * many uploads there are at once is bounded by slots, advisory locks of the session, which Postgres itself gives back when
 * the connection ends.
 *
 * Until import_store_finish (store/import_store.h) nothing is there for anybody to see. */
#ifndef STORE_IMPORT_STAGE_H
#define STORE_IMPORT_STAGE_H

#include "base/waiter.h"
#include "domain/import.h"
#include "store/pg.h"

struct import_stage;

struct import_stage_options {
    struct waiter *waiter; /* as in pg_stream_options */
    int64_t statement_ms;  /* bounds one part at the server */
    uint32_t slots;        /* uploads at once, of all workers of the database; 0: this one needs none */
};

/* Begins an upload, whose id is that of the import. STATUS_TOO_LARGE: all slots are taken; else as pg_exec. */
MUST_CHECK enum status import_stage_open(const struct pg *pg, struct scope *scope,
                                         const struct import_stage_options *options, struct text id,
                                         struct import_stage **stage);

/* Adds a line, and where enough have come sends them. After another status than STATUS_OK the stage can only be closed. */
MUST_CHECK enum status import_stage_put(struct import_stage *stage, struct scope *scope,
                                        const struct import_line *line);

/* Sends what is left. */
MUST_CHECK enum status import_stage_flush(struct import_stage *stage, struct scope *scope);

/* Closes the connection. NULL is allowed. */
void import_stage_close(struct import_stage *stage);

#endif

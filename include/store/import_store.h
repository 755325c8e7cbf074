/* The statements about imports: making one of what was staged, looking at it, and what its job does. Statuses not told here
 * are pg_exec's. */
#ifndef STORE_IMPORT_STORE_H
#define STORE_IMPORT_STORE_H

#include "domain/import.h"
#include "store/idempotency_store.h"
#include "store/job_claim.h"

/* --- uploads --- */

/* Notes that an upload has begun: lines may be staged under the id. */
MUST_CHECK enum status import_store_begin(struct pg *pg, struct scope *scope, struct text id,
                                          const struct import_options *options);

/* Nothing will come of the upload: its lines are cleared away by the next purge. */
MUST_CHECK enum status import_store_abandon(struct pg *pg, struct scope *scope, struct text id);

struct import_upload {
    struct text id;
    const struct import_options *options; /* its format is what the file turned out to be */
    struct text digest; /* of parameters and file: an import of the last 24 hours that has not failed is the same one */
    bool unique;        /* another one with this digest may not wait or run beside it */
    uint64_t bytes;
    uint64_t lines;
    struct idempotency idempotency; /* its key absent: none */
};

/* The upload is whole: queues the job. STATUS_CONFLICT: one with the same digest waits or runs; STATUS_IN_PROGRESS: an
 * answer is kept under the key. */
MUST_CHECK enum status import_store_finish(struct pg *pg, struct scope *scope, const struct import_upload *upload);

/* The import of the last 24 hours with this digest that waits, runs or has succeeded. STATUS_NOT_FOUND. */
MUST_CHECK enum status import_store_same(struct pg *pg, struct scope *scope, struct text digest, struct text *id);

/* --- looking --- */

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status import_store_get(struct pg *pg, struct scope *scope, struct text id, struct import *import);

struct import_errors {
    struct text *contents; /* objects of JSON, one line each */
    size_t count;
    uint64_t last; /* number of the last one */
    bool more;
};

/* Lines that failed, behind that number: as many as have about bytes_max bytes together, one at least. */
MUST_CHECK enum status import_store_errors(struct pg *pg, struct scope *scope, struct text id, uint64_t after,
                                           size_t bytes_max, struct import_errors *errors);

/* --- the job --- */

/* What the job has to know. STATUS_STALE where it is not held any more; STATUS_NOT_FOUND where there is no import. */
MUST_CHECK enum status import_store_load(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                         struct import *import);

struct staged_lines {
    struct import_line *lines;
    size_t count;
};

/* The lines behind that number: at most count, and as many as have about bytes_max bytes together, one at least. */
MUST_CHECK enum status import_store_lines(struct pg *pg, struct scope *scope, struct text id, uint64_t after,
                                          uint64_t count, size_t bytes_max, struct staged_lines *lines);

struct import_error {
    uint64_t number;
    struct text content;
};

/* What is done with the lines behind from, up to to. */
struct import_move {
    struct job_hold hold; /* its id is the import's */
    uint64_t from;
    uint64_t to;
    uint64_t created;
    uint64_t updated;
    uint64_t unchanged;
    struct import_error *errors;
    size_t error_count;
    struct text differences; /* that are added, with commas between them; absent: none */
};

/* Moves on without a change of a product. STATUS_STALE where the job is not held any more, or the import does not stand at
 * from. (With changes of products: product_batch_write.) */
MUST_CHECK enum status import_store_move(struct pg *pg, struct scope *scope, const struct import_move *move);

/* Begins at the first line again, in this phase, and forgets what was counted. STATUS_STALE as above. */
MUST_CHECK enum status import_store_restart(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                            bool checking);

/* The ids of categories by slug or name, in the order of the names; absent where there is none. */
MUST_CHECK enum status import_store_categories(struct pg *pg, struct scope *scope, const struct text *names,
                                               size_t count, struct text *ids);

#endif

/* Imports as clients see them: a file is uploaded, and becomes a job that can be looked at. */
#ifndef CATALOG_IMPORTS_H
#define CATALOG_IMPORTS_H

#include "base/scope.h"
#include "base/status.h"
#include "base/waiter.h"
#include "domain/import.h"

struct catalog;
struct pg;

/* An upload on its way. */
struct import_intake;

struct import_bounds {
    struct waiter *waiter; /* as in export_bounds */
    int64_t time_ms;       /* that the database may take for one part of the file */
    uint32_t uploads;      /* at once, of all workers of the database; 0: this one does not count */
};

/* Begins an upload. STATUS_TOO_LARGE: as many are under way as may be; else as pg_exec. The caller closes *intake. */
MUST_CHECK enum status catalog_import_open(struct catalog *catalog, struct scope *scope,
                                           const struct import_options *options, const struct import_bounds *bounds,
                                           struct import_intake **intake);

/* The same for who has no catalog. */
MUST_CHECK enum status import_intake_open(struct pg *pg, struct scope *scope, const struct import_options *options,
                                          const struct import_bounds *bounds, struct import_intake **intake);

/* Adds a line. After another status than STATUS_OK the intake can only be closed. */
MUST_CHECK enum status import_intake_put(struct import_intake *intake, struct scope *scope,
                                         const struct import_line *line);

/* What is known of a file once it is whole. */
struct import_whole {
    enum import_format format; /* what it turned out to be */
    uint64_t bytes;
    uint64_t lines;
    struct text digest;  /* of its bytes, and of what is to be done with them */
    struct text key;     /* idempotency key; absent: none */
    struct text request; /* what makes another request with that key the same one */
};

/* Makes an import of it, and queues its job. id is the import's: that of another one, and *replayed true, where it was sent
 * before - with the same key, or, where there is none, with the same digest within a day, and it has not failed.
 * STATUS_KEY_REUSED, STATUS_IN_PROGRESS (an answer with the key is being kept at this moment), else as pg_exec;
 * STATUS_UNCERTAIN: the import may be there, and to send it again finds it. */
MUST_CHECK enum status import_intake_finish(struct import_intake *intake, struct scope *scope,
                                            const struct import_whole *whole, struct text *id, bool *replayed);

/* What was not finished is nothing. NULL is allowed. */
void import_intake_close(struct import_intake *intake, struct scope *scope);

/* STATUS_NOT_FOUND. */
MUST_CHECK enum status catalog_import_get(struct catalog *catalog, struct scope *scope, struct text id,
                                          struct import *import);

struct import_error_page {
    struct text *lines; /* objects of JSON */
    size_t count;
    uint64_t next; /* after the last one */
    bool more;     /* there may be others behind it */
};

/* Lines that failed, behind a place: as many as have about bytes_max bytes together. */
MUST_CHECK enum status catalog_import_errors(struct catalog *catalog, struct scope *scope, struct text id,
                                             uint64_t after, size_t bytes_max, struct import_error_page *page);

#endif

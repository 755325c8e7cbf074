/* A batch of an import: staged lines as operations on products. */
#ifndef JOBS_IMPORT_BATCH_H
#define JOBS_IMPORT_BATCH_H

#include "jobs/kind.h"
#include "store/import_store.h"

/* Reads the lines, applies them (or only looks, where the import is checking) and moves the import on, as far as the lines
 * are about different products. STATUS_OK, STATUS_IN_PROGRESS where the import stands elsewhere by now or the job is not
 * held, and what catalog_product_batch returns: nothing is done then. */
MUST_CHECK enum status import_batch_run(const struct job_tools *tools, struct scope *scope, const struct job_hold *hold,
                                        const struct import *import, const struct staged_lines *lines);

#endif

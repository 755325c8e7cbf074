/* What the statements about jobs share: how a row goes from the queue to those that have ended. */
#ifndef STORE_JOB_COLUMNS_H
#define STORE_JOB_COLUMNS_H

#include "store/job_store.h"

/* Both tables have these. */
#define JOB_CARRIED "id, kind, unique_key, payload, attempts, attempts_max, fence, checkpoint, created_at, started_at"

/* From rows of job in the CTE source, with SQL for what is written anew. */
#define JOB_END_AT(source, state, progress, last_error, at)                                                            \
    "INSERT INTO job_ended (" JOB_CARRIED ", state, progress, last_error, ended_at) "                                  \
    "SELECT " JOB_CARRIED ", " state ", " progress ", " last_error ", " at " FROM " source
#define JOB_END(source, state, progress, last_error) JOB_END_AT(source, state, progress, last_error, "now()")

/* Tells a row as it was read from the same row as it is now. One that runs is the same for as long as it is the same run:
 * its heartbeats do not keep others from writing to it. */
#define JOB_SEEN "CASE WHEN state = 'running' THEN 'run ' || fence::text ELSE xmin::text END"

#endif

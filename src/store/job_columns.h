/* What the statements about jobs share: how a row goes from the queue to those that have ended. */
#ifndef STORE_JOB_COLUMNS_H
#define STORE_JOB_COLUMNS_H

/* Both tables have these. */
#define JOB_CARRIED "id, kind, unique_key, payload, attempts, attempts_max, fence, checkpoint, created_at, started_at"

/* From rows of job in the CTE source, with SQL for what is written anew. */
#define JOB_END(source, state, progress, last_error)                                                                   \
    "INSERT INTO job_ended (" JOB_CARRIED ", state, progress, last_error, ended_at) "                                  \
    "SELECT " JOB_CARRIED ", " state ", " progress ", " last_error ", now() FROM " source

#endif

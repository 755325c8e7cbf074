/* The kinds of job, one per file. */
#ifndef JOBS_KINDS_H
#define JOBS_KINDS_H

#include "jobs/kind.h"

extern const struct job_kind job_cache_repair;
extern const struct job_kind job_event_relay;
extern const struct job_kind job_purge;
extern const struct job_kind job_webhook;
extern const struct job_kind job_words;

#endif

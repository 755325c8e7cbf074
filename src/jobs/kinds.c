/* The kinds of wares-jobs. A program that runs some of them only does without this table, and the libraries behind it. */
#include "jobs/kind.h"

#include "kinds.h"

const struct job_kind *const job_kinds[] = {&job_cache_repair, &job_event_relay, &job_import,
                                            &job_purge,        &job_webhook,     &job_words};
const size_t job_kind_count = sizeof job_kinds / sizeof job_kinds[0];

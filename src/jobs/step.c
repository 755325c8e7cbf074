/* What the steps of all kinds have in common. */
#include "jobs/kind.h"

#include <stdio.h>

enum job_step job_step_of(struct job_run *run, enum status status, const char *doing)
{
    (void)snprintf(run->error, sizeof run->error, "%s: %s", doing, status_name(status));
    switch (status) {
    case STATUS_READ_ONLY:
    case STATUS_UNAVAILABLE:
    case STATUS_DEADLINE:
    case STATUS_UNCERTAIN:
        return JOB_STEP_AWAY;
    case STATUS_STALE:
        return JOB_STEP_LOST;
    case STATUS_OK:
    case STATUS_NOT_FOUND:
    case STATUS_GONE:
    case STATUS_INVALID:
    case STATUS_CONFLICT:
    case STATUS_KEY_REUSED:
    case STATUS_IN_PROGRESS:
    case STATUS_TOO_LARGE:
    case STATUS_INTERNAL:
    default:
        return JOB_STEP_RETRY;
    }
}

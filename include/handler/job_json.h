/* A job as JSON. */
#ifndef HANDLER_JOB_JSON_H
#define HANDLER_JOB_JSON_H

#include "base/strbuf.h"
#include "domain/job.h"

void job_write(struct strbuf *out, const struct job *job);

#endif

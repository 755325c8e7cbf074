/* The kind "words": goes through the feed behind the writers, and learns the words of what was changed, by which searches
 * mend words that are misspelt. A job goes on to the end of the feed; another is made a second later. A search that finds
 * nothing learns what this has left (migrations/0010_words.sql), so that without a runner nothing is missing. */
#include "kinds.h"

#include "store/product_words.h"

#define EVERY_S 1
#define ATTEMPTS_MAX 5
#define BATCH 500 /* changes of a step: some ten milliseconds */

static int64_t every_s(const struct config *config)
{
    (void)config;
    return EVERY_S;
}

static bool begin(struct job_run *run)
{
    (void)run; /* there is nothing to say about it */
    return true;
}

static enum job_step step(struct job_run *run, struct scope *scope)
{
    uint64_t seen = 0;
    const enum status status = product_words_learn(run->tools->pg, scope, &run->job->hold, BATCH, &seen);

    if (status != STATUS_OK) {
        return job_step_of(run, status, "learning words");
    }
    return seen == BATCH ? JOB_STEP_MORE : JOB_STEP_DONE;
}

const struct job_kind job_words = {
    .name = "words",
    .attempts_max = ATTEMPTS_MAX,
    .every_s = every_s,
    .forgotten = true,
    .resident = true,
    .begin = begin,
    .step = step,
};

/* The words that searches know, for those that are misspelt. */
#ifndef STORE_PRODUCT_WORDS_H
#define STORE_PRODUCT_WORDS_H

#include "store/job_claim.h"

/* Learns the words of the products that the next changes of the feed are about, batch of them at most, for the job that is
 * held. *seen: how many there were; fewer than batch where there are no more.
 * STATUS_STALE, with nothing learnt, where the job is not held any more; otherwise as pg_exec. */
MUST_CHECK enum status product_words_learn(struct pg *pg, struct scope *scope, const struct job_hold *hold,
                                           uint64_t batch, uint64_t *seen);

#endif

/* Answers kept for idempotency keys: committed with the effect of the first request, and given again for a day. */
#ifndef STORE_IDEMPOTENCY_STORE_H
#define STORE_IDEMPOTENCY_STORE_H

#include "store/pg.h"

/* What a write takes along so that its answer is kept. */
struct idempotency {
    struct text key;     /* absent: nothing is kept */
    struct text request; /* what makes another request the same one; valid UTF-8 */
};

struct kept_answer {
    struct text id; /* of what was made or changed; absent where that is not one thing */
    int64_t version;
    bool unchanged;      /* nothing had to be changed for it */
    struct text changed; /* ids of several things that were changed, with commas; absent: none */
    struct text body;
};

/* The answer that was kept under the key. STATUS_NOT_FOUND: none, or it has expired and is removed; STATUS_KEY_REUSED:
 * the key belongs to another request; else as pg_exec. */
MUST_CHECK enum status idempotency_store_find(struct pg *pg, struct scope *scope, const struct idempotency *idempotency,
                                              struct kept_answer *answer);

#endif

/* Those whose requests are done together. One that is about to do its part has the gatherer begin with the next request of
 * its kind, if there is one that waits; that does the same, and so on, one within the other. The last of them does what all
 * wait for, and then all go on, the last first. Nobody waits for a request to come: those who join have come while the
 * worker was busy. */
#ifndef BASE_GATHERING_H
#define BASE_GATHERING_H

#include "base/scope.h"
#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>

struct gathering {
    void *waiting[GATHERED_MAX]; /* who has come, the first first */
    size_t count;
    size_t asked; /* how often for another, since the first of them waits */
};

/* Comes with what one's request needs, and has others join; scope->gatherer must be there. The scope's deadline moves by what
 * they took. Returns true where nobody came behind: the caller then does what all wait for, tells each by its *done, and
 * empties the gathering (count). Else that has been done. */
MUST_CHECK bool gathering_come(struct gathering *gathering, struct scope *scope, enum gathered kind, void *own,
                               const bool *done);

#endif

/* Coming together. */
#include "base/gathering.h"

#include "base/clock.h"

/* One that is gathered and has nothing to do jointly leaves room for another. But who sends such without a pause must not
 * keep the others waiting. */
#define ASKED_MAX ((size_t)2 * GATHERED_MAX)

bool gathering_come(struct gathering *gathering, struct scope *scope, enum gathered kind, void *own, const bool *done)
{
    const int64_t began_ns = clock_monotonic_ns();

    gathering->asked = gathering->count > 0 ? gathering->asked : 0;
    gathering->waiting[gathering->count++] = own;
    while (!*done && gathering->count < GATHERED_MAX && gathering->asked++ < ASKED_MAX &&
           scope->gatherer->gather(scope->gatherer, kind)) {
    }
    /* The time of others is not its own, as little as where it waits in line for its worker. */
    scope->deadline_ns += clock_monotonic_ns() - began_ns;
    return !*done;
}

/* The scheduling policy of the process. */
#include "scheduling.h"

#include <sched.h>

bool scheduling_batch(void)
{
    const struct sched_param none = {0};
    const int policy = sched_getscheduler(0);

    return policy >= 0 && (policy != SCHED_OTHER || sched_setscheduler(0, SCHED_BATCH, &none) == 0);
}

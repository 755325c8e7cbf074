/* How the kernel shares the processors out to this process: sched(7). */
#ifndef SERVER_SCHEDULING_H
#define SERVER_SCHEDULING_H

#include <stdbool.h>

/* Has the calling thread, and the threads that it starts from now on, scheduled as SCHED_BATCH. A front server wakes a
 * worker with each request that it passes on. Under the usual policy the worker often interrupts it there and then, finds
 * the one request, and both are switched once more for the next; a SCHED_BATCH thread interrupts nobody: it runs at once on
 * an idle processor, and else when who runs now waits or has had its share, and then finds several requests. A policy
 * other than the usual one is left as who started the process chose it. False, with errno set, where the kernel refuses. */
bool scheduling_batch(void);

#endif

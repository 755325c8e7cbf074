/* How something long waits for a descriptor. Who runs it hands a waiter down, and so may do other things meanwhile, or
 * call it off. */
#ifndef BASE_WAITER_H
#define BASE_WAITER_H

#include <stdint.h>

enum waited {
    WAITED_READY,
    WAITED_LATE, /* the deadline passed, and the descriptor is not ready */
    WAITED_OFF,  /* called off: nobody wants what is waited for any more */
};

struct waiter {
    /* Waits until fd is ready for the events of poll(2), or fails. */
    enum waited (*wait)(struct waiter *waiter, int fd, short events, int64_t deadline_ns);
};

/* Just waits until fd is ready for the events of poll(2), or fails, whatever signals come: > 0. 0 where the deadline passed,
 * and < 0 with errno set where poll fails. */
int waiter_poll(int fd, short events, int64_t deadline_ns);

#endif

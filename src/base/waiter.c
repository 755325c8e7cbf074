/* Waiting where nothing else is to be done. */
#include "base/waiter.h"

#include "base/clock.h"

#include <errno.h>
#include <poll.h>

int waiter_poll(int fd, short events, int64_t deadline_ns)
{
    struct pollfd awaited = {.fd = fd, .events = events};
    int ready;

    do {
        ready = poll(&awaited, 1, clock_poll_timeout(deadline_ns));
    } while (ready < 0 && errno == EINTR);
    return ready;
}

/* Leases on reading a key from the database. A word is the millisecond at which the lease ends, above, and how many wait
 * for it, below. */
#include "cells_internal.h"

#include "base/clock.h"

#include <time.h>

#define LEASE_MS 50
#define WAITERS_MAX 4
#define WAITER_BITS 8U
#define WAITERS ((UINT64_C(1) << WAITER_BITS) - 1)
#define WAIT_STEPS 16
#define WAIT_STEP_NS (125 * CLOCK_NS_PER_US)

static _Atomic uint64_t *lease_of(const struct cells *cells, uint32_t cell)
{
    return &cells->file->lease[cell & (LEASE_COUNT - 1)];
}

static uint64_t now_ms(void)
{
    return (uint64_t)(clock_monotonic_ns() / CLOCK_NS_PER_MS);
}

/* Until the lease is given back or taken over, or it has been long enough. */
static void wait_for(_Atomic uint64_t *lease, uint64_t held)
{
    for (unsigned i = 0; i < WAIT_STEPS && atomic_load(lease) >> WAITER_BITS == held >> WAITER_BITS; i++) {
        (void)nanosleep(&(struct timespec){.tv_nsec = WAIT_STEP_NS}, NULL);
    }
}

enum lease cells_lease(struct cells *cells, uint32_t cell, bool patient)
{
    _Atomic uint64_t *lease = lease_of(cells, cell);
    uint64_t held = atomic_load(lease);
    const uint64_t now = now_ms();

    if (held >> WAITER_BITS <= now) {
        return atomic_compare_exchange_strong(lease, &held, (now + LEASE_MS) << WAITER_BITS) ? LEASE_MINE
                                                                                             : LEASE_OTHERS;
    }
    if (patient && (held & WAITERS) < WAITERS_MAX && atomic_compare_exchange_strong(lease, &held, held + 1)) {
        wait_for(lease, held);
        /* Off again, where it is still the same lease; a waiter that dies is forgotten with it. */
        uint64_t later = atomic_load(lease);
        while (later >> WAITER_BITS == held >> WAITER_BITS && (later & WAITERS) > 0 &&
               !atomic_compare_exchange_weak(lease, &later, later - 1)) {
        }
    }
    return LEASE_OTHERS;
}

/* Taken over by another after its time, it is that one's: no harm but one more read. */
void cells_release(struct cells *cells, uint32_t cell)
{
    if (cells->file != NULL) {
        atomic_store(lease_of(cells, cell), 0);
    }
}

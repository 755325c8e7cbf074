/* What one request may use on its way down the layers - memory and time - and where its time went. */
#ifndef BASE_SCOPE_H
#define BASE_SCOPE_H

#include "base/arena.h"
#include "base/gatherer.h"
#include "base/waiter.h"

#include <stdint.h>

struct scope {
    struct arena *arena;
    int64_t deadline_ns;       /* CLOCK_MONOTONIC; no wait goes past it */
    int64_t store_ns;          /* spent on Postgres so far */
    int64_t cache_ns;          /* spent on the cache so far */
    struct gatherer *gatherer; /* of requests that create a product; NULL: none */
    struct waiter *waiter;     /* for Postgres; NULL: waits are just waited for */
};

#endif

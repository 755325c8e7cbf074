/* The deliveries that a runner has under way, in its memory. */
#ifndef JOBS_WEBHOOK_OUTBOX_H
#define JOBS_WEBHOOK_OUTBOX_H

#include "base/arena.h"
#include "base/config.h"
#include "jobs/courier.h"
#include "store/webhook_outbox.h"

#include <stdbool.h>
#include <stddef.h>

struct item;

struct outbox {
    struct item *sent;  /* on their way */
    struct item *ended; /* what came of them is known and yet to be noted, the first to be noted first */
    struct item **end;  /* of that list; NULL where it is empty */
    size_t under_way;   /* sent */
    size_t bytes;       /* of all bodies */
};

/* Sends a delivery, unless it is on its way or not noted yet, or another of the same thing is, or as many to the webhook
 * are as may be. What cannot be sent has ended. */
void outbox_send(struct outbox *outbox, struct courier *courier, const struct outbox_delivery *delivery, uint64_t most);

/* The webhooks to which as many are under way as may be. */
size_t outbox_full(const struct outbox *outbox, struct arena *arena, uint64_t most, struct text **webhooks);

/* Takes in what has come back. */
void outbox_collect(struct outbox *outbox, struct courier *courier);

/* What came of those that ended first, at most as many; they stay until they are forgotten. Texts live in the arena, or as
 * long as the items. */
size_t outbox_outcomes(const struct outbox *outbox, struct arena *arena, const struct config *config,
                       struct outbox_outcome *outcomes, size_t most);

/* Forgets those that were noted: the first of the ended. */
void outbox_forget(struct outbox *outbox, size_t count);

/* Forgets all. The courier must be gone. */
void outbox_free(struct outbox *outbox);

#endif

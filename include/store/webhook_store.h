/* Webhooks as handlers see them: reading them and their deliveries, changing them, asking for deliveries. What the runner
 * does with them stands in store/webhook_outbox.h. Statuses not told here are pg_exec's. */
#ifndef STORE_WEBHOOK_STORE_H
#define STORE_WEBHOOK_STORE_H

#include "domain/webhook.h"
#include "store/idempotency_store.h"
#include "store/pg.h"
#include "store/stored_record.h"

/* --- reading --- */

/* STATUS_NOT_FOUND, also for one that was deleted. */
MUST_CHECK enum status webhook_store_get(struct pg *pg, struct scope *scope, struct text id,
                                         struct stored_record *webhook);

/* All of them, the oldest first: there are few (WEBHOOKS_MAX). */
MUST_CHECK enum status webhook_store_list(struct pg *pg, struct scope *scope, struct record **webhooks, size_t *count);

/* The newest event first. STATUS_NOT_FOUND where there is no such webhook. */
MUST_CHECK enum status webhook_store_deliveries(struct pg *pg, struct scope *scope, const struct delivery_query *query,
                                                struct delivery **deliveries, size_t *count, bool *more);

/* STATUS_NOT_FOUND where there is no such webhook or delivery of it. */
MUST_CHECK enum status webhook_store_delivery(struct pg *pg, struct scope *scope, struct text webhook,
                                              const struct feed_cursor *place, struct delivery *delivery);

/* --- changing --- */

struct webhook_write {
    const struct record *record; /* as it is to be, complete: version and timestamps too */
    struct text secret;          /* of an insert, and of a rotation the new one; else absent */
    struct text field_versions;  /* of an update: {"url":4}, the fields that this version sets; absent: none */
    struct text json;            /* as it is answered, for the key */
    struct idempotency idempotency;
    bool dry_run; /* roll back: find out what the answer would be */
};

/* Common to all: STATUS_STALE where the webhook is not of the version before the record's, or not there;
 * STATUS_IN_PROGRESS: a request with this key is running; STATUS_CONFLICT with idempotency_taken for pg_constraint. */

/* It gets what is committed from now on. STATUS_TOO_LARGE where there are WEBHOOKS_MAX. */
MUST_CHECK enum status webhook_store_insert(struct pg *pg, struct scope *scope, const struct webhook_write *write);

/* With a secret: the one that it has signs on until previous_secret_until. */
MUST_CHECK enum status webhook_store_update(struct pg *pg, struct scope *scope, const struct webhook_write *write);

MUST_CHECK enum status webhook_store_delete(struct pg *pg, struct scope *scope, const struct webhook_write *write);

/* --- asking; the record is the webhook as it is, and stays so --- */

/* Has all events behind the place sent again, where they are still in the feed. */
MUST_CHECK enum status webhook_store_replay(struct pg *pg, struct scope *scope, const struct webhook_write *write,
                                            const struct feed_cursor *after);

/* Has one event sent again. STATUS_STALE also where there is no such delivery. */
MUST_CHECK enum status webhook_store_redeliver(struct pg *pg, struct scope *scope, const struct webhook_write *write,
                                               const struct feed_cursor *place);

/* Where the feed begins: what stands before is not kept. */
MUST_CHECK enum status webhook_store_floor(struct pg *pg, struct scope *scope, struct feed_cursor *floor);

#endif

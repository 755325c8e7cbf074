/* What clients may do with webhooks. Changes are made as those of products (catalog/product_change.h), whose options and
 * results they share: each with the answer that is kept for its idempotency key in one transaction. They are in no feed. */
#ifndef CATALOG_WEBHOOK_CHANGE_H
#define CATALOG_WEBHOOK_CHANGE_H

#include "catalog/product_change.h"
#include "domain/webhook.h"

/* STATUS_NOT_FOUND; otherwise as pg_exec, as in the others here. */
MUST_CHECK enum status catalog_webhook_get(struct catalog *catalog, struct scope *scope, struct text id,
                                           struct record *webhook);

/* All of them, the oldest first. */
MUST_CHECK enum status catalog_webhook_list(struct catalog *catalog, struct scope *scope, struct record **webhooks,
                                            size_t *count);

struct delivery_page {
    struct delivery *deliveries;
    size_t count;
    bool more;
    struct cursor next; /* where more */
};

/* STATUS_NOT_FOUND where there is no such webhook. */
MUST_CHECK enum status catalog_delivery_list(struct catalog *catalog, struct scope *scope,
                                             const struct delivery_query *query, struct delivery_page *page);

/* The place that a cursor of such a list tells; false where it tells none. */
MUST_CHECK bool delivery_cursor_place(const struct cursor *cursor, struct feed_cursor *place);

/* Creates a webhook of what json_read_record gave, with a new secret, which only this result shows. STATUS_CONFLICT with a
 * fault where there are WEBHOOKS_MAX. */
MUST_CHECK enum status catalog_webhook_create(struct catalog *catalog, struct scope *scope,
                                              const struct change_options *options, struct record *input,
                                              struct faults *faults, struct change_result *result);

MUST_CHECK enum status catalog_webhook_edit(struct catalog *catalog, struct scope *scope,
                                            const struct change_options *options, struct text id, product_edit edit,
                                            void *context, struct faults *faults, struct change_result *result);

MUST_CHECK enum status catalog_webhook_delete(struct catalog *catalog, struct scope *scope,
                                              const struct change_options *options, struct text id,
                                              struct faults *faults, struct change_result *result);

/* Gives the webhook a new secret, which only this result shows; for overlap_s seconds the one before signs too. */
MUST_CHECK enum status catalog_webhook_rotate(struct catalog *catalog, struct scope *scope,
                                              const struct change_options *options, struct text id, int64_t overlap_s,
                                              struct faults *faults, struct change_result *result);

/* Has the events behind a place sent again; with NULL all that are kept. STATUS_GONE where some of them are not kept any
 * more: *floor tells up to where. STATUS_CONFLICT with a fault where the webhook is disabled. */
MUST_CHECK enum status catalog_webhook_replay(struct catalog *catalog, struct scope *scope,
                                              const struct change_options *options, struct text id,
                                              const struct feed_cursor *after, struct faults *faults,
                                              struct change_result *result, struct feed_cursor *floor);

/* Has one event sent again: the view is the delivery's. STATUS_CONFLICT as above; STATUS_NOT_FOUND. */
MUST_CHECK enum status catalog_webhook_redeliver(struct catalog *catalog, struct scope *scope,
                                                 const struct change_options *options, struct text id,
                                                 const struct feed_cursor *place, struct faults *faults,
                                                 struct change_result *result);

#endif

/* Webhooks and their deliveries as JSON. */
#ifndef HANDLER_WEBHOOK_JSON_H
#define HANDLER_WEBHOOK_JSON_H

#include "base/strbuf.h"
#include "domain/webhook.h"

/* The webhook, with its secret where that is not absent. */
void webhook_write(struct strbuf *out, const struct record *webhook, struct text secret);

void delivery_write(struct strbuf *out, const struct delivery *delivery);

#endif

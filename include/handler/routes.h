/* The routes of the service, as one table, and the handlers that they name. */
#ifndef HANDLER_ROUTES_H
#define HANDLER_ROUTES_H

#include "handler/exchange.h"

extern const struct route routes[];
extern const size_t route_count;

/* Handlers answer every request that the table sends them; see the file named after the resource. */
void product_list(struct exchange *exchange);
void product_facets(struct exchange *exchange);
void product_export(struct exchange *exchange);
void product_create(struct exchange *exchange);
void product_get(struct exchange *exchange);
void product_put(struct exchange *exchange);
void product_put_by_sku(struct exchange *exchange);
void product_patch(struct exchange *exchange);
void product_delete(struct exchange *exchange);
void product_restore(struct exchange *exchange);
void product_batch(struct exchange *exchange);
void category_list(struct exchange *exchange);
void category_create(struct exchange *exchange);
void category_get(struct exchange *exchange);
void category_patch(struct exchange *exchange);
void category_delete(struct exchange *exchange);
void change_list(struct exchange *exchange);
void event_stream(struct exchange *exchange);
void import_create(struct exchange *exchange);
void import_get(struct exchange *exchange);
void import_errors(struct exchange *exchange);
void job_list(struct exchange *exchange);
void job_get(struct exchange *exchange);
void job_retry(struct exchange *exchange);
void job_cancel(struct exchange *exchange);
void webhook_list(struct exchange *exchange);
void webhook_create(struct exchange *exchange);
void webhook_get(struct exchange *exchange);
void webhook_patch(struct exchange *exchange);
void webhook_delete(struct exchange *exchange);
void webhook_rotate(struct exchange *exchange);
void webhook_replay(struct exchange *exchange);
void webhook_delivery_list(struct exchange *exchange);
void webhook_redeliver(struct exchange *exchange);
void health_live(struct exchange *exchange);
void health_ready(struct exchange *exchange);
void service_index(struct exchange *exchange);
void openapi_get(struct exchange *exchange);
void problem_page_list(struct exchange *exchange);
void problem_page_get(struct exchange *exchange);

#endif

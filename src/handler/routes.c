/* What the service answers, on one screen. The first pattern that matches counts: names stand before {id}. */
#include "handler/routes.h"

#include "handler/operation.h"

const struct route routes[] = {
    {"/api/v1", {[METHOD_GET] = &operation_index}},
    {"/api/v1/openapi.json", {[METHOD_GET] = &operation_openapi}},
    {"/api/v1/products/export", {[METHOD_GET] = &operation_product_export}},
    {"/api/v1/products/facets", {[METHOD_GET] = &operation_product_facets}},
    {"/api/v1/products/batch", {[METHOD_POST] = &operation_product_batch}},
    {"/api/v1/products/{id}",
     {[METHOD_GET] = &operation_product_get,
      [METHOD_PUT] = &operation_product_put,
      [METHOD_PATCH] = &operation_product_patch,
      [METHOD_DELETE] = &operation_product_delete}},
    {"/api/v1/products", {[METHOD_GET] = &operation_product_list, [METHOD_POST] = &operation_product_create}},
    {"/api/v1/products/by-sku/{sku}", {[METHOD_PUT] = &operation_product_put_by_sku}}, /* even where it is "restore" */
    {"/api/v1/products/{id}/restore", {[METHOD_POST] = &operation_product_restore}},
    {"/api/v1/categories", {[METHOD_GET] = &operation_category_list, [METHOD_POST] = &operation_category_create}},
    {"/api/v1/categories/{id}",
     {[METHOD_GET] = &operation_category_get,
      [METHOD_PATCH] = &operation_category_patch,
      [METHOD_DELETE] = &operation_category_delete}},
    {"/api/v1/changes", {[METHOD_GET] = &operation_change_list}},
    {"/api/v1/events", {[METHOD_GET] = &operation_event_stream}},
    {"/api/v1/imports", {[METHOD_POST] = &operation_import_create}},
    {"/api/v1/imports/{id}", {[METHOD_GET] = &operation_import_get}},
    {"/api/v1/imports/{id}/errors", {[METHOD_GET] = &operation_import_errors}},
    {"/api/v1/jobs", {[METHOD_GET] = &operation_job_list}},
    {"/api/v1/jobs/{id}", {[METHOD_GET] = &operation_job_get, [METHOD_DELETE] = &operation_job_cancel}},
    {"/api/v1/jobs/{id}/retry", {[METHOD_POST] = &operation_job_retry}},
    {"/api/v1/webhooks", {[METHOD_GET] = &operation_webhook_list, [METHOD_POST] = &operation_webhook_create}},
    {"/api/v1/webhooks/{id}",
     {[METHOD_GET] = &operation_webhook_get,
      [METHOD_PATCH] = &operation_webhook_patch,
      [METHOD_DELETE] = &operation_webhook_delete}},
    {"/api/v1/webhooks/{id}/rotate", {[METHOD_POST] = &operation_webhook_rotate}},
    {"/api/v1/webhooks/{id}/replay", {[METHOD_POST] = &operation_webhook_replay}},
    {"/api/v1/webhooks/{id}/deliveries", {[METHOD_GET] = &operation_webhook_delivery_list}},
    {"/api/v1/webhooks/{id}/deliveries/{delivery}/redeliver", {[METHOD_POST] = &operation_webhook_redeliver}},
    {"/livez", {[METHOD_GET] = &operation_live}},
    {"/readyz", {[METHOD_GET] = &operation_ready}},
    {"/problems", {[METHOD_GET] = &operation_problem_list}},
    {"/problems/{name}", {[METHOD_GET] = &operation_problem_get}},
};

const size_t route_count = sizeof routes / sizeof routes[0];

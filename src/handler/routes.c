/* What the service answers, on one screen. The first pattern that matches counts: names stand before {id}. */
#include "handler/routes.h"

const struct route routes[] = {
    {"/api/v1/products/export", {[METHOD_GET] = product_export}},
    {"/api/v1/products/facets", {[METHOD_GET] = product_facets}},
    {"/api/v1/products/batch", {[METHOD_POST] = product_batch}},
    {"/api/v1/products/{id}",
     {[METHOD_GET] = product_get,
      [METHOD_PUT] = product_put,
      [METHOD_PATCH] = product_patch,
      [METHOD_DELETE] = product_delete}},
    {"/api/v1/products", {[METHOD_GET] = product_list, [METHOD_POST] = product_create}},
    {"/api/v1/products/by-sku/{sku}", {[METHOD_PUT] = product_put_by_sku}}, /* even where the sku is "restore" */
    {"/api/v1/products/{id}/restore", {[METHOD_POST] = product_restore}},
    {"/api/v1/categories", {[METHOD_GET] = category_list, [METHOD_POST] = category_create}},
    {"/api/v1/categories/{id}",
     {[METHOD_GET] = category_get, [METHOD_PATCH] = category_patch, [METHOD_DELETE] = category_delete}},
    {"/livez", {[METHOD_GET] = health_live}},
    {"/readyz", {[METHOD_GET] = health_ready}},
};

const size_t route_count = sizeof routes / sizeof routes[0];

bool handler_negotiates(route_handler handler)
{
    return handler == product_export;
}

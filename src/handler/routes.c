/* What the service answers, on one screen. */
#include "handler/routes.h"

const struct route routes[] = {
    {"/api/v1/products/export", {[METHOD_GET] = product_export}},
    {"/api/v1/products/{id}", {[METHOD_GET] = product_get}},
    {"/api/v1/products", {[METHOD_GET] = product_list, [METHOD_POST] = product_create}},
    {"/api/v1/categories", {[METHOD_GET] = category_list, [METHOD_POST] = category_create}},
    {"/api/v1/categories/{id}", {[METHOD_GET] = category_get}},
    {"/livez", {[METHOD_GET] = health_live}},
    {"/readyz", {[METHOD_GET] = health_ready}},
};

const size_t route_count = sizeof routes / sizeof routes[0];

bool handler_negotiates(route_handler handler)
{
    return handler == product_export;
}

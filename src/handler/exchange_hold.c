/* What is kept back while several requests are served in a row: entries of the cache, on their way to Redis. */
#include "handler/exchange.h"

#include "catalog/catalog.h"

void exchange_hold(const struct app *app)
{
    catalog_hold(app->catalog);
}

void exchange_release(const struct app *app)
{
    catalog_release(app->catalog);
}

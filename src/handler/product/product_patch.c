/* Changing some fields of a product. */
#include "../patch.h"
#include "../write.h"
#include "catalog/product_change.h"
#include "handler/routes.h"

void product_patch(struct exchange *exchange)
{
    struct patch patch;
    struct write_request request;
    struct change_result result = {0};
    struct text id;
    enum status status;

    if (!patch_begin(exchange, &request, &id, &patch)) {
        return;
    }
    status = catalog_product_edit(exchange->app->catalog, &exchange->scope, &request.options, id, patch_product, &patch,
                                  &request.faults, &result);
    write_answer(exchange, &write_product, status, &request, &result);
}

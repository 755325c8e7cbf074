/* Creating a product. */
#include "../input.h"
#include "../write.h"
#include "catalog/product_change.h"
#include "handler/routes.h"

void product_create(struct exchange *exchange)
{
    struct record input = {0};
    struct write_request request;
    struct change_result result;
    enum status status;

    if (!write_begin(exchange, &request) ||
        !input_record(exchange, &product_schema, TEXT_ABSENT, &input, &request.faults)) {
        return;
    }
    status = catalog_product_create(exchange->app->catalog, &exchange->scope, &request.options, &input, &request.faults,
                                    &result);
    write_answer(exchange, &write_product, status, &request, &result);
}

/* Creating or replacing a product whole: by its id, or by its sku. */
#include "../input.h"
#include "../write.h"
#include "catalog/product_change.h"
#include "handler/problem.h"
#include "handler/routes.h"

void product_put(struct exchange *exchange)
{
    struct record input = {0};
    struct write_request request;
    struct change_result result = {0};
    struct text id;
    enum status status;

    if (!write_begin(exchange, &request) || !input_path_id(exchange, &id) ||
        !input_record(exchange, &product_schema, id, &input, &request.faults)) {
        return;
    }
    status = catalog_product_put(exchange->app->catalog, &exchange->scope, &request.options, id, &input,
                                 &request.faults, &result);
    write_answer(exchange, &write_product, status, &request, &result);
}

/* The sku in the path; 400 where it is none. */
static bool read_path_sku(struct exchange *exchange, struct write_request *request, struct text *sku)
{
    *sku = exchange->match.parameters[0];
    if (!field_check(&product_schema.fields[PRODUCT_SKU], sku, "/sku", &request->faults)) {
        problem_answer_faults(exchange, PROBLEM_VALIDATION, &request->faults);
        return false;
    }
    return true;
}

/* The body may leave the sku out, or repeat it; it decides on the letter case. */
static void merge_sku(struct record *input, struct text sku, struct faults *faults)
{
    const struct text given = input->value[PRODUCT_SKU];

    if (!record_has(input, PRODUCT_SKU)) {
        record_set(input, PRODUCT_SKU, sku);
    } else if (faults->count == 0 && (given.data == NULL || !text_equal_ignoring_case(given, sku))) {
        faults_add(faults, FAULT_IN_BODY, "/sku", "other_sku", "must be the sku of the path; it may be left out");
    }
}

void product_put_by_sku(struct exchange *exchange)
{
    struct record input = {0};
    struct write_request request;
    struct change_result result = {0};
    struct text sku;
    enum status status;

    if (!write_begin(exchange, &request) || !read_path_sku(exchange, &request, &sku) ||
        !input_record(exchange, &product_schema, TEXT_ABSENT, &input, &request.faults)) {
        return;
    }
    merge_sku(&input, sku, &request.faults);
    status = catalog_product_put_by_sku(exchange->app->catalog, &exchange->scope, &request.options, sku, &input,
                                        &request.faults, &result);
    write_answer(exchange, &write_product, status, &request, &result);
}

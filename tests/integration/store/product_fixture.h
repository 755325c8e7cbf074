/* Products for the tests of the store, and the tables that they need. */
#ifndef TESTS_PRODUCT_FIXTURE_H
#define TESTS_PRODUCT_FIXTURE_H

#include "store/product_write.h"

#include "../database.h"

#define TEA "01900000-0000-7000-8000-000000000001"
#define COFFEE "01900000-0000-7000-8000-000000000002"
#define NOWHERE "01900000-0000-7000-8000-0000000000ff"

static inline int products_set_up(void **state)
{
    (void)catalogue_set_up(state);
    run_sql(*state, "INSERT INTO category (id, name, slug) VALUES ('" TEA "', 'Tea', 'tea'), ('" COFFEE
                    "', 'Coffee', 'coffee')");
    return 0;
}

static inline int products_clear(void **state)
{
    (void)database_reset(state);
    run_sql(*state, "TRUNCATE product, change, idempotency");
    return 0;
}

/* A complete product, as the catalog makes it. */
static inline struct record make_product(struct database *database, unsigned number, const char *category)
{
    struct record product = {0};
    record_set(&product, PRODUCT_ID, arena_printf(database->scope.arena, "01910000-0000-7000-8000-%012x", number));
    record_set(&product, PRODUCT_NAME, arena_printf(database->scope.arena, "Product %u", number));
    record_set(&product, PRODUCT_PRICE, TEXT("19.990"));
    record_set(&product, PRODUCT_CURRENCY, TEXT("EUR"));
    record_set(&product, PRODUCT_CATEGORY_ID, text_of(category));
    record_set(&product, PRODUCT_STATUS, TEXT("active"));
    record_set(&product, PRODUCT_ATTRIBUTES, TEXT("{}"));
    record_set(&product, PRODUCT_IMAGES, TEXT("[]"));
    record_set(&product, PRODUCT_VERSION, TEXT("1"));
    record_set(&product, PRODUCT_CREATED_AT, TEXT("2025-06-01T10:00:00.000001Z"));
    record_set(&product, PRODUCT_UPDATED_AT, TEXT("2025-06-01T10:00:00.000001Z"));
    return product;
}

static inline enum status insert_product(struct database *database, const struct record *product)
{
    const struct product_write write = {.record = product, .json = TEXT("{}"), .type = "product.created"};
    return product_write_insert(database->pg, &database->scope, &write);
}

#endif

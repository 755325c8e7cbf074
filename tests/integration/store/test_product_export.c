/* Tests of store/product_export.h: the products that match, as records, in the order of their ids. */
#include "store/product_export.h"

#include "../database.h"

#define TEA "01900000-0000-7000-8000-000000000001"
#define GREEN "01900000-0000-7000-8000-000000000011"
#define COFFEE "01900000-0000-7000-8000-000000000002"

static const struct product_export_bounds bounds = {.time_ms = 5000, .idle_ms = 5000, .exports = 1};

static int set_up(void **state)
{
    (void)catalogue_set_up(state);
    run_sql(*state, "INSERT INTO category (id, parent_id, name, slug) VALUES ('" TEA "', NULL, 'Tea', 'tea'), ('" GREEN
                    "', '" TEA "', 'Green', 'green'), ('" COFFEE "', NULL, 'Coffee', 'coffee')");
    run_sql(*state, "INSERT INTO product (id, sku, name, price, currency, category_id, status, attributes, images, "
                    "group_key, created_at, updated_at, deleted_at) "
                    "SELECT gen_random_uuid(), 'Sku-' || n, 'Name ' || n, (n % 50) + 0.50, "
                    "(ARRAY['EUR', 'USD'])[n % 2 + 1], (ARRAY['" TEA "', '" GREEN "', '" COFFEE
                    "'])[n / 3 % 3 + 1]::uuid, (ARRAY['active', 'active', 'draft', 'archived'])[n / 5 % 4 + 1], "
                    "jsonb_build_object('size', n % 7, 'colour', (ARRAY['red', 'green'])[n / 2 % 2 + 1]), '[]', "
                    "'G' || n / 10, timestamptz '2025-06-01' + n * interval '1 s', "
                    "timestamptz '2025-06-02' + n * interval '1 s', CASE WHEN n % 11 = 0 THEN now() END "
                    "FROM generate_series(1, 1000) n");
    return 0;
}

/* Exports, and holds the ids against those of an SQL condition. */
static void assert_exports(struct database *database, const struct product_filter *filter, const char *condition)
{
    struct product_export *export = NULL;
    struct search_note note;
    struct record product;
    struct text ids = TEXT("");
    bool found = true;

    assert_int_equal(product_export_open(database->pg, &database->scope, filter, &bounds, &export, &note), STATUS_OK);
    while (found) {
        assert_int_equal(product_export_next(export, &database->scope, &product, &found), STATUS_OK);
        if (found) {
            ids = arena_printf(database->scope.arena, "%.*s%.*s ", TEXT_PRINT(ids),
                               TEXT_PRINT(product.value[PRODUCT_ID]));
        }
    }
    product_export_close(export);
    const char *wanted = ask(
        database,
        arena_printf(database->scope.arena,
                     "SELECT coalesce(string_agg(id || ' ', '' ORDER BY id), '') FROM product WHERE deleted_at IS NULL "
                     "AND %s",
                     condition)
            .data);
    assert_text(ids, wanted);
}

static void every_filter_counts(void **state)
{
    const struct {
        struct product_filter filter;
        const char *condition;
    } rows[] = {
        {{.statuses = 0}, "status = 'active'"},
        {{.statuses = 7}, "true"},
        {{.statuses = 6}, "status IN ('active', 'archived')"},
        {{.category_id = TEXT(TEA)}, "status = 'active' AND category_id = '" TEA "'"},
        {{.category_id = TEXT(TEA), .subtree = true}, "status = 'active' AND category_id IN ('" TEA "', '" GREEN "')"},
        {{.category_id = TEXT(COFFEE), .subtree = true}, "status = 'active' AND category_id = '" COFFEE "'"},
        {{.min_price = TEXT("10"), .max_price = TEXT("20.50")}, "status = 'active' AND price BETWEEN 10 AND 20.50"},
        {{.currency = TEXT("EUR"), .statuses = 7}, "currency = 'EUR'"},
        {{.sku = TEXT("SKU-7"), .statuses = 7}, "sku = 'Sku-7'"},
        {{.group_key = TEXT("G3"), .statuses = 7}, "group_key = 'G3'"},
        {{.attributes = {{TEXT("colour"), TEXT("green")}, {TEXT("size"), TEXT("3")}}, .attribute_count = 2},
         "status = 'active' AND attributes::jsonb @> '{\"colour\": \"green\", \"size\": 3}'"},
        {{.created_after = TEXT("2025-06-01T00:08:20.000000Z"),
          .updated_after = TEXT("2025-06-02T00:10:00.000000Z"),
          .statuses = 7},
         "created_at > '2025-06-01 00:08:20Z' AND updated_at > '2025-06-02 00:10:00Z'"},
        {{.sku = TEXT("none")}, "false"},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        (void)database_reset(state);
        assert_exports(*state, &rows[i].filter, rows[i].condition);
    }
}

static void ids_are_a_filter(void **state)
{
    struct database *database = *state;
    struct product_filter filter = {.statuses = 7, .id_count = 2};

    filter.ids[0] = text_of(ask(database, "SELECT id FROM product WHERE sku = 'Sku-20'"));
    filter.ids[1] = text_of(ask(database, "SELECT id FROM product WHERE sku = 'Sku-22'")); /* a deleted one */
    assert_exports(database, &filter, "sku = 'Sku-20'");
}

static void records_are_whole(void **state)
{
    struct database *database = *state;
    const struct product_filter filter = {.sku = TEXT("sku-1")};
    struct product_export *export = NULL;
    struct search_note note;
    struct record product;
    bool found = false;

    assert_int_equal(product_export_open(database->pg, &database->scope, &filter, &bounds, &export, &note), STATUS_OK);
    assert_int_equal(product_export_next(export, &database->scope, &product, &found), STATUS_OK);
    assert_true(found);
    assert_text(product.value[PRODUCT_SKU], "Sku-1");
    assert_text(product.value[PRODUCT_DESCRIPTION], NULL);
    assert_text(product.value[PRODUCT_PRICE], "1.50");
    assert_text(product.value[PRODUCT_CREATED_AT], "2025-06-01T00:00:01.000000Z");
    assert_text(product.value[PRODUCT_UPDATED_AT], "2025-06-02T00:00:01.000000Z");
    assert_text(product.value[PRODUCT_VERSION], "1");
    assert_int_equal(product_export_next(export, &database->scope, &product, &found), STATUS_OK);
    assert_false(found);
    product_export_close(export);
}

static void no_more_than_may_run_at_once(void **state)
{
    struct database *database = *state;
    const struct product_filter filter = {0};
    struct product_export *first = NULL, *second = NULL;
    struct search_note note;

    assert_int_equal(product_export_open(database->pg, &database->scope, &filter, &bounds, &first, &note), STATUS_OK);
    assert_true(product_export_xmin(first) > 0);
    assert_int_equal(product_export_open(database->pg, &database->scope, &filter, &bounds, &second, &note),
                     STATUS_TOO_LARGE);
    assert_null(second);
    product_export_close(first);
    product_export_close(NULL);
}

/* The catalogue is not sorted first, which would take its size in files of Postgres, and until then no row would come. */
static void the_order_is_that_of_the_key(void **state)
{
    struct database *database = *state;
    run_sql(database, "ANALYZE product");
    const char *plan = ask(database, "EXPLAIN (FORMAT JSON) DECLARE c CURSOR FOR SELECT * FROM product "
                                     "WHERE deleted_at IS NULL AND status IN ('active') ORDER BY id");

    assert_non_null(strstr(plan, "product_pkey"));
    assert_null(strstr(plan, "Sort"));
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, database_reset)
    const struct CMUnitTest tests[] = {
        TEST(every_filter_counts),
        TEST(ids_are_a_filter),
        TEST(records_are_whole),
        TEST(no_more_than_may_run_at_once),
        TEST(the_order_is_that_of_the_key),
    };

    return cmocka_run_group_tests(tests, set_up, database_tear_down);
}

/* Tests of the tables in domain/product.h and domain/category.h. */
#include "domain/category.h"
#include "domain/product.h"

#include "../base/check.h"

#include <string.h>

static const struct schema *const schemas[] = {&product_schema, &category_schema};

static void every_field_is_filled_in(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(schemas); i++) {
        const struct schema *schema = schemas[i];
        assert_true(schema->count <= FIELDS_MAX);
        for (size_t j = 0; j < schema->count; j++) {
            const struct field *field = &schema->fields[j];
            assert_non_null(field->name);
            assert_row(field->prose != NULL && strlen(field->prose) > 10, field->name);
            assert_row(strchr(field->prose, '\n') == NULL, field->name);
            /* what the server makes is not asked for, what is required has no default */
            assert_row((field->flags & FIELD_SERVER) == 0 || field->flags == FIELD_SERVER, field->name);
            assert_row((field->flags & FIELD_REQUIRED) == 0 || field->default_value == NULL, field->name);
            assert_row((field->flags & FIELD_REQUIRED) == 0 || (field->flags & FIELD_NULLABLE) == 0, field->name);
        }
    }
}

static void fields_are_found_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(schemas); i++) {
        for (size_t j = 0; j < schemas[i]->count; j++) {
            assert_int_equal(schema_find(schemas[i], text_of(schemas[i]->fields[j].name)), j);
        }
        assert_int_equal(schema_find(schemas[i], TEXT("Name")), -1);
        assert_int_equal(schema_find(schemas[i], TEXT("nam")), -1);
        assert_int_equal(schema_find(schemas[i], TEXT("name\0")), -1);
        assert_int_equal(schema_find(schemas[i], TEXT("")), -1);
        assert_int_equal(schema_find(schemas[i], TEXT_ABSENT), -1);
    }
}

/* Clients rely on the names, and people on the order. */
static void fields_stand_in_the_order_of_the_contract(void **state)
{
    (void)state;
    static const char *const product[] = {"id",        "sku",         "name",       "description", "price",
                                          "currency",  "category_id", "status",     "attributes",  "images",
                                          "group_key", "version",     "created_at", "updated_at"};
    static const char *const category[] = {"id",       "parent_id", "name",       "slug",
                                           "position", "version",   "created_at", "updated_at"};
    assert_int_equal(product_schema.count, COUNT_OF(product));
    for (size_t i = 0; i < COUNT_OF(product); i++) {
        assert_string_equal(product_schema.fields[i].name, product[i]);
    }
    assert_int_equal(category_schema.count, COUNT_OF(category));
    for (size_t i = 0; i < COUNT_OF(category); i++) {
        assert_string_equal(category_schema.fields[i].name, category[i]);
    }
    assert_string_equal(product_schema.name, "product");
    assert_string_equal(category_schema.name, "category");
}

/* A default would otherwise be a value that a client may not send. */
static void defaults_keep_their_own_rules(void **state)
{
    (void)state;
    struct arena *arena = arena_new(4096);
    struct faults faults;
    faults_init(&faults, arena);
    for (size_t i = 0; i < COUNT_OF(schemas); i++) {
        for (size_t j = 0; j < schemas[i]->count; j++) {
            const struct field *field = &schemas[i]->fields[j];
            struct text value = text_of(field->default_value);
            assert_row(value.data == NULL || field_check(field, &value, "", &faults), field->name);
        }
    }
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_field_is_filled_in),
        cmocka_unit_test(fields_are_found_by_name),
        cmocka_unit_test(fields_stand_in_the_order_of_the_contract),
        cmocka_unit_test(defaults_keep_their_own_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

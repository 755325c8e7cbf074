/* Tests of src/store/pg_array.h: what Postgres makes of the arrays, in every way in which a statement may be sent. */
#include "../../../src/store/pg_array.h"

#include "../database.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* NULL stands for an absent one. */
static const char *const elements[] = {
    "plain", NULL, "", "NULL", "{\"a\": [1, \"b\\\\c\"]}", "a,b", "\\", " spaced ", "caf\xc3\xa9", "line\nline",
};

static struct text element(size_t i)
{
    return elements[i] == NULL ? TEXT_ABSENT : text_of(elements[i]);
}

/* A row for each element; beside an array that is text, to see that the two may be mixed. */
static const char sql[] =
    "SELECT e, e IS NULL, $1::text, $3::text FROM unnest($2::text[]) WITH ORDINALITY a (e, place) "
    "ORDER BY place";

static void check(const struct pg_result *result)
{
    assert_int_equal(pg_rows(result), LENGTH(elements));
    for (size_t i = 0; i < LENGTH(elements); i++) {
        assert_int_equal(pg_is_true(result, i, 1), elements[i] == NULL);
        assert_true(text_equal(pg_value(result, i, 0), element(i)));
        assert_text(pg_value(result, i, 2), "before");
        assert_text(pg_value(result, i, 3), "behind");
    }
}

static void elements_arrive_as_they_are(void **state)
{
    struct database *database = *state;
    struct pg_result *result = NULL;
    struct pg_array array;
    struct text values[3] = {TEXT("before"), TEXT_ABSENT, TEXT("behind")};
    bool full = false;

    pg_array_init(&array);
    for (size_t i = 0; i < LENGTH(elements); i++) {
        pg_array_append(&array, element(i));
    }
    assert_true(pg_array_end(&array, &values[1]));
    assert_int_equal(
        pg_exec_arrays(database->pg, &database->scope, "array", sql, true, values, 3, PG_ARRAYS(1, 1), &result),
        STATUS_OK);
    check(result);
    assert_int_equal(pg_rehearse(database->pg, &database->scope, sql, values, 3, PG_ARRAYS(1, 1), &result), STATUS_OK);
    check(result);
    assert_int_equal(pg_read_bounded(database->pg, &database->scope, "array", sql, 1 << 20, values, 3, PG_ARRAYS(1, 1),
                                     &result, &full),
                     STATUS_OK);
    check(result);
    assert_false(full);
    pg_array_free(&array);
}

/* How many elements the array has, or what is wrong with it. */
static enum status count(struct database *database, const struct pg_array *array, struct text value,
                         const char *expected)
{
    struct pg_result *result = NULL;
    enum status status = pg_exec_arrays(database->pg, &database->scope, "array_count",
                                        "SELECT cardinality($1::text[]), coalesce(length($1[1]), -1)", true, &value, 1,
                                        PG_ARRAYS(0, 1), &result);

    assert_true(value.data == array->bytes.data);
    if (status == STATUS_OK) {
        assert_text(
            arena_printf(database->scope.arena, "%s %s", pg_value(result, 0, 0).data, pg_value(result, 0, 1).data),
            expected);
    }
    return status;
}

static void arrays_may_be_empty_and_large(void **state)
{
    struct database *database = *state;
    const size_t size = (size_t)3 << 20;
    char *large = malloc(size);
    struct pg_array array;
    struct text value;

    assert_non_null(large);
    memset(large, 'x', size);
    pg_array_init(&array);
    assert_true(pg_array_end(&array, &value));
    assert_int_equal(count(database, &array, value, "0 -1"), STATUS_OK);
    pg_array_free(&array);
    for (int i = 0; i < 10; i++) {
        pg_array_append(&array, (struct text){.data = large, .length = size});
    }
    assert_true(pg_array_end(&array, &value));
    assert_int_equal(count(database, &array, value, "10 3145728"), STATUS_OK);
    pg_array_free(&array);
    free(large);
}

static void a_nul_is_refused_as_in_other_values(void **state)
{
    struct database *database = *state;
    struct pg_array array;
    struct text value;

    pg_array_init(&array);
    pg_array_append(&array, (struct text){.data = "a\0b", .length = 3});
    assert_true(pg_array_end(&array, &value));
    assert_int_equal(count(database, &array, value, ""), STATUS_INVALID);
    pg_array_free(&array);
}

static void beyond_its_bound_an_array_has_no_value(void **state)
{
    (void)state;
    struct pg_array array;
    struct text value;

    pg_array_init(&array);
    array.bytes.bound = 64;
    pg_array_append(&array, TEXT("fits"));
    pg_array_append(&array, TEXT("this does not fit, with the header and what is there"));
    pg_array_append(&array, TEXT("x"));
    assert_false(pg_array_end(&array, &value));
    pg_array_free(&array);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(elements_arrive_as_they_are, database_reset),
        cmocka_unit_test_setup(arrays_may_be_empty_and_large, database_reset),
        cmocka_unit_test_setup(a_nul_is_refused_as_in_other_values, database_reset),
        cmocka_unit_test_setup(beyond_its_bound_an_array_has_no_value, database_reset),
    };
    return cmocka_run_group_tests(tests, database_set_up, database_tear_down);
}

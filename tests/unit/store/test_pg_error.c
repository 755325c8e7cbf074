/* Tests of src/store/pg_error.c: what a SQLSTATE means. */
#include "../../../src/store/pg_internal.h"

#include "../base/check.h"

static void each_sqlstate_has_its_status(void **state)
{
    static const struct {
        const char *sqlstate;
        enum status status;
    } rows[] = {
        {"23505", STATUS_CONFLICT},    {"23P01", STATUS_CONFLICT},    {"23503", STATUS_NOT_FOUND},
        {"23502", STATUS_INVALID},     {"23514", STATUS_INVALID},     {"22P02", STATUS_INVALID},
        {"22003", STATUS_INVALID},     {"57P01", STATUS_UNAVAILABLE}, {"57P02", STATUS_UNAVAILABLE},
        {"57P03", STATUS_UNAVAILABLE}, {"53300", STATUS_UNAVAILABLE}, {"53100", STATUS_READ_ONLY},
        {"08006", STATUS_UNAVAILABLE}, {"25006", STATUS_READ_ONLY},   {"40001", STATUS_UNAVAILABLE},
        {"40P01", STATUS_UNAVAILABLE}, {"57014", STATUS_DEADLINE},    {"55P03", STATUS_DEADLINE},
        {"42601", STATUS_INTERNAL},    {"42P01", STATUS_INTERNAL},    {"23001", STATUS_INTERNAL},
        {"XX000", STATUS_INTERNAL},    {"", STATUS_INTERNAL},         {NULL, STATUS_INTERNAL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(pg_error_status(rows[i].sqlstate) == rows[i].status, rows[i].sqlstate);
    }
}

static void what_may_be_tried_again_is_known(void **state)
{
    (void)state;
    assert_true(pg_error_is_transient("40001"));
    assert_true(pg_error_is_transient("40P01"));
    assert_false(pg_error_is_transient("40002"));
    assert_false(pg_error_is_transient(NULL));
    assert_true(pg_error_is_unprepared("26000"));
    assert_true(pg_error_is_unprepared("42P05"));
    assert_true(pg_error_is_unprepared("0A000"));
    assert_false(pg_error_is_unprepared("23505"));
    assert_false(pg_error_is_unprepared(NULL));
    assert_false(pg_error_is_farewell(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_sqlstate_has_its_status),
        cmocka_unit_test(what_may_be_tried_again_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

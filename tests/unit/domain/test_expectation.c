/* Tests of domain/expectation.h. */
#include "domain/expectation.h"

#include "../base/check.h"

static const struct expectation nothing = {.match = true};
static const struct expectation whatever = {.match = true, .any = true};
static const struct expectation some = {.match = true, .versions = {3, 7, 5}, .version_count = 3};

static void an_expectation_names_its_versions(void **state)
{
    (void)state;
    assert_true(expectation_names(&some, 3));
    assert_true(expectation_names(&some, 5));
    assert_true(expectation_names(&some, 7));
    assert_false(expectation_names(&some, 4));
    assert_false(expectation_names(&some, 0)); /* behind those that are set */
    assert_true(expectation_names(&whatever, 4));
    assert_false(expectation_names(&nothing, 4));
}

static void the_newest_version_is_what_the_client_knows(void **state)
{
    (void)state;
    assert_int_equal(expectation_newest(&some), 7);
    assert_int_equal(expectation_newest(&whatever), 0);
    assert_int_equal(expectation_newest(&nothing), 0);
}

static void a_change_is_merged_with_later_ones_alone(void **state)
{
    struct expectation disjoint = some;

    (void)state;
    assert_false(expectation_merges(&some, 8)); /* it does not ask for it */
    disjoint.disjoint = true;
    assert_true(expectation_merges(&disjoint, 8));
    assert_false(expectation_merges(&disjoint, 7));
    assert_false(expectation_merges(&disjoint, 6)); /* a version that there has not been */
    disjoint.version_count = 0;
    assert_false(expectation_merges(&disjoint, 8));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_expectation_names_its_versions),
        cmocka_unit_test(the_newest_version_is_what_the_client_knows),
        cmocka_unit_test(a_change_is_merged_with_later_ones_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

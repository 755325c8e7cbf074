/* Tests of domain/fault.h. */
#include "domain/fault.h"

#include "../base/check.h"

#include <string.h>

static struct faults faults;

static int make_faults(void **state)
{
    *state = arena_new(4096);
    memset(&faults, 0xFF, sizeof faults);
    faults_init(&faults, *state);
    return 0;
}

static int free_faults(void **state)
{
    arena_free(*state);
    return 0;
}

static void copies_what_it_is_given(void **state)
{
    (void)state;
    assert_int_equal(faults.count, 0);
    assert_false(faults.truncated);
    char where[] = "/name";
    faults_add(&faults, FAULT_IN_BODY, where, "too_long", "has %d of %s", 201, "them");
    where[1] = 'X';
    faults_add(&faults, FAULT_IN_HEADER, "Accept", "x", "100 %%");
    assert_int_equal(faults.count, 2);
    assert_int_equal(faults.item[0].place, FAULT_IN_BODY);
    assert_string_equal(faults.item[0].where, "/name");
    assert_string_equal(faults.item[0].code, "too_long");
    assert_string_equal(faults.item[0].detail, "has 201 of them");
    assert_int_equal(faults.item[1].place, FAULT_IN_HEADER);
    assert_string_equal(faults.item[1].detail, "100 %");
}

static void keeps_the_first_hundred(void **state)
{
    (void)state;
    for (int i = 0; i < FAULTS_MAX; i++) {
        faults_add(&faults, FAULT_IN_PARAMETER, "limit", "x", "%d", i);
        assert_false(faults.truncated);
    }
    size_t before = arena_footprint(faults.arena);
    for (int i = 0; i < 10000; i++) {
        faults_add(&faults, FAULT_IN_PARAMETER, "limit", "x", "%d", i);
    }
    assert_true(faults.truncated);
    assert_int_equal(faults.count, FAULTS_MAX);
    assert_string_equal(faults.item[FAULTS_MAX - 1].detail, "99");
    assert_int_equal(arena_footprint(faults.arena), before);
}

/* RFC 6901, section 5. */
static void pointers_are_escaped(void **state)
{
    struct arena *arena = *state;
    assert_string_equal(fault_pointer(arena, "", TEXT("foo")), "/foo");
    assert_string_equal(fault_pointer(arena, "", TEXT("")), "/");
    assert_string_equal(fault_pointer(arena, "", TEXT("a/b")), "/a~1b");
    assert_string_equal(fault_pointer(arena, "", TEXT("m~n")), "/m~0n");
    assert_string_equal(fault_pointer(arena, "", TEXT("~1")), "/~01");
    assert_string_equal(fault_pointer(arena, "/attributes", TEXT("~/~/")), "/attributes/~0~1~0~1");
    assert_string_equal(fault_pointer_index(arena, "/images", 0), "/images/0");
    assert_string_equal(fault_pointer_index(arena, "", SIZE_MAX), "/18446744073709551615");
}

#define WITH_FAULTS(test) cmocka_unit_test_setup_teardown(test, make_faults, free_faults)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FAULTS(copies_what_it_is_given),
        WITH_FAULTS(keeps_the_first_hundred),
        WITH_FAULTS(pointers_are_escaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of base/resolver.h, with names that /etc/hosts has. What happens where no name server answers is tested with the
 * service. */
#include "base/resolver.h"

#include "base/clock.h"
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void wait_for(struct resolver *resolver)
{
    assert_true(resolver_wait(resolver, clock_deadline_in_ms(20000)));
}

static void assert_address(const char *hosts, const char *wanted)
{
    char address[RESOLVER_ADDRESS_SIZE];
    struct resolver *resolver = resolver_new(hosts);
    wait_for(resolver);
    assert_null(resolver_fault(resolver));
    assert_true(resolver_address(resolver, address));
    assert_string_equal(address, wanted);
    resolver_free(resolver);
}

static void digits_are_no_name(void **state)
{
    (void)state;
    struct resolver *resolver = resolver_new("192.0.2.1,2001:db8::1,/run/postgresql,,@abstract");
    assert_true(resolver_wait(resolver, 0)); /* without a wait */
    assert_null(resolver_fault(resolver));
    resolver_free(resolver);
    assert_address("192.0.2.1", "192.0.2.1");
    assert_address("2001:db8::1", "2001:db8::1");
}

static void a_name_has_an_address(void **state)
{
    (void)state;
    assert_address("localhost", "127.0.0.1");
    assert_address("localhost,192.0.2.1", "127.0.0.1");
}

static void a_lookup_is_gone_on_with(void **state)
{
    (void)state;
    struct resolver *resolver = resolver_new("localhost");
    for (int i = 0; i < 1000 && !resolver_wait(resolver, 0); i++) {
    }
    wait_for(resolver);
    assert_null(resolver_fault(resolver));
    wait_for(resolver); /* anew */
    assert_null(resolver_fault(resolver));
    resolver_free(resolver);
}

/* No name server is asked for these: a label is too long, and what is longer than any name is cut. */
static void what_cannot_be_a_name_is_not_found(void **state)
{
    (void)state;
    char name[400];
    char address[RESOLVER_ADDRESS_SIZE];
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    struct resolver *resolver = resolver_new(name);
    wait_for(resolver);
    assert_non_null(resolver_fault(resolver));
    assert_false(resolver_address(resolver, address));
    resolver_free(resolver);
}

static void one_host_that_is_found_is_enough(void **state)
{
    (void)state;
    char names[400];
    memset(names, 'a', sizeof names - 1);
    (void)snprintf(names + 300, sizeof names - 300, ",localhost");
    struct resolver *resolver = resolver_new(names);
    wait_for(resolver);
    assert_null(resolver_fault(resolver));
    resolver_free(resolver);
}

static void it_may_be_freed_at_any_time(void **state)
{
    (void)state;
    resolver_free(NULL);
    resolver_free(resolver_new("localhost"));
    for (int i = 0; i < 20; i++) {
        struct resolver *resolver = resolver_new("localhost");
        (void)resolver_wait(resolver, 0);
        resolver_free(resolver);
    }
}

/* Of threads that were left behind valgrind would miss what they have not freed yet. */
static int let_threads_end(void **state)
{
    (void)state;
    return usleep(500000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_no_name),
        cmocka_unit_test(a_name_has_an_address),
        cmocka_unit_test(a_lookup_is_gone_on_with),
        cmocka_unit_test(what_cannot_be_a_name_is_not_found),
        cmocka_unit_test(one_host_that_is_found_is_enough),
        cmocka_unit_test(it_may_be_freed_at_any_time),
    };
    return cmocka_run_group_tests(tests, NULL, let_threads_end);
}

/* Tests of src/server/connection_table.c: its bound, and what is closed for having waited too long. */
#include "../../../src/server/connection_table.h"

#include "../base/check.h"
#include "base/clock.h"

#include <sys/socket.h>
#include <unistd.h>

#define CAPACITY 3
#define SILENT_MS INT64_C(2000)

static struct connection *open_one(struct connection_table *table, enum connection_state state, int64_t since_ns)
{
    struct connection *connection = connection_table_take(table);

    assert_non_null(connection);
    assert_true(connection_open(connection, socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 1000, since_ns));
    connection->state = state;
    return connection;
}

static void as_many_as_its_capacity(void **state)
{
    struct connection_table table;
    struct connection *taken[CAPACITY];

    (void)state;
    connection_table_init(&table, CAPACITY);
    for (size_t i = 0; i < CAPACITY; i++) {
        taken[i] = connection_table_take(&table);
        assert_non_null(taken[i]);
        assert_int_equal(taken[i]->state, CONNECTION_CLOSED);
    }
    assert_ptr_not_equal(taken[0], taken[1]);
    assert_int_equal(table.open, CAPACITY);
    assert_null(connection_table_take(&table));
    connection_table_give_back(&table, taken[1]);
    assert_int_equal(table.open, CAPACITY - 1);
    assert_ptr_equal(connection_table_take(&table), taken[1]);
    connection_table_free(&table);
}

static void an_offer_over_which_nothing_comes_is_closed_like_the_silent(void **state)
{
    const int64_t start_ns = 1000 * CLOCK_NS_PER_S;
    struct connection_table table;
    const struct connection *offer;

    (void)state;
    connection_table_init(&table, CAPACITY);
    offer = open_one(&table, CONNECTION_OFFER, start_ns);
    connection_table_sweep(&table, start_ns + (SILENT_MS - 1) * CLOCK_NS_PER_MS, SILENT_MS);
    assert_int_equal(offer->state, CONNECTION_OFFER);
    connection_table_sweep(&table, start_ns + 2 * SILENT_MS * CLOCK_NS_PER_MS, SILENT_MS);
    assert_int_equal(offer->state, CONNECTION_CLOSED);
    assert_int_equal(table.open, 0);
    connection_table_free(&table);
}

static void the_silent_and_the_lingering_are_closed_in_time(void **state)
{
    const int64_t start_ns = 1000 * CLOCK_NS_PER_S;
    struct connection_table table;
    struct connection *silent, *kept, *lingering;

    (void)state;
    connection_table_init(&table, CAPACITY);
    silent = open_one(&table, CONNECTION_NEW, start_ns);
    kept = open_one(&table, CONNECTION_KEPT, start_ns);
    lingering = open_one(&table, CONNECTION_LINGERING, start_ns);

    connection_table_sweep(&table, start_ns + 600 * CLOCK_NS_PER_MS, SILENT_MS);
    assert_int_equal(table.open, 3);
    connection_table_sweep(&table, start_ns + 1000 * CLOCK_NS_PER_MS, SILENT_MS); /* looked a moment ago */
    assert_int_equal(table.open, 3);
    connection_table_sweep(&table, start_ns + 1200 * CLOCK_NS_PER_MS, SILENT_MS);
    assert_int_equal(lingering->state, CONNECTION_CLOSED);
    assert_int_equal(table.open, 2);
    connection_table_sweep(&table, start_ns + SILENT_MS * CLOCK_NS_PER_MS, SILENT_MS);
    assert_int_equal(silent->state, CONNECTION_CLOSED);
    assert_int_equal(table.open, 1);
    connection_table_sweep(&table, start_ns + 1000 * SILENT_MS * CLOCK_NS_PER_MS, SILENT_MS);
    assert_int_equal(kept->state, CONNECTION_KEPT);
    connection_table_free(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_many_as_its_capacity),
        cmocka_unit_test(the_silent_and_the_lingering_are_closed_in_time),
        cmocka_unit_test(an_offer_over_which_nothing_comes_is_closed_like_the_silent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

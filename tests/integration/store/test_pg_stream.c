/* Tests of store/pg_stream.h: rows of any number out of one snapshot, slots, and what is left behind by every end. */
#include "store/pg_stream.h"

#include "../database.h"

#include <poll.h>

#define CLASS 4180
#define COUNTED "SELECT n, repeat('x', 100) FROM numbers ORDER BY n"

struct counting {
    struct waiter waiter; /* first */
    unsigned waits;
    unsigned off_after; /* waits; 0: never */
    enum waited off_as;
};

/* As the worker's own, and counted. */
static enum waited wait_counted(struct waiter *waiter, int fd, short events, int64_t deadline_ns)
{
    struct counting *counting = (struct counting *)waiter;
    struct pollfd waited = {.fd = fd, .events = events};

    counting->waits++;
    if (counting->off_after != 0 && counting->waits >= counting->off_after) {
        return counting->off_as;
    }
    return poll(&waited, 1, clock_poll_timeout(deadline_ns)) > 0 ? WAITED_READY : WAITED_LATE;
}

static struct pg_stream_options options_of(struct waiter *waiter, uint32_t slots)
{
    return (struct pg_stream_options){
        .name = "test stream",
        .waiter = waiter,
        .statement_ms = 5000,
        .idle_ms = 5000,
        .slot_class = CLASS,
        .slots = slots,
    };
}

static int set_up(void **state)
{
    (void)database_set_up(state);
    run_sql(*state,
            "CREATE TABLE numbers (n integer PRIMARY KEY); INSERT INTO numbers SELECT generate_series(1, 5000)");
    return 0;
}

static struct pg_stream *open_with(struct database *database, const struct pg_stream_options *options, const char *sql)
{
    struct pg_stream *stream = NULL;

    assert_int_equal(pg_stream_open(database->pg, &database->scope, options, sql, NULL, 0, &stream), STATUS_OK);
    return stream;
}

static struct pg_stream *open_stream(struct database *database, const char *sql)
{
    const struct pg_stream_options options = options_of(NULL, 1);

    return open_with(database, &options, sql);
}

/* Reads on to the end; the rows that came. Their first column counts up from first. */
static unsigned read_to_end(struct database *database, struct pg_stream *stream, unsigned first)
{
    const struct pg_result *row = NULL;
    unsigned count = 0;

    for (;;) {
        assert_int_equal(pg_stream_next(stream, &database->scope, &row), STATUS_OK);
        if (row == NULL) {
            return count;
        }
        uint64_t n = 0;
        assert_int_equal(pg_rows(row), 1);
        assert_true(text_to_u64(pg_value(row, 0, 0), &n));
        assert_int_equal(n, first + count);
        count++;
    }
}

/* Waits until nothing of a stream is left at the server: the end of a session comes a moment after that of its socket. */
static void assert_gone(struct database *database)
{
    const int64_t until_ns = clock_deadline_in_ms(3000);

    while (strcmp(ask(database, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'test stream'"), "0") !=
           0) {
        assert_true(clock_monotonic_ns() < until_ns);
        (void)usleep(10000);
    }
}

static void all_rows_come_in_order(void **state)
{
    struct database *database = *state;
    struct pg_stream *stream = open_stream(database, COUNTED);
    const struct pg_result *row = NULL;

    assert_int_equal(read_to_end(database, stream, 1), 5000);
    assert_int_equal(pg_stream_next(stream, &database->scope, &row), STATUS_OK);
    assert_null(row);
    pg_stream_close(stream);
    assert_gone(database);
}

/* Fetches are of 200: whole ones, none, and one more and less. */
static void any_number_of_rows_comes(void **state)
{
    static const unsigned counts[] = {0, 1, 199, 200, 201, 400, 401};

    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        struct database *database = *state;
        struct pg_stream *stream =
            open_stream(database, arena_printf(database->scope.arena, "SELECT generate_series(1, %u)", counts[i]).data);

        assert_int_equal(read_to_end(database, stream, 1), counts[i]);
        pg_stream_close(stream);
        assert_gone(database);
    }
}

static void parameters_are_values(void **state)
{
    struct database *database = *state;
    const struct pg_stream_options options = options_of(NULL, 1);
    const struct text parameters[] = {TEXT("4990"), TEXT_ABSENT, TEXT("it's; $1 \\ --")};
    const struct text nul[] = {{.data = "a\0b", .length = 3}};
    const struct pg_result *row = NULL;
    struct pg_stream *stream = NULL;

    assert_int_equal(pg_stream_open(database->pg, &database->scope, &options,
                                    "SELECT n, $2::text, $3::text FROM numbers WHERE n > $1 ORDER BY n", parameters, 3,
                                    &stream),
                     STATUS_OK);
    assert_int_equal(pg_stream_next(stream, &database->scope, &row), STATUS_OK);
    assert_text(pg_value(row, 0, 1), NULL);
    assert_text(pg_value(row, 0, 2), "it's; $1 \\ --");
    assert_int_equal(read_to_end(database, stream, 4992), 9);
    pg_stream_close(stream);
    assert_int_equal(pg_stream_open(database->pg, &database->scope, &options, "SELECT $1::text", nul, 1, &stream),
                     STATUS_INVALID);
    assert_gone(database);
}

static void it_shows_one_snapshot(void **state)
{
    struct database *database = *state;
    struct pg_stream *stream = open_stream(database, COUNTED);
    const struct pg_result *row = NULL;

    assert_int_equal(pg_stream_next(stream, &database->scope, &row), STATUS_OK);
    run_sql(database, "DELETE FROM numbers WHERE n > 4000; INSERT INTO numbers VALUES (6000)");
    assert_int_equal(read_to_end(database, stream, 2), 4999);
    pg_stream_close(stream);
    run_sql(database, "DELETE FROM numbers; INSERT INTO numbers SELECT generate_series(1, 5000)");
}

/* What was begun and is not ended when the snapshot is taken has an xid of at least its xmin; what had ended, a lower. */
static void xmin_parts_what_is_in_from_what_may_not_be(void **state)
{
    struct database *database = *state;
    const uint64_t ended = strtoull(ask(database, "SELECT pg_current_xact_id()::text"), NULL, 10);
    struct pg_stream *stream = open_stream(database, COUNTED);
    const uint64_t later = strtoull(ask(database, "SELECT pg_current_xact_id()::text"), NULL, 10);

    assert_true(ended < pg_stream_xmin(stream));
    assert_true(pg_stream_xmin(stream) <= later);
    pg_stream_close(stream);
}

static void slots_bound_their_number(void **state)
{
    struct database *database = *state;
    const struct pg_stream_options options = options_of(NULL, 2);
    struct pg_stream *first = open_with(database, &options, COUNTED);
    struct pg_stream *second = open_with(database, &options, COUNTED);
    struct pg_stream *third = NULL;

    assert_int_equal(pg_stream_open(database->pg, &database->scope, &options, COUNTED, NULL, 0, &third),
                     STATUS_TOO_LARGE);
    assert_null(third);
    /* The slot is free at the end, and not only when the connection is closed. */
    assert_int_equal(read_to_end(database, first, 1), 5000);
    third = open_with(database, &options, COUNTED);
    pg_stream_close(first);
    /* And soon where it ends half way. */
    pg_stream_close(second);
    pg_stream_close(third);
    assert_gone(database);
    first = open_with(database, &options, COUNTED);
    second = open_with(database, &options, COUNTED);
    pg_stream_close(first);
    pg_stream_close(second);
    assert_gone(database);
}

static void the_worker_s_connection_stays_free(void **state)
{
    struct database *database = *state;
    struct pg_stream *stream = open_stream(database, COUNTED);
    const struct pg_result *row = NULL;

    for (unsigned i = 0; i < 300; i++) {
        assert_int_equal(pg_stream_next(stream, &database->scope, &row), STATUS_OK);
        assert_string_equal(ask(database, "SELECT 7"), "7");
    }
    pg_stream_close(stream);
    assert_gone(database);
}

static void every_wait_is_the_waiter_s(void **state)
{
    struct database *database = *state;
    struct counting counting = {.waiter = {.wait = wait_counted}};
    const struct pg_stream_options options = options_of(&counting.waiter, 1);
    struct pg_stream *stream = open_with(database, &options, COUNTED);

    assert_true(counting.waits >= 2);
    assert_int_equal(read_to_end(database, stream, 1), 5000);
    assert_true(counting.waits >= 5000 / 200);
    pg_stream_close(stream);
    assert_gone(database);
}

static void a_wait_that_is_called_off_ends_it(void **state)
{
    struct database *database = *state;

    for (unsigned after = 1; after < 12; after++) {
        struct counting counting = {
            .waiter = {.wait = wait_counted}, .off_after = after, .off_as = after % 2 == 0 ? WAITED_OFF : WAITED_LATE};
        const struct pg_stream_options options = options_of(&counting.waiter, 1);
        struct pg_stream *stream = NULL;
        const struct pg_result *row = NULL;
        enum status status = pg_stream_open(database->pg, &database->scope, &options, COUNTED, NULL, 0, &stream);

        for (unsigned i = 0; status == STATUS_OK && i < 5001; i++) {
            status = pg_stream_next(stream, &database->scope, &row);
        }
        assert_int_equal(status, STATUS_DEADLINE);
        pg_stream_close(stream);
        assert_gone(database);
    }
}

static void a_statement_that_takes_too_long_is_ended(void **state)
{
    struct database *database = *state;
    struct pg_stream_options options = options_of(NULL, 1);
    const struct pg_result *row = NULL;
    struct pg_stream *stream = NULL;

    /* By the server. */
    options.statement_ms = 200;
    stream = open_with(database, &options, "SELECT pg_sleep(20)");
    assert_int_equal(pg_stream_next(stream, &database->scope, &row), STATUS_DEADLINE);
    pg_stream_close(stream);
    /* And here. */
    stream = open_stream(database, "SELECT pg_sleep(20)");
    database->scope.deadline_ns = clock_deadline_in_ms(100);
    assert_int_equal(pg_stream_next(stream, &database->scope, &row), STATUS_DEADLINE);
    pg_stream_close(stream);
    database_rearm(&database->scope);
    assert_gone(database);
}

/* As of a worker that hangs: the server does not wait for it, and gives the snapshot back. */
static void a_reader_that_stops_is_ended(void **state)
{
    struct database *database = *state;
    struct pg_stream_options options = options_of(NULL, 1);
    const struct pg_result *row = NULL;
    struct pg_stream *stream;

    options.idle_ms = 200;
    stream = open_with(database, &options, COUNTED);
    assert_int_equal(pg_stream_next(stream, &database->scope, &row), STATUS_OK);
    assert_gone(database);
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < 300 && status == STATUS_OK; i++) {
        status = pg_stream_next(stream, &database->scope, &row);
    }
    assert_int_equal(status, STATUS_UNAVAILABLE);
    pg_stream_close(stream);
}

static void a_lost_connection_is_told(void **state)
{
    struct database *database = *state;
    const struct pg_result *row = NULL;
    struct pg_stream *stream = open_stream(database, COUNTED);
    enum status status = pg_stream_next(stream, &database->scope, &row);

    assert_int_equal(status, STATUS_OK);
    (void)ask(database, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                        "WHERE application_name = 'test stream'");
    for (unsigned i = 0; i < 5001 && status == STATUS_OK; i++) {
        status = pg_stream_next(stream, &database->scope, &row);
    }
    assert_int_equal(status, STATUS_UNAVAILABLE);
    pg_stream_close(stream);
    assert_gone(database);
}

static void a_wrong_statement_is_our_fault(void **state)
{
    struct database *database = *state;
    const struct pg_stream_options options = options_of(NULL, 1);
    struct pg_stream *stream = NULL;
    const struct pg_result *row = NULL;

    assert_int_equal(pg_stream_open(database->pg, &database->scope, &options, "SELECT nothing", NULL, 0, &stream),
                     STATUS_INTERNAL);
    assert_int_equal(pg_stream_open(database->pg, &database->scope, &options, "DELETE FROM numbers", NULL, 0, &stream),
                     STATUS_INTERNAL);
    stream = open_stream(database, "SELECT 1 / (n - 300) FROM numbers ORDER BY n");
    enum status status = STATUS_OK;
    for (unsigned i = 0; i < 301 && status == STATUS_OK; i++) {
        status = pg_stream_next(stream, &database->scope, &row);
    }
    assert_int_equal(status, STATUS_INTERNAL);
    pg_stream_close(stream);
    assert_gone(database);
}

static void without_a_server_it_is_unavailable(void **state)
{
    struct database *database = *state;
    const struct pg_stream_options options = options_of(NULL, 1);
    struct pg *nowhere = pg_new(&(struct pg_options){.url = "host=/nonexistent", .name = "test"});
    struct pg_stream *stream = NULL;

    assert_int_equal(pg_stream_open(nowhere, &database->scope, &options, COUNTED, NULL, 0, &stream),
                     STATUS_UNAVAILABLE);
    pg_free(nowhere);
    pg_stream_close(NULL);
}

/* A row of some megabytes is held for itself, and gone with the connection. */
static void large_rows_come_one_by_one(void **state)
{
    struct database *database = *state;
    struct pg_stream *stream = open_stream(database, "SELECT n, repeat('x', 3000000) FROM generate_series(1, 20) n");

    assert_int_equal(read_to_end(database, stream, 1), 20);
    pg_stream_close(stream);
    assert_gone(database);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup(function, database_reset)
    const struct CMUnitTest tests[] = {
        TEST(all_rows_come_in_order),
        TEST(any_number_of_rows_comes),
        TEST(parameters_are_values),
        TEST(it_shows_one_snapshot),
        TEST(xmin_parts_what_is_in_from_what_may_not_be),
        TEST(slots_bound_their_number),
        TEST(the_worker_s_connection_stays_free),
        TEST(every_wait_is_the_waiter_s),
        TEST(a_wait_that_is_called_off_ends_it),
        TEST(a_statement_that_takes_too_long_is_ended),
        TEST(a_reader_that_stops_is_ended),
        TEST(a_lost_connection_is_told),
        TEST(a_wrong_statement_is_our_fault),
        TEST(without_a_server_it_is_unavailable),
        TEST(large_rows_come_one_by_one),
    };

    return cmocka_run_group_tests(tests, set_up, database_tear_down);
}

/* Tests of src/server/connection.c over a pair of sockets: what reaches the handlers, and when a connection is kept. */
#include "../../../src/server/connection.h"

#include "../base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "fake_exchange.h"
#include "fake_front.h"

#include <fastcgi.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#define BODY_MAX 1000
#define DEADLINE_MS 5000
#define IO_TIMEOUT_MS INT64_C(200)

struct fixture {
    struct config config;
    struct app app;
    struct watchdog *watchdog;
    struct serving serving;
    struct connection connection;
    struct front *front;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.config = {.body_max = BODY_MAX, .deadline_ms = DEADLINE_MS}};
    fixture.app.config = &fixture.config;
    fake_exchange = (struct fake_exchange){.answer_size = 10};
    fixture.watchdog = watchdog_start(DEADLINE_MS);
    serving_init(&fixture.serving, &fixture.app);
    fixture.serving.watchdog = fixture.watchdog;
    fixture.front = front_open();
    *state = &fixture;
    return connection_open(&fixture.connection, fixture.front->worker_fd, IO_TIMEOUT_MS, 0) ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    connection_close(&fixture->connection);
    front_close(fixture->front);
    serving_free(&fixture->serving);
    watchdog_stop(fixture->watchdog);
    return 0;
}

/* Sends what the front has prepared, serves one request and receives. True where the connection ended. */
static bool exchange_once(struct fixture *fixture, bool last)
{
    front_send(fixture->front);
    connection_serve(&fixture->connection, &fixture->serving, last);
    return front_receive(fixture->front);
}

static void a_request_is_handed_down_and_answered(void **state)
{
    struct fixture *fixture = *state;

    front_request(fixture->front,
                  &(struct front_request){.method = "POST", .uri = "/a?b", .content_length = "3", .body = TEXT("xyz")});
    assert_false(exchange_once(fixture, false));
    assert_int_equal(fixture->connection.state, CONNECTION_KEPT);
    assert_int_equal(fake_exchange.served, 1);
    assert_int_equal(fake_exchange.method, METHOD_POST);
    assert_int_equal(fake_exchange.body_state, BODY_COMPLETE);
    assert_string_equal(fake_exchange.uri, "/a?b");
    assert_memory_equal(fake_exchange.body, "xyz", 3);
    assert_int_equal(fake_exchange.allowed_ns, DEADLINE_MS * CLOCK_NS_PER_MS);
    assert_true(front_received(fixture->front,
                               "Status: 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\n"
                               "aaaaaaaaaa"));
}

static void requests_follow_each_other_on_a_kept_connection(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned i = 1; i <= 100; i++) {
        front_request(fixture->front, &(struct front_request){.method = "GET", .uri = "/"});
        assert_false(exchange_once(fixture, false));
        assert_int_equal(fake_exchange.served, i);
        assert_int_equal(fake_exchange.body_length, 0);
    }
}

static void a_connection_that_is_not_to_be_kept_is_closed(void **state)
{
    struct fixture *fixture = *state;

    front_request(fixture->front, &(struct front_request){.method = "GET", .uri = "/", .close = true});
    assert_true(exchange_once(fixture, false));
    assert_true(front_received(fixture->front, "Status: 200"));
    assert_int_equal(fixture->connection.state, CONNECTION_CLOSED);
}

static void the_last_request_closes(void **state)
{
    struct fixture *fixture = *state;

    front_request(fixture->front, &(struct front_request){.method = "GET", .uri = "/"});
    assert_true(exchange_once(fixture, true));
    assert_true(front_received(fixture->front, "Status: 200"));
    assert_int_equal(fixture->connection.state, CONNECTION_CLOSED);
}

static void the_body_of_an_answer_to_head_is_not_sent(void **state)
{
    struct fixture *fixture = *state;

    front_request(fixture->front, &(struct front_request){.method = "HEAD", .uri = "/"});
    assert_false(exchange_once(fixture, false));
    assert_true(front_received(fixture->front, "Content-Length: 10\r\n\r\n"));
    assert_false(front_received(fixture->front, "aaaaaaaaaa"));
}

static void a_large_answer_comes_whole(void **state)
{
    struct fixture *fixture = *state;

    fake_exchange.answer_size = 150000;
    front_request(fixture->front, &(struct front_request){.method = "GET", .uri = "/"});
    assert_false(exchange_once(fixture, false));
    assert_true(fixture->front->answer_length > fake_exchange.answer_size);
    assert_int_equal(fixture->connection.state, CONNECTION_KEPT);
}

static void a_body_that_is_not_as_announced_is_malformed_and_ends_the_connection(void **state)
{
    static const struct {
        const char *announced;
        const char *body;
        enum body_state state;
    } rows[] = {
        {"3", "xy", BODY_MALFORMED},     {"3", "", BODY_MALFORMED},    {"3", "wxyz", BODY_MALFORMED},
        {NULL, "x", BODY_MALFORMED},     {"0", "x", BODY_MALFORMED},   {"-1", "x", BODY_MALFORMED},
        {"1 ", "x", BODY_MALFORMED},     {"0x1", "x", BODY_MALFORMED}, {"1001", "x", BODY_TOO_LARGE},
        {"1000000", "", BODY_TOO_LARGE},
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fixture *fixture;
        if (i > 0) {
            assert_int_equal(tear_down(state), 0);
            assert_int_equal(set_up(state), 0);
        }
        fixture = *state;
        front_request(fixture->front, &(struct front_request){.method = "POST",
                                                              .uri = "/",
                                                              .content_length = rows[i].announced,
                                                              .body = text_of(rows[i].body)});
        assert_row(exchange_once(fixture, false), rows[i].body);
        assert_row(fake_exchange.body_state == rows[i].state, rows[i].body);
        assert_row(fixture->connection.state == CONNECTION_LINGERING, rows[i].body);
        assert_row(front_received(fixture->front, "Status: 200"), rows[i].body);
    }
}

static void the_largest_body_is_taken(void **state)
{
    static char body[BODY_MAX];
    struct fixture *fixture = *state;

    memset(body, 'b', sizeof body);
    front_request(
        fixture->front,
        &(struct front_request){.method = "POST", .uri = "/", .content_length = "1000", .body = {body, sizeof body}});
    assert_false(exchange_once(fixture, false));
    assert_int_equal(fake_exchange.body_state, BODY_COMPLETE);
    assert_int_equal(fake_exchange.body_length, sizeof body);
    assert_memory_equal(fake_exchange.body, body, sizeof body);
}

static void what_lingers_is_dropped_until_the_front_closes(void **state)
{
    struct fixture *fixture = *state;

    front_request(fixture->front, &(struct front_request){.method = "POST", .uri = "/", .content_length = "9999"});
    assert_true(exchange_once(fixture, false));
    front_request(fixture->front, &(struct front_request){.method = "DELETE", .uri = "/forged"});
    assert_true(exchange_once(fixture, false));
    assert_int_equal(fake_exchange.served, 1);
    assert_int_equal(fixture->connection.state, CONNECTION_LINGERING);
    (void)shutdown(fixture->front->fd, SHUT_WR);
    connection_serve(&fixture->connection, &fixture->serving, false);
    assert_int_equal(fixture->connection.state, CONNECTION_CLOSED);
}

static void bytes_behind_a_request_end_the_connection(void **state)
{
    struct fixture *fixture = *state;

    front_request(fixture->front, &(struct front_request){.method = "GET", .uri = "/"});
    front_request(fixture->front, &(struct front_request){.method = "DELETE", .uri = "/forged"});
    assert_true(exchange_once(fixture, false));
    assert_true(front_received(fixture->front, "Status: 200"));
    assert_int_equal(fake_exchange.served, 1);
    assert_string_equal(fake_exchange.uri, "/");
    assert_int_equal(fixture->connection.state, CONNECTION_CLOSED);
}

static void other_roles_are_not_served(void **state)
{
    struct fixture *fixture = *state;

    front_request(fixture->front, &(struct front_request){.method = "GET", .uri = "/", .role = FCGI_AUTHORIZER});
    assert_true(exchange_once(fixture, false));
    assert_int_equal(fake_exchange.served, 0);
    assert_int_equal(fixture->front->answer_length, 0);
    assert_int_equal(fixture->connection.state, CONNECTION_CLOSED);
}

static void parameters_cut_short_are_not_served(void **state)
{
    struct fixture *fixture = *state;

    front_record(fixture->front, FCGI_BEGIN_REQUEST, (struct text){"\0\1\1\0\0\0\0\0", 8});
    front_record(fixture->front, FCGI_PARAMS, TEXT("\013\001REQUEST_URI/"));
    assert_true(exchange_once(fixture, false)); /* the read times out */
    assert_int_equal(fake_exchange.served, 0);
    assert_int_equal(fixture->connection.state, CONNECTION_CLOSED);
}

static void a_front_that_is_gone_costs_the_connection_only(void **state)
{
    struct fixture *fixture = *state;

    front_request(fixture->front, &(struct front_request){.method = "GET", .uri = "/"});
    front_send(fixture->front);
    (void)shutdown(fixture->front->fd, SHUT_RDWR);
    connection_serve(&fixture->connection, &fixture->serving, false);
    assert_int_equal(fixture->connection.state, CONNECTION_CLOSED);
}

static void a_front_that_does_not_read_is_given_up(void **state)
{
    struct fixture *fixture = *state;
    const int64_t start_ns = clock_monotonic_ns();

    fake_exchange.answer_size = (size_t)4 << 20;
    front_request(fixture->front, &(struct front_request){.method = "GET", .uri = "/"});
    front_send(fixture->front);
    connection_serve(&fixture->connection, &fixture->serving, false);
    assert_int_equal(fixture->connection.state, CONNECTION_CLOSED);
    assert_true(clock_monotonic_ns() - start_ns < 3 * IO_TIMEOUT_MS * CLOCK_NS_PER_MS);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_request_is_handed_down_and_answered),
        TEST(requests_follow_each_other_on_a_kept_connection),
        TEST(a_connection_that_is_not_to_be_kept_is_closed),
        TEST(the_last_request_closes),
        TEST(the_body_of_an_answer_to_head_is_not_sent),
        TEST(a_large_answer_comes_whole),
        TEST(a_body_that_is_not_as_announced_is_malformed_and_ends_the_connection),
        TEST(the_largest_body_is_taken),
        TEST(what_lingers_is_dropped_until_the_front_closes),
        TEST(bytes_behind_a_request_end_the_connection),
        TEST(other_roles_are_not_served),
        TEST(parameters_cut_short_are_not_served),
        TEST(a_front_that_is_gone_costs_the_connection_only),
        TEST(a_front_that_does_not_read_is_given_up),
    };

    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || FCGX_Init() != 0 ||
        log_open("test", "stderr", LOG_FORMAT_TEXT, LOG_LEVEL_ERROR) != STATUS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

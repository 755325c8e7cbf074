/* Tests of src/server/upload.c over a pair of sockets: a body of any size reaches its handler however its records are cut,
 * and what is not whole is known as such. */
#include "../../../src/server/connection.h"

#include "../base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "fake_exchange.h"
#include "fake_front.h"

#include <fastcgi.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DEADLINE_MS 5000
#define IO_TIMEOUT_MS INT64_C(200)

struct fixture {
    struct config config;
    struct app app;
    struct watchdog *watchdog;
    struct serving serving;
    struct beside beside;
    int beside_ends[2]; /* nothing comes, but where bytes are unsent */
    unsigned began;
    int64_t cut_ns;
    struct connection connection;
    struct front *front;
    struct text unsent; /* comes a byte at a time, each while it is waited for */
};

static struct fixture fixture;

static void beside_begin(struct beside *beside, int fd)
{
    (void)beside;
    (void)fd;
    fixture.began++;
}

static bool beside_end(struct beside *beside)
{
    (void)beside;
    return true;
}

/* Once the byte before was taken. */
static void beside_run(struct beside *beside)
{
    char taken;

    (void)beside;
    if (fixture.unsent.length > 0 && recv(fixture.connection.fd, &taken, 1, MSG_PEEK | MSG_DONTWAIT) != 1) {
        assert_int_equal(send(fixture.front->fd, fixture.unsent.data, 1, MSG_NOSIGNAL), 1);
        fixture.unsent = (struct text){.data = fixture.unsent.data + 1, .length = fixture.unsent.length - 1};
    }
}

static int set_up(void **state)
{
    (void)state;
    fixture = (struct fixture){
        .config = {.body_max = 1000, .deadline_ms = DEADLINE_MS, .io_timeout_ms = IO_TIMEOUT_MS, .export_time_s = 60},
        .cut_ns = CLOCK_FOREVER};
    fixture.app.config = &fixture.config;
    fake_exchange = (struct fake_exchange){.answer_size = 10, .reads_body = true};
    fixture.watchdog = watchdog_start(DEADLINE_MS);
    serving_init(&fixture.serving, &fixture.app);
    fixture.serving.watchdog = fixture.watchdog;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, fixture.beside_ends) != 0) {
        return -1;
    }
    fixture.beside = (struct beside){.fd = fixture.beside_ends[0],
                                     .begin = beside_begin,
                                     .end = beside_end,
                                     .run = beside_run,
                                     .cut_ns = &fixture.cut_ns};
    fixture.serving.stream.beside = &fixture.beside;
    fixture.front = front_open();
    return connection_open(&fixture.connection, fixture.front->worker_fd, IO_TIMEOUT_MS, 0) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    connection_close(&fixture.connection);
    front_close(fixture.front);
    serving_free(&fixture.serving);
    watchdog_stop(fixture.watchdog);
    (void)close(fixture.beside_ends[0]);
    (void)close(fixture.beside_ends[1]);
    return 0;
}

/* The request but for its body. */
static void begin_request(const char *content_length)
{
    struct front *whole = front_open();

    /* A request of the front's ends with records of stdin, which are to be left out: the last of 8 bytes is the end. */
    front_request(whole, &(struct front_request){.method = "POST", .uri = "/u", .content_length = content_length});
    strbuf_append(&fixture.front->out, whole->out.data, whole->out.length - FCGI_HEADER_LEN);
    (void)close(whole->worker_fd);
    front_close(whole);
}

static void serve(void)
{
    connection_serve(&fixture.connection, &fixture.serving, false);
}

/* --- bodies that are whole --- */

static void a_body_in_any_records_is_read(void **state)
{
    static char body[60000];

    (void)state;
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (char)('a' + i % 26);
    }
    for (size_t step = 1; step <= sizeof body; step = step * 7 + 1) {
        (void)set_up(state);
        begin_request("60000");
        for (size_t at = 0; at < sizeof body;) {
            /* Enough of small ones: the socket has room for so many only. */
            const size_t wanted = step < 100 && at > 3000 ? sizeof body : step;
            const size_t length = sizeof body - at < wanted ? sizeof body - at : wanted;
            front_record(fixture.front, FCGI_STDIN, (struct text){.data = body + at, .length = length});
            at += length;
        }
        front_record(fixture.front, FCGI_STDIN, TEXT(""));
        front_send(fixture.front);
        serve();
        assert_true(fake_exchange.had_upload && fake_exchange.whole);
        assert_int_equal(fake_exchange.body_state, BODY_UNREAD);
        (void)front_receive(fixture.front);
        assert_true(front_received(fixture.front, "Status: 200 OK"));
        (void)tear_down(state);
    }
    (void)set_up(state);
}

static void a_small_body_that_libfcgi_has_already_keeps_the_connection(void **state)
{
    (void)state;
    front_request(fixture.front,
                  &(struct front_request){.method = "POST", .uri = "/u", .content_length = "3", .body = TEXT("xyz")});
    front_send(fixture.front);
    serve();
    assert_true(fake_exchange.whole);
    assert_int_equal(fake_exchange.body_length, 3);
    assert_memory_equal(fake_exchange.body, "xyz", 3);
    assert_int_equal(fixture.connection.state, CONNECTION_KEPT);
    assert_int_equal(fixture.began, 0);
}

static void the_end_may_be_told_by_the_front_alone(void **state)
{
    (void)state;
    front_request(fixture.front, &(struct front_request){.method = "POST", .uri = "/u", .body = TEXT("no length")});
    front_send(fixture.front);
    serve();
    assert_true(fake_exchange.whole);
    assert_int_equal(fake_exchange.body_length, 9);
}

static void records_may_be_cut_anywhere(void **state)
{
    (void)state;
    for (size_t cut = 1; cut <= 24; cut++) {
        (void)tear_down(state);
        (void)set_up(state);
        fixture.config.io_timeout_ms = DEADLINE_MS;
        begin_request("6");
        const size_t first = fixture.front->out.length + cut;
        front_record(fixture.front, FCGI_STDIN, TEXT("abc"));
        front_record(fixture.front, FCGI_STDIN, TEXT("def"));
        front_record(fixture.front, FCGI_STDIN, TEXT(""));
        static char kept[200];
        const size_t left = fixture.front->out.length - first;
        memcpy(kept, fixture.front->out.data + first, left);
        fixture.unsent = (struct text){.data = kept, .length = left};
        fixture.front->out.length = first;
        front_send(fixture.front);
        assert_int_equal(send(fixture.beside_ends[1], "\n", 1, MSG_NOSIGNAL), 1); /* each wait looks beside at once */
        serve();
        assert_true(fake_exchange.whole);
        assert_int_equal(fake_exchange.body_length, 6);
        assert_memory_equal(fake_exchange.body, "abcdef", 6);
        assert_int_equal(fixture.unsent.length, 0);
        assert_int_equal(fixture.began, 1);
    }
}

/* --- bodies that are not --- */

static void a_body_that_is_not_as_long_as_announced_is_not_whole(void **state)
{
    static const struct {
        const char *length;
        struct text body;
    } rows[] = {{"4", {"xyz", 3}}, {"2", {"xyz", 3}}, {"0", {"x", 1}}, {"x", {"xyz", 3}}};

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        (void)tear_down(state);
        (void)set_up(state);
        front_request(fixture.front,
                      &(struct front_request){
                          .method = "POST", .uri = "/u", .content_length = rows[i].length, .body = rows[i].body});
        front_send(fixture.front);
        serve();
        assert_false(fake_exchange.whole);
        assert_string_equal(fake_exchange.fault, "malformed");
        assert_int_not_equal(fixture.connection.state, CONNECTION_KEPT);
    }
}

static void who_is_silent_is_cut_off(void **state)
{
    const int64_t began_ns = clock_monotonic_ns();

    (void)state;
    begin_request("100000");
    front_record(fixture.front, FCGI_STDIN, TEXT("some"));
    front_send(fixture.front);
    serve();
    assert_false(fake_exchange.whole);
    assert_string_equal(fake_exchange.fault, "client_slow");
    assert_true(clock_monotonic_ns() - began_ns < 20 * IO_TIMEOUT_MS * CLOCK_NS_PER_MS);
    (void)front_receive(fixture.front);
    assert_true(front_received(fixture.front, "Status: 200 OK")); /* what is answered is the handler's to say */
}

static void who_is_gone_or_takes_it_back_is_known(void **state)
{
    (void)state;
    begin_request("100");
    front_record(fixture.front, FCGI_STDIN, TEXT("some"));
    front_record(fixture.front, FCGI_ABORT_REQUEST, TEXT(""));
    front_send(fixture.front);
    serve();
    assert_string_equal(fake_exchange.fault, "client_gone");
    (void)tear_down(state);
    (void)set_up(state);
    begin_request("100");
    front_record(fixture.front, FCGI_STDIN, TEXT("some"));
    front_send(fixture.front);
    (void)shutdown(fixture.front->fd, SHUT_RDWR);
    serve();
    assert_string_equal(fake_exchange.fault, "client_gone");
    assert_int_equal(fixture.connection.state, CONNECTION_CLOSED);
}

static void records_that_are_none_end_it(void **state)
{
    (void)state;
    begin_request("100");
    front_record(fixture.front, FCGI_PARAMS, TEXT("some"));
    front_send(fixture.front);
    serve();
    assert_false(fake_exchange.whole);
    assert_int_not_equal(fixture.connection.state, CONNECTION_KEPT);
}

static void a_worker_that_stops_ends_it(void **state)
{
    (void)state;
    fixture.cut_ns = 0;
    begin_request("100");
    front_record(fixture.front, FCGI_STDIN, TEXT("some"));
    front_send(fixture.front);
    serve();
    assert_string_equal(fake_exchange.fault, "stop");
}

static void beside_another_answer_there_is_no_upload(void **state)
{
    (void)state;
    fixture.serving.stream.beside = NULL;
    front_request(fixture.front,
                  &(struct front_request){.method = "POST", .uri = "/u", .content_length = "3", .body = TEXT("xyz")});
    front_send(fixture.front);
    serve();
    assert_false(fake_exchange.had_upload);
    assert_int_equal(fake_exchange.body_state, BODY_UNREAD);
    assert_int_equal(fixture.connection.state, CONNECTION_LINGERING);
}

static void a_short_body_that_is_left_is_read_to_its_end(void **state)
{
    (void)state;
    fake_exchange.leaves_body = true;
    front_request(fixture.front,
                  &(struct front_request){.method = "POST", .uri = "/u", .content_length = "3", .body = TEXT("xyz")});
    front_send(fixture.front);
    serve();
    assert_int_equal(fixture.connection.state, CONNECTION_KEPT);
}

static void a_long_body_that_is_left_ends_the_connection(void **state)
{
    (void)state;
    fake_exchange.leaves_body = true;
    begin_request("100000");
    front_record(fixture.front, FCGI_STDIN, TEXT("some"));
    front_send(fixture.front);
    serve();
    assert_int_equal(fixture.connection.state, CONNECTION_LINGERING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_body_in_any_records_is_read, NULL, tear_down),
        cmocka_unit_test_setup_teardown(a_small_body_that_libfcgi_has_already_keeps_the_connection, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_may_be_told_by_the_front_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(records_may_be_cut_anywhere, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_body_that_is_not_as_long_as_announced_is_not_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_silent_is_cut_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_is_gone_or_takes_it_back_is_known, set_up, tear_down),
        cmocka_unit_test_setup_teardown(records_that_are_none_end_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_worker_that_stops_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(beside_another_answer_there_is_no_upload, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_short_body_that_is_left_is_read_to_its_end, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_long_body_that_is_left_ends_the_connection, set_up, tear_down),
    };

    if (log_open("test", "/dev/null", LOG_FORMAT_TEXT, LOG_LEVEL_ERROR) != STATUS_OK) {
        return 1;
    }
    if (FCGX_Init() != 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

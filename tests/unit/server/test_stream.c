/* Tests of src/server/stream.c by way of connection.c, over a pair of sockets: what the front server gets of a long
 * answer, when one is cut, and that the worker's other work goes on. */
#include "../../../src/server/connection.h"

#include "../base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "fake_exchange.h"
#include "fake_front.h"

#include <fastcgi.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define IO_TIMEOUT_MS INT64_C(200)
#define PART 1000

struct fixture {
    struct config config;
    struct app app;
    struct watchdog *watchdog;
    struct serving serving;
    struct connection connection;
    struct front *front;
    struct beside beside;
    int64_t cut_ns;
    unsigned begun;
    unsigned ended;
    unsigned runs;
    bool front_leaves; /* at the first run */
    bool front_reads;  /* at each */
    size_t read;
};

static struct fixture fixture;

static void begin_beside(struct beside *beside, int fd)
{
    (void)beside;
    assert_int_equal(fd, fixture.connection.fd);
    assert_int_equal(fixture.connection.state, CONNECTION_BUSY);
    fixture.begun++;
}

static bool end_beside(struct beside *beside)
{
    (void)beside;
    fixture.ended++;
    return true;
}

static void run_beside(struct beside *beside)
{
    (void)beside;
    assert_int_equal(fixture.begun, fixture.ended + 1);
    fixture.runs++;
    if (fixture.front_leaves) {
        assert_int_equal(shutdown(fixture.front->fd, SHUT_RDWR), 0);
    }
    if (fixture.front_reads) {
        (void)front_receive(fixture.front);
        fixture.read += fixture.front->answer_length;
    }
}

static int set_up(void **state)
{
    (void)state;
    fixture = (struct fixture){
        .config = {.body_max = 1000, .deadline_ms = 5000, .io_timeout_ms = IO_TIMEOUT_MS, .export_time_s = 60},
        .beside = {.fd = eventfd(1, EFD_CLOEXEC), .begin = begin_beside, .end = end_beside, .run = run_beside},
        .cut_ns = CLOCK_FOREVER,
    };
    fixture.app.config = &fixture.config;
    fixture.beside.cut_ns = &fixture.cut_ns;
    fake_exchange = (struct fake_exchange){.answer_size = PART, .parts = 3};
    fixture.watchdog = watchdog_start(fixture.config.deadline_ms);
    serving_init(&fixture.serving, &fixture.app);
    fixture.serving.watchdog = fixture.watchdog;
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
    (void)close(fixture.beside.fd);
    return 0;
}

static void serve_one(void)
{
    front_request(fixture.front, &(struct front_request){.method = "GET", .uri = "/"});
    front_send(fixture.front);
    connection_serve(&fixture.connection, &fixture.serving, false);
}

/* What of the answer's records has come: the content of STDOUT, and whether the request was ended. */
static size_t take_records(char *content, bool *ended)
{
    const char *at = fixture.front->answer;
    const char *end = at + fixture.front->answer_length;
    size_t length = 0;

    *ended = false;
    while (end - at >= FCGI_HEADER_LEN) {
        const size_t size = (size_t)(unsigned char)at[4] << 8U | (unsigned char)at[5];

        assert_int_equal(at[0], FCGI_VERSION_1);
        assert_int_equal(at[3], 1);
        assert_true((size_t)(end - at) >= FCGI_HEADER_LEN + size);
        if (at[1] == FCGI_STDOUT) {
            memcpy(content + length, at + FCGI_HEADER_LEN, size);
            length += size;
        }
        *ended = at[1] == FCGI_END_REQUEST;
        at += FCGI_HEADER_LEN + size + (unsigned char)at[6];
    }
    return length;
}

static void a_stream_comes_whole_and_without_a_length(void **state)
{
    static const char head[] = "Status: 200 OK\r\nContent-Type: text/plain\r\n\r\n";
    char content[10000];
    bool ended = false;

    (void)state;
    serve_one();
    assert_false(front_receive(fixture.front));
    assert_int_equal(take_records(content, &ended), strlen(head) + (size_t)3 * PART);
    assert_memory_equal(content, head, strlen(head));
    assert_true(ended);
    assert_null(fake_exchange.cut);
    assert_int_equal(fixture.serving.stream.sent, 3 * PART);
    /* The front server may have the next request on its way. */
    assert_int_equal(fixture.connection.state, CONNECTION_KEPT);
    serve_one();
    assert_false(front_receive(fixture.front));
    assert_int_equal(fake_exchange.served, 2);
}

static void a_part_may_be_larger_than_a_record(void **state)
{
    static char content[300000];
    bool ended = false;

    (void)state;
    fake_exchange.answer_size = 150000;
    fake_exchange.parts = 1;
    serve_one();
    assert_false(front_receive(fixture.front));
    assert_true(take_records(content, &ended) > 150000);
    assert_true(ended);
}

static void other_work_is_done_before_every_part(void **state)
{
    (void)state;
    fake_exchange.parts = 50;
    serve_one();
    assert_true(fixture.runs >= 51);
    assert_int_equal(fixture.begun, 1);
    assert_int_equal(fixture.ended, 1);
}

static void a_short_answer_begins_nothing_beside(void **state)
{
    (void)state;
    fake_exchange.parts = 0;
    serve_one();
    assert_true(fake_exchange.had_stream);
    assert_int_equal(fixture.begun, 0);
    assert_int_equal(fixture.connection.state, CONNECTION_KEPT);
}

static void what_is_beside_a_stream_has_none_itself(void **state)
{
    (void)state;
    fixture.serving.stream.beside = NULL;
    serve_one();
    assert_false(fake_exchange.had_stream);
}

static void a_slow_front_is_waited_for(void **state)
{
    (void)state;
    /* More than the sockets hold: it goes on only because the front reads now and then. */
    fixture.front_reads = true;
    fake_exchange.answer_size = 30000;
    fake_exchange.parts = 200;
    serve_one();
    assert_null(fake_exchange.cut);
    assert_false(front_receive(fixture.front));
    assert_true(fixture.read + fixture.front->answer_length > (size_t)30000 * 200);
}

static void assert_cut(const char *why)
{
    static char content[300000];
    bool ended = true;

    assert_string_equal(fake_exchange.cut, why);
    assert_int_equal(fixture.connection.state, CONNECTION_CLOSED);
    if (strcmp(why, "client_slow") != 0) { /* where the last record may have come in part */
        (void)front_receive(fixture.front);
        (void)take_records(content, &ended);
        assert_false(ended);
    }
}

static void a_front_that_does_not_read_is_given_up(void **state)
{
    const int64_t start_ns = clock_monotonic_ns();

    (void)state;
    fake_exchange.parts = 100000;
    serve_one();
    assert_cut("client_slow");
    assert_true(clock_monotonic_ns() - start_ns >= IO_TIMEOUT_MS * CLOCK_NS_PER_MS);
    assert_true(clock_monotonic_ns() - start_ns < 10 * IO_TIMEOUT_MS * CLOCK_NS_PER_MS);
}

static void a_front_that_is_gone_is_noticed(void **state)
{
    (void)state;
    fixture.front_leaves = true;
    fake_exchange.parts = 100000;
    serve_one();
    assert_string_equal(fake_exchange.cut, "client_gone");
    assert_int_equal(fixture.connection.state, CONNECTION_CLOSED);
}

static void a_stop_cuts(void **state)
{
    (void)state;
    fixture.cut_ns = clock_monotonic_ns();
    serve_one();
    assert_cut("stop");
}

static void its_time_is_bounded(void **state)
{
    (void)state;
    fixture.config.export_time_s = 0;
    serve_one();
    assert_cut("export_time");
}

static void one_that_breaks_is_not_ended(void **state)
{
    (void)state;
    fake_exchange.breaks = true;
    serve_one();
    assert_cut("broken");
    assert_int_equal(fixture.ended, 1);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_stream_comes_whole_and_without_a_length),
        TEST(a_part_may_be_larger_than_a_record),
        TEST(other_work_is_done_before_every_part),
        TEST(a_short_answer_begins_nothing_beside),
        TEST(what_is_beside_a_stream_has_none_itself),
        TEST(a_slow_front_is_waited_for),
        TEST(a_front_that_does_not_read_is_given_up),
        TEST(a_front_that_is_gone_is_noticed),
        TEST(a_stop_cuts),
        TEST(its_time_is_bounded),
        TEST(one_that_breaks_is_not_ended),
    };

    if (signal(SIGPIPE, SIG_IGN) == SIG_ERR || FCGX_Init() != 0 ||
        log_open("test", "stderr", LOG_FORMAT_TEXT, LOG_LEVEL_ERROR) != STATUS_OK) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of src/server/handover.c: what goes over the sockets, between two ends in one process. */
#include "../../../src/server/handover.h"

#include "../base/check.h"
#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 4

struct fixture {
    char folder[32];
    char path[64];
    int listen_fd;
    int highest; /* descriptor that is open */
    struct handover handover;
};

static struct fixture fixture;

/* The lowest descriptor that is free: where nothing leaks it is always the same. */
static int lowest_free(void)
{
    const int fd = dup(STDERR_FILENO);

    (void)close(fd);
    return fd;
}

static int set_up(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    fixture = (struct fixture){.folder = "/tmp/wares-handover-XXXXXX"};
    assert_non_null(mkdtemp(fixture.folder));
    (void)snprintf(fixture.path, sizeof fixture.path, "%s/pool", fixture.folder);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", fixture.path);
    fixture.listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fixture.listen_fd, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fixture.listen_fd, BACKLOG), 0);
    handover_init(&fixture.handover, fixture.listen_fd);
    fixture.highest = lowest_free();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    handover_withdraw(&fixture.handover);
    (void)close(fixture.listen_fd);
    (void)unlink(fixture.path);
    (void)rmdir(fixture.folder);
    return 0;
}

/* The other end of the offer, as a worker accepts it. */
static int accept_offer(void)
{
    struct sockaddr_un peer = {.sun_family = AF_UNSPEC};
    socklen_t length = sizeof peer;
    const int fd = accept4(fixture.listen_fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC);

    assert_true(fd >= 0);
    assert_true(handover_is_offer(&peer, length));
    return fd;
}

static void send_descriptors(int over, const int *fds, size_t count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(10 * sizeof(int))] = {0};
    struct iovec bytes = {.iov_base = (char[]){'x'}, .iov_len = 1};
    struct msghdr message = {
        .msg_iov = &bytes, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(count * sizeof *fds)};
    const struct cmsghdr rights = {
        .cmsg_len = CMSG_LEN(count * sizeof *fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};

    memcpy(control, &rights, sizeof rights);
    memcpy(control + CMSG_LEN(0), fds, count * sizeof *fds);
    assert_int_equal(sendmsg(over, &message, 0), 1);
}

static void a_connection_goes_over(void **state)
{
    int ends[2];
    int other, taken;
    char byte = 'q';

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(write(ends[0], &byte, 1), 1);
    assert_true(handover_offer(&fixture.handover));
    other = accept_offer();
    assert_int_equal(handover_take(other), -1); /* nothing is sent before it is asked for */
    assert_true(handover_ask(other));
    assert_true(handover_is_asked(&fixture.handover));
    assert_true(handover_give(&fixture.handover, ends[1]));
    (void)close(ends[1]);
    handover_withdraw(&fixture.handover);
    assert_int_equal(fixture.handover.offer_fd, -1);

    taken = handover_take(other);
    assert_true(taken >= 0);
    assert_int_equal(read(taken, &byte, 1), 1);
    assert_int_equal(byte, 'q');
    assert_int_equal(write(taken, "a", 1), 1);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, 'a');
    (void)close(taken);
    assert_int_equal(read(ends[0], &byte, 1), 0); /* nobody else has it */
    (void)close(ends[0]);
    (void)close(other);
    assert_int_equal(lowest_free(), fixture.highest);
}

static void what_was_withdrawn_is_nothing(void **state)
{
    int other;

    (void)state;
    assert_true(handover_offer(&fixture.handover));
    handover_withdraw(&fixture.handover);
    other = accept_offer();
    assert_false(handover_ask(other));
    assert_int_equal(handover_take(other), -1);
    (void)close(other);

    assert_true(handover_offer(&fixture.handover));
    other = accept_offer();
    assert_true(handover_ask(other));
    handover_withdraw(&fixture.handover);
    assert_int_equal(handover_take(other), -1);
    (void)close(other);
    assert_int_equal(lowest_free(), fixture.highest);
}

static bool pauses(void)
{
    const int64_t left_ns = fixture.handover.again_ns - clock_monotonic_ns();

    return left_ns > 0 && left_ns <= HANDOVER_PAUSE_MS * CLOCK_NS_PER_MS;
}

static void one_who_leaves_before_asking_or_taking_gets_nothing(void **state)
{
    int other;

    (void)state;
    assert_true(handover_offer(&fixture.handover));
    other = accept_offer();
    (void)close(other);
    assert_false(handover_is_asked(&fixture.handover));
    assert_int_equal(fixture.handover.offer_fd, -1);
    assert_true(pauses());

    fixture.handover.again_ns = 0;
    assert_true(handover_offer(&fixture.handover));
    other = accept_offer();
    assert_true(handover_ask(other));
    assert_true(handover_is_asked(&fixture.handover));
    (void)close(other);
    assert_false(handover_give(&fixture.handover, STDERR_FILENO));
    assert_int_equal(fixture.handover.offer_fd, -1);
    assert_true(pauses());
    assert_int_equal(lowest_free(), fixture.highest);
}

/* Where the queue is full, and where nobody listens any more. */
static void an_offer_never_waits(void **state)
{
    int offers[BACKLOG + 1];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(offers); i++) {
        assert_true(handover_offer(&fixture.handover));
        offers[i] = fixture.handover.offer_fd;
        fixture.handover.offer_fd = -1;
    }
    assert_false(handover_offer(&fixture.handover));
    assert_true(pauses());
    assert_false(fixture.handover.told);
    for (size_t i = 0; i < COUNT_OF(offers); i++) {
        (void)close(offers[i]);
    }
    assert_int_equal(lowest_free(), fixture.highest);
    (void)unlink(fixture.path);
    assert_false(handover_offer(&fixture.handover));
    assert_true(fixture.handover.told);
}

static void only_one_connection_of_the_unix_domain_is_taken(void **state)
{
    int pair[2], datagrams[2], pipe_ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, datagrams), 0);
    assert_int_equal(pipe(pipe_ends), 0);
    const int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct {
        const char *name;
        int fds[10];
        size_t count;
    } rows[] = {
        {"a pipe", {pipe_ends[0]}, 1},
        {"a datagram socket", {datagrams[0]}, 1},
        {"a TCP socket", {tcp}, 1},
        {"a listening socket", {fixture.listen_fd}, 1},
        {"a connection twice", {pair[0], pair[0]}, 2},
        {"a connection and a pipe", {pair[0], pipe_ends[0]}, 2},
        {"ten", {pair[0], pair[0], pair[0], pair[0], pair[0], pair[0], pair[0], pair[0], pair[0], pair[0]}, 10},
    };
    const int highest = lowest_free();

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_true(handover_offer(&fixture.handover));
        const int other = accept_offer();
        send_descriptors(fixture.handover.offer_fd, rows[i].fds, rows[i].count);
        assert_row(handover_take(other) == -1, rows[i].name);
        (void)close(other);
        handover_withdraw(&fixture.handover);
        assert_row(lowest_free() == highest, rows[i].name);
    }
    (void)close(tcp);
    for (int i = 0; i < 2; i++) {
        (void)close(pair[i]);
        (void)close(datagrams[i]);
        (void)close(pipe_ends[i]);
    }
}

static void bytes_without_a_descriptor_are_nothing(void **state)
{
    (void)state;
    assert_true(handover_offer(&fixture.handover));
    const int other = accept_offer();
    assert_int_equal(write(fixture.handover.offer_fd, "rubbish", 7), 7);
    send_descriptors(fixture.handover.offer_fd, &other, 1); /* behind it, and never looked at */
    handover_withdraw(&fixture.handover);
    assert_int_equal(handover_take(other), -1);
    (void)close(other);
    assert_int_equal(lowest_free(), fixture.highest);
}

static void other_addresses_are_no_offers(void **state)
{
    const struct sockaddr_un abstract = {.sun_family = AF_UNIX, .sun_path = "\0wares-handoveR-1-1"};
    const struct sockaddr_un path = {.sun_family = AF_UNIX, .sun_path = "wares-handover-1-1"};
    const struct sockaddr_un internet = {.sun_family = AF_INET, .sun_path = "\0wares-handover-1-1"};
    const struct sockaddr_un right = {.sun_family = AF_UNIX, .sun_path = "\0wares-handover-1-1"};

    (void)state;
    assert_false(handover_is_offer(&abstract, sizeof abstract));
    assert_false(handover_is_offer(&path, sizeof path));
    assert_false(handover_is_offer(&internet, sizeof internet));
    assert_false(handover_is_offer(&right, sizeof right.sun_family)); /* an unnamed one, over what stood there before */
    assert_true(handover_is_offer(&right, sizeof right.sun_family + 19));
}

static void there_is_none_over_tcp(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct handover handover;

    (void)state;
    assert_int_equal(bind(tcp, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(tcp, 1), 0);
    handover_init(&handover, tcp);
    assert_int_equal(handover.pool_length, 0);
    assert_true(fixture.handover.pool_length > 0);
    (void)close(tcp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_connection_goes_over, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_withdrawn_is_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_who_leaves_before_asking_or_taking_gets_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_offer_never_waits, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_one_connection_of_the_unix_domain_is_taken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(bytes_without_a_descriptor_are_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_addresses_are_no_offers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(there_is_none_over_tcp, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

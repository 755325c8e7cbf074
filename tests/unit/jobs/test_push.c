/* Tests of the client of the front server's push module, against a server that says what it is told to. */
#include "../../../src/jobs/push.h"

#include "../base/check.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TAKEN "HTTP/1.1 202 Accepted\r\nServer: nginx\r\nContent-Length: 30\r\n\r\nlast message id: 1795624339:12"
#define MISSING "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"

struct server {
    char folder[64];
    char path[96];
    int listening;
    int client;
    struct push push;
};

static int64_t soon(void)
{
    return clock_deadline_in_ms(500);
}

static int set_up(void **state)
{
    static struct server server;
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    server = (struct server){.folder = "/tmp/wares-push-XXXXXX", .client = -1};
    assert_non_null(mkdtemp(server.folder));
    (void)snprintf(server.path, sizeof server.path, "%s/push.sock", server.folder);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", server.path);
    server.listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.listening, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(server.listening, 4), 0);
    push_init(&server.push);
    assert_int_equal(push_open(&server.push, server.path, soon()), STATUS_OK);
    server.client = accept4(server.listening, NULL, NULL, SOCK_CLOEXEC);
    assert_true(server.client >= 0);
    *state = &server;
    return 0;
}

static int tear_down(void **state)
{
    struct server *server = *state;

    push_close(&server->push);
    if (server->client >= 0) {
        (void)close(server->client);
    }
    (void)close(server->listening);
    (void)unlink(server->path);
    (void)rmdir(server->folder);
    return 0;
}

/* What is answered before it is asked: it lies ready. */
static void say(const struct server *server, const char *text)
{
    assert_int_equal(send(server->client, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void answers_come_in_the_order_of_the_requests(void **state)
{
    struct server *server = *state;
    struct push_answer answers[3] = {{0}};
    char said[1024] = "";

    push_ask(&server->push, "/mark/a/1");
    push_post(&server->push, "/publish/a,b", TEXT("id: 1\n\n"));
    push_post(&server->push, "/publish/c", TEXT(""));
    say(server, MISSING TAKEN TAKEN);
    assert_int_equal(push_exchange(&server->push, soon(), answers), STATUS_OK);
    assert_int_equal(answers[0].status, 404);
    assert_int_equal(answers[1].status, 202);
    assert_int_equal(answers[2].status, 202);
    assert_true(recv(server->client, said, sizeof said - 1, 0) > 0);
    assert_string_equal(said, "GET /mark/a/1 HTTP/1.1\r\nHost: wares\r\n\r\n"
                              "POST /publish/a,b HTTP/1.1\r\nHost: wares\r\nContent-Length: 7\r\n\r\nid: 1\n\n"
                              "POST /publish/c HTTP/1.1\r\nHost: wares\r\nContent-Length: 0\r\n\r\n");
    /* The connection stays. */
    push_ask(&server->push, "/mark/a/2");
    say(server, MISSING);
    assert_int_equal(push_exchange(&server->push, soon(), answers), STATUS_OK);
    assert_true(server->push.fd >= 0);
}

static void an_end_in_mid_answer_closes_the_connection(void **state)
{
    struct server *server = *state;
    struct push_answer answers[2];

    push_ask(&server->push, "/mark/a/1");
    push_ask(&server->push, "/mark/a/2");
    say(server, TAKEN "HTTP/1.1 202 Acc");
    (void)close(server->client);
    server->client = -1;
    assert_int_equal(push_exchange(&server->push, soon(), answers), STATUS_UNAVAILABLE);
    assert_int_equal(server->push.fd, -1);
    /* It is not opened anew behind the caller's back. */
    push_ask(&server->push, "/mark/a/1");
    assert_int_equal(push_exchange(&server->push, soon(), answers), STATUS_UNAVAILABLE);
}

static void silence_ends_with_the_deadline(void **state)
{
    struct server *server = *state;
    struct push_answer answer;

    push_ask(&server->push, "/mark/a/1");
    say(server, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n1234");
    assert_int_equal(push_exchange(&server->push, clock_deadline_in_ms(50), &answer), STATUS_DEADLINE);
    assert_int_equal(server->push.fd, -1);
}

static void what_is_no_answer_is_not_waited_for_without_bound(void **state)
{
    struct server *server = *state;
    struct push_answer answer;
    char noise[8192];

    memset(noise, 'x', sizeof noise - 1);
    noise[sizeof noise - 1] = '\0';
    push_ask(&server->push, "/mark/a/1");
    say(server, noise);
    assert_int_equal(push_exchange(&server->push, soon(), &answer), STATUS_UNAVAILABLE);
}

static void where_nobody_listens_that_is_told(void **state)
{
    struct server *server = *state;
    char longer[256];

    assert_int_equal(push_open(&server->push, "/tmp/wares-push-there-is-none", soon()), STATUS_UNAVAILABLE);
    memset(longer, 'a', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    assert_int_equal(push_open(&server->push, longer, soon()), STATUS_UNAVAILABLE);
    assert_int_equal(server->push.fd, -1);
}

#define WITH_SERVER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_SERVER(answers_come_in_the_order_of_the_requests),
        WITH_SERVER(an_end_in_mid_answer_closes_the_connection),
        WITH_SERVER(silence_ends_with_the_deadline),
        WITH_SERVER(what_is_no_answer_is_not_waited_for_without_bound),
        WITH_SERVER(where_nobody_listens_that_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

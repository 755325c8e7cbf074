/* Tests of store/pg.h: deadlines, connections that are lost, and connecting. */
#include "../database.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>

static enum status exec(struct database *database, const char *name, const char *sql, bool reads)
{
    struct pg_result *result = NULL;
    return pg_exec(database->pg, &database->scope, name, sql, reads, NULL, 0, &result);
}

static int64_t elapsed_ms(int64_t since_ns)
{
    return (clock_monotonic_ns() - since_ns) / CLOCK_NS_PER_MS;
}

/* A connection of the test's own, beside that of the database. */
struct other {
    struct database database;
    int fd; /* its socket */
};

static struct other connect_other(int64_t statement_ms)
{
    struct other other = {.database = {.pg = database_connect(statement_ms), .scope = database_scope()}};
    /* libpq's first descriptor is the lowest that is free. */
    other.fd = dup(STDIN_FILENO);
    (void)close(other.fd);
    assert_int_equal(pg_connect(other.database.pg, &other.database.scope), STATUS_OK);
    return other;
}

static void disconnect_other(struct other *other)
{
    pg_free(other->database.pg);
    arena_free(other->database.scope.arena);
}

static const char *backend(struct other *other)
{
    return ask(&other->database, "SELECT pg_backend_pid()");
}

static void terminate(struct database *database, const char *pid)
{
    run_sql(database, arena_printf(database->scope.arena, "SELECT pg_terminate_backend(%s, 2000)", pid).data);
}

/* --- deadlines --- */

static void a_read_past_the_deadline_is_dropped(void **state)
{
    struct other other = connect_other(0);
    const char *pid = backend(&other);
    const int64_t began_ns = clock_monotonic_ns();
    (void)state;

    other.database.scope.deadline_ns = clock_deadline_in_ms(150);
    assert_int_equal(exec(&other.database, "sleep", "SELECT pg_sleep(5)", true), STATUS_DEADLINE);
    assert_in_range(elapsed_ms(began_ns), 149, 1000);
    assert_int_equal(exec(&other.database, "late", "SELECT 1", true), STATUS_DEADLINE);

    database_rearm(&other.database.scope);
    assert_string_not_equal(backend(&other), pid);
    disconnect_other(&other);
}

static void a_write_past_the_deadline_is_uncertain(void **state)
{
    struct other other = connect_other(0);
    (void)state;
    other.database.scope.deadline_ns = clock_deadline_in_ms(150);
    assert_int_equal(exec(&other.database, "sleep", "SELECT pg_sleep(5)", false), STATUS_UNCERTAIN);
    disconnect_other(&other);
}

static void the_server_ends_what_takes_too_long(void **state)
{
    struct other other = connect_other(200);
    const char *pid = backend(&other);
    (void)state;
    assert_int_equal(exec(&other.database, "sleep", "SELECT pg_sleep(5)", false), STATUS_DEADLINE);
    assert_string_equal(backend(&other), pid);
    disconnect_other(&other);
}

static void a_deadline_that_has_passed_costs_nothing(void **state)
{
    struct other other = connect_other(0);
    const char *pid = backend(&other);
    (void)state;
    other.database.scope.deadline_ns = clock_monotonic_ns();
    assert_int_equal(exec(&other.database, "write", "CREATE TABLE too_late (n int)", false), STATUS_DEADLINE);
    database_rearm(&other.database.scope);
    assert_string_equal(backend(&other), pid);
    assert_string_equal(ask(&other.database, "SELECT to_regclass('too_late')"), "");
    disconnect_other(&other);
}

/* --- connections that are lost --- */

static void an_idle_connection_that_was_cut_is_replaced(void **state)
{
    struct database *database = *state;
    struct other other = connect_other(0);
    run_sql(database, "CREATE TABLE idle (n int)");

    for (int reads = 0; reads < 2; reads++) {
        const char *pid = backend(&other);
        terminate(database, pid);
        assert_int_equal(exec(&other.database, reads ? "idle_read" : "idle_write",
                              reads ? "SELECT count(*) FROM idle" : "INSERT INTO idle VALUES (1)", reads != 0),
                         STATUS_OK);
        assert_string_not_equal(backend(&other), pid);
    }
    assert_string_equal(ask(database, "SELECT count(*) FROM idle"), "1");
    disconnect_other(&other);
}

static void (*on_alarm)(void);
static int alarm_fd;

static void cut_socket(void)
{
    (void)shutdown(alarm_fd, SHUT_RDWR);
}

static void take_alarm(int number)
{
    (void)number;
    on_alarm();
}

static void call_in_ms(void (*call)(void), int milliseconds)
{
    const struct itimerval timer = {.it_value = {.tv_usec = (suseconds_t)milliseconds * 1000}};
    const struct sigaction action = {.sa_handler = take_alarm};
    on_alarm = call;
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &timer, NULL), 0);
}

static void a_write_whose_connection_breaks_is_uncertain_and_not_run_again(void **state)
{
    struct database *database = *state;
    struct other other = connect_other(0);
    run_sql(database, "CREATE TABLE unsure (n int)");

    alarm_fd = other.fd;
    call_in_ms(cut_socket, 150);
    assert_int_equal(exec(&other.database, "unsure",
                          "WITH slept AS (SELECT pg_sleep(0.4)) INSERT INTO unsure SELECT 1 FROM slept", false),
                     STATUS_UNCERTAIN);
    (void)usleep(600 * 1000);
    assert_in_range(strtol(ask(database, "SELECT count(*) FROM unsure"), NULL, 10), 0, 1);
    disconnect_other(&other);
}

static void a_read_whose_connection_breaks_is_run_again(void **state)
{
    struct other other = connect_other(0);
    const char *pid = backend(&other);
    (void)state;
    alarm_fd = other.fd;
    call_in_ms(cut_socket, 100);
    assert_int_equal(exec(&other.database, "slow", "SELECT pg_sleep(0.3)", true), STATUS_OK);
    assert_string_not_equal(backend(&other), pid);
    disconnect_other(&other);
}

/* Ends a session of the given process from a child of this one, so that the statement is running meanwhile. */
static pid_t terminate_in_ms(const char *pid, useconds_t milliseconds)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct other killer = {.database = {.pg = database_connect(0), .scope = database_scope()}};
        (void)usleep(milliseconds * 1000);
        terminate(&killer.database, pid);
        _exit(0);
    }
    return child;
}

/* The server says that it ends the session, and so that nothing was committed: the write is run again, and once. */
static void a_write_that_the_server_ends_is_run_again(void **state)
{
    struct database *database = *state;
    struct other other = connect_other(0);
    run_sql(database, "CREATE TABLE ended (n int); CREATE SEQUENCE attempts");

    pid_t child = terminate_in_ms(backend(&other), 300);
    assert_int_equal(
        exec(&other.database, "ended",
             "WITH slept AS (SELECT nextval('attempts'), pg_sleep(1)) INSERT INTO ended SELECT 1 FROM slept", false),
        STATUS_OK);
    assert_string_equal(ask(database, "SELECT count(*) FROM ended"), "1");
    assert_string_equal(ask(database, "SELECT last_value FROM attempts"), "2");
    assert_int_equal(waitpid(child, NULL, 0), child);
    disconnect_other(&other);
}

/* As where a host crashed, on a network: sending would still work. That nothing can be read shows before it. */
static void a_write_on_an_idle_connection_that_broke_is_not_uncertain(void **state)
{
    struct database *database = *state;
    struct other other = connect_other(0);
    run_sql(database, "CREATE TABLE broken (n int)");
    for (int writes = 0; writes < 2; writes++) {
        assert_int_equal(exec(&other.database, "write", "INSERT INTO broken VALUES (1)", false), STATUS_OK);
        assert_int_equal(shutdown(other.fd, SHUT_RD), 0);
    }
    assert_string_equal(ask(database, "SELECT count(*) FROM broken"), "2");
    disconnect_other(&other);
}

/* --- connecting --- */

static void a_server_that_is_not_there_costs_no_time(void **state)
{
    struct database database = {
        .pg = pg_new(&(struct pg_options){.url = "postgresql:///x?host=/nowhere", .name = "test"}),
        .scope = database_scope()};
    const int64_t began_ns = clock_monotonic_ns();
    (void)state;
    for (int i = 0; i < 10000; i++) {
        assert_int_equal(exec(&database, "any", "SELECT 1", i % 2 == 0), STATUS_UNAVAILABLE);
        arena_reset(database.scope.arena);
    }
    assert_true(elapsed_ms(began_ns) < 250); /* some 25 µs for each attempt would be more */
    assert_non_null(strstr(pg_last_error(database.pg), "/nowhere"));
    assert_null(strchr(pg_last_error(database.pg), '\n'));
    pg_free(database.pg);
    arena_free(database.scope.arena);
}

/* A link in place of the folder of the server's socket, which can come and go. */
struct door {
    char folder[40];
    char link[60];
    const char *target;
    const char *url;
};

static bool make_door(struct database *database, struct door *door)
{
    const char *folders = ask(database, "SELECT split_part(current_setting('unix_socket_directories'), ',', 1)");
    const char *port = ask(database, "SELECT current_setting('port')");
    if (folders[0] != '/') {
        return false;
    }
    (void)snprintf(door->folder, sizeof(door->folder), "/tmp/wares-test-XXXXXX");
    assert_non_null(mkdtemp(door->folder));
    (void)snprintf(door->link, sizeof(door->link), "%s/door", door->folder);
    door->target = folders;
    door->url = arena_printf(database->scope.arena, "host=%s port=%s user=%s dbname=%s", door->link, port,
                             ask(database, "SELECT current_user"), ask(database, "SELECT current_database()"))
                    .data;
    return true;
}

static void a_server_that_comes_back_is_found_within_a_second(void **state)
{
    struct database *database = *state;
    struct door door;
    if (!make_door(database, &door)) {
        skip();
    }
    struct database own = {.pg = pg_new(&(struct pg_options){.url = door.url, .name = "test"}),
                           .scope = database_scope()};
    int64_t began_ns = clock_monotonic_ns();
    while (elapsed_ms(began_ns) < 1500) {
        assert_int_equal(exec(&own, "any", "SELECT 1", true), STATUS_UNAVAILABLE);
        (void)usleep(5000);
    }
    assert_int_equal(symlink(door.target, door.link), 0);
    began_ns = clock_monotonic_ns();
    while (exec(&own, "any", "SELECT 1", true) != STATUS_OK) {
        assert_true(elapsed_ms(began_ns) < 1500);
        (void)usleep(5000);
    }
    assert_string_equal(pg_last_error(own.pg), "");
    assert_int_equal(unlink(door.link), 0);
    assert_int_equal(rmdir(door.folder), 0);
    pg_free(own.pg);
    arena_free(own.scope.arena);
}

/* --- a server that takes half a statement --- */

#define STALL_AT 100000 /* bytes of the statement that arrive at once */
#define TAKEN_LATER 60000
#define STATEMENT_BYTES 310000

static void copy(int from, int to, size_t *count)
{
    char bytes[4096];
    const ssize_t length = read(from, bytes, sizeof(bytes));
    if (length <= 0 || write(to, bytes, (size_t)length) != length) {
        (void)usleep(500000); /* for the server to do what it got */
        _exit(0);
    }
    *count += (size_t)length;
}

/* In a child: relays one connection. It stops twice within the statement, the second time beyond the client's deadline,
 * so that the socket has room again while libpq still holds the statement's end. */
static _Noreturn void relay_slowly(int listener, const char *server)
{
    const struct timeval stalls[] = {{.tv_usec = 800000}, {.tv_sec = 2, .tv_usec = 300000}};
    const size_t stall_at[] = {STALL_AT, STALL_AT + TAKEN_LATER};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int client = accept(listener, NULL, NULL);
    const int upstream = socket(AF_UNIX, SOCK_STREAM, 0);
    size_t sent = 0;
    size_t received = 0;
    size_t stalled = 0;

    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", server);
    if (connect(upstream, (struct sockaddr *)&address, sizeof(address)) != 0) {
        _exit(1);
    }
    for (;;) {
        struct pollfd ready[] = {{.fd = client, .events = POLLIN}, {.fd = upstream, .events = POLLIN}};
        (void)poll(ready, 2, -1);
        if (ready[1].revents != 0) {
            copy(upstream, client, &received);
        } else if (ready[0].revents != 0) {
            copy(client, upstream, &sent);
        }
        if (stalled < 2 && sent >= stall_at[stalled]) {
            struct timeval pause = stalls[stalled++];
            (void)select(0, NULL, NULL, NULL, &pause);
        }
    }
}

static void a_write_that_was_not_sent_whole_is_not_done(void **state)
{
    struct database *database = *state;
    static char value[STATEMENT_BYTES];
    struct door door;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int how = 0;
    if (!make_door(database, &door)) {
        skip();
    }
    const char *name =
        arena_printf(database->scope.arena, "/.s.PGSQL.%s", ask(database, "SELECT current_setting('port')")).data;
    const char *server = arena_printf(database->scope.arena, "%s%s", door.target, name).data;
    run_sql(database, "CREATE TABLE late (value text)");
    assert_int_equal(mkdir(door.link, 0700), 0);
    (void)snprintf(address.sun_path, sizeof(address.sun_path), "%s%s", door.link, name);
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 1), 0);
    const pid_t child = fork();
    if (child == 0) {
        relay_slowly(listener, server);
    }
    struct database own = {.pg = pg_new(&(struct pg_options){.url = door.url, .name = "test"}),
                           .scope = database_scope()};
    struct pg_result *result = NULL;
    memset(value, 'a', sizeof(value));
    const struct text parameter = {.data = value, .length = sizeof(value)};
    own.scope.deadline_ns = clock_deadline_in_ms(2500);
    assert_int_equal(pg_exec(own.pg, &own.scope, "late", "INSERT INTO late VALUES ($1)", false, &parameter, 1, &result),
                     STATUS_DEADLINE);
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_int_equal(how, 0);
    assert_string_equal(ask(database, "SELECT count(*) FROM late"), "0");
    (void)close(listener);
    assert_int_equal(unlink(address.sun_path), 0);
    assert_int_equal(rmdir(door.link), 0);
    assert_int_equal(rmdir(door.folder), 0);
    pg_free(own.pg);
    arena_free(own.scope.arena);
}

/* A listener whose backlog is full answers nothing at all, as a host without power. */
static int make_silent_port(int *port, int *fillers, size_t count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 0), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    for (size_t i = 0; i < count; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, sizeof(address));
    }
    (void)usleep(50 * 1000);
    *port = ntohs(address.sin_port);
    return listener;
}

static void a_silent_host_is_passed_over(void **state)
{
    struct database *database = *state;
    struct door door;
    int fillers[4];
    int port = 0;
    if (!make_door(database, &door)) {
        skip();
    }
    assert_int_equal(symlink(door.target, door.link), 0);
    int listener = make_silent_port(&port, fillers, COUNT_OF(fillers));
    const char *url = arena_printf(database->scope.arena,
                                   "host=127.0.0.1,%s port=%d,%s user=%s dbname=%s target_session_attrs=read-write",
                                   door.link, port, ask(database, "SELECT current_setting('port')"),
                                   ask(database, "SELECT current_user"), ask(database, "SELECT current_database()"))
                          .data;
    struct database own = {.pg = pg_new(&(struct pg_options){.url = url, .name = "test"}), .scope = database_scope()};
    assert_int_equal(exec(&own, "any", "SELECT 1", true), STATUS_OK);
    pg_free(own.pg);

    const char *alone =
        arena_printf(database->scope.arena, "host=127.0.0.1 port=%d user=x tcp_user_timeout=9000", port).data;
    const int64_t began_ns = clock_monotonic_ns();
    own.pg = pg_new(&(struct pg_options){.url = alone, .name = "test"});
    assert_int_equal(exec(&own, "any", "SELECT 1", true), STATUS_UNAVAILABLE);
    assert_in_range(elapsed_ms(began_ns), 1900, 2500);

    pg_free(own.pg);
    arena_free(own.scope.arena);
    for (size_t i = 0; i < COUNT_OF(fillers); i++) {
        (void)close(fillers[i]);
    }
    (void)close(listener);
    assert_int_equal(unlink(door.link), 0);
    assert_int_equal(rmdir(door.folder), 0);
}

/* As a stopped Postgres does: the kernel takes connections for it, and nobody answers. */
static void a_silent_server_is_waited_for_once(void **state)
{
    struct database *database = *state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 64), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    const char *url =
        arena_printf(database->scope.arena, "host=127.0.0.1 port=%d user=x", ntohs(address.sin_port)).data;
    struct database own = {.pg = pg_new(&(struct pg_options){.url = url, .name = "test"}), .scope = database_scope()};

    int64_t began_ns = clock_monotonic_ns();
    assert_int_equal(exec(&own, "any", "SELECT 1", true), STATUS_UNAVAILABLE);
    assert_in_range(elapsed_ms(began_ns), 1900, 2500);

    /* For a second and a half: one more attempt, which nobody waits for. */
    began_ns = clock_monotonic_ns();
    int64_t longest_ms = 0;
    int calls = 0;
    for (; elapsed_ms(began_ns) < 1500; calls++) {
        const int64_t called_ns = clock_monotonic_ns();
        assert_int_equal(exec(&own, "any", "SELECT 1", true), STATUS_UNAVAILABLE);
        longest_ms = elapsed_ms(called_ns) > longest_ms ? elapsed_ms(called_ns) : longest_ms;
    }
    assert_in_range(longest_ms, 0, 500);
    assert_true(calls > 100);
    int attempts = 0;
    for (int fd; (fd = accept(listener, NULL, NULL)) >= 0; attempts++) {
        (void)close(fd);
    }
    assert_int_equal(attempts, 2);
    pg_free(own.pg);
    arena_free(own.scope.arena);
    (void)close(listener);
}

static void no_message_shows_a_password(void **state)
{
    static const char *const urls[] = {
        "postgresql://me:secret@nowhere.invalid/x", "postgresql://me:secret/1@127.0.0.1/x",
        "postgresql://me:s@secret@127.0.0.1/x",     "postgresql://me:a?secret@127.0.0.1/x",
        "postgresql://me:%secret@127.0.0.1/x",      "host=127.0.0.1 port=1 password=two secret",
        "host=127.0.0.1 port=1 password='secret",   "postgresql://me:secret@127.0.0.1:1/x",
        "postgresql://me:1:secret@127.0.0.1/x",     "postgresql://me:secret@[127.0.0.1/x",
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(urls); i++) {
        struct database own = {.pg = pg_new(&(struct pg_options){.url = urls[i], .name = "test"}),
                               .scope = database_scope()};
        assert_row(pg_connect(own.pg, &own.scope) == STATUS_UNAVAILABLE, urls[i]);
        assert_row(strlen(pg_last_error(own.pg)) > 10, urls[i]);
        assert_row(strstr(pg_last_error(own.pg), "secret") == NULL, urls[i]);
        pg_free(own.pg);
        arena_free(own.scope.arena);
    }
}

/* --- the greeting --- */

struct greeted {
    int count;
    enum status answer;
};

static enum status greet(struct pg *pg, struct scope *scope, void *context)
{
    struct greeted *greeted = context;
    struct pg_result *result = NULL;
    greeted->count++;
    assert_int_equal(pg_exec(pg, scope, "greeting", "SELECT pg_sleep(0.05)", true, NULL, 0, &result), STATUS_OK);
    return greeted->answer;
}

static void each_new_connection_is_greeted(void **state)
{
    struct database *database = *state;
    struct greeted greeted = {.answer = STATUS_OK};
    const struct pg_options options = {
        .url = database_url(), .name = "test", .greeting = greet, .greeting_context = &greeted};
    struct other other = {.database = {.pg = pg_new(&options), .scope = database_scope()}};

    assert_int_equal(exec(&other.database, "any", "SELECT 1", true), STATUS_OK);
    assert_int_equal(exec(&other.database, "any", "SELECT 1", true), STATUS_OK);
    assert_int_equal(greeted.count, 1);
    assert_in_range(other.database.scope.store_ns / CLOCK_NS_PER_MS, 50, 10000);
    terminate(database, backend(&other));

    greeted.answer = STATUS_INVALID;
    assert_int_equal(exec(&other.database, "any", "SELECT 1", true), STATUS_UNAVAILABLE);
    assert_int_equal(greeted.count, 2);
    assert_non_null(strstr(pg_last_error(other.database.pg), "refused"));
    assert_int_equal(exec(&other.database, "any", "SELECT 1", true), STATUS_UNAVAILABLE);
    assert_int_equal(greeted.count, 2);

    greeted.answer = STATUS_OK;
    (void)usleep(120 * 1000);
    assert_int_equal(exec(&other.database, "any", "SELECT 1", true), STATUS_OK);
    disconnect_other(&other);
}

static enum status lose(struct pg *pg, struct scope *scope, void *context)
{
    struct pg_result *result = NULL;

    (void)context;
    return pg_exec(pg, scope, "end", "SELECT pg_terminate_backend(pg_backend_pid())", true, NULL, 0, &result);
}

static void a_connection_that_is_lost_while_it_is_greeted_has_a_reason(void **state)
{
    const struct pg_options options = {.url = database_url(), .name = "test", .greeting = lose};
    struct other other = {.database = {.pg = pg_new(&options), .scope = database_scope()}};

    (void)state;
    assert_int_equal(exec(&other.database, "any", "SELECT 1", true), STATUS_UNAVAILABLE);
    assert_non_null(strstr(pg_last_error(other.database.pg), "terminating connection"));
    disconnect_other(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_read_past_the_deadline_is_dropped, database_reset),
        cmocka_unit_test_setup(a_write_past_the_deadline_is_uncertain, database_reset),
        cmocka_unit_test_setup(the_server_ends_what_takes_too_long, database_reset),
        cmocka_unit_test_setup(a_deadline_that_has_passed_costs_nothing, database_reset),
        cmocka_unit_test_setup(an_idle_connection_that_was_cut_is_replaced, database_reset),
        cmocka_unit_test_setup(a_write_whose_connection_breaks_is_uncertain_and_not_run_again, database_reset),
        cmocka_unit_test_setup(a_read_whose_connection_breaks_is_run_again, database_reset),
        cmocka_unit_test_setup(a_write_that_the_server_ends_is_run_again, database_reset),
        cmocka_unit_test_setup(a_write_on_an_idle_connection_that_broke_is_not_uncertain, database_reset),
        cmocka_unit_test_setup(a_server_that_is_not_there_costs_no_time, database_reset),
        cmocka_unit_test_setup(a_server_that_comes_back_is_found_within_a_second, database_reset),
        cmocka_unit_test_setup(a_write_that_was_not_sent_whole_is_not_done, database_reset),
        cmocka_unit_test_setup(a_silent_host_is_passed_over, database_reset),
        cmocka_unit_test_setup(a_silent_server_is_waited_for_once, database_reset),
        cmocka_unit_test_setup(no_message_shows_a_password, database_reset),
        cmocka_unit_test_setup(each_new_connection_is_greeted, database_reset),
        cmocka_unit_test_setup(a_connection_that_is_lost_while_it_is_greeted_has_a_reason, database_reset),
    };
    return cmocka_run_group_tests(tests, database_set_up, database_tear_down);
}

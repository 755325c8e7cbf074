/* Connecting to Postgres, with backoff, and closing. All that a session needs is in the startup packet. */
#include "pg_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/resolver.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define SILENT_HOST_MS 1000

static const char *option_of(const PQconninfoOption *options, const char *keyword)
{
    for (; options != NULL && options->keyword != NULL; options++) {
        if (strcmp(options->keyword, keyword) == 0) {
            return options->val;
        }
    }
    return NULL;
}

/* What libpq would say about a malformed url repeats parts of it, and with them perhaps of the password. The same goes
 * for a password with an unescaped @ or /, of which libpq takes a part for the host or the port. */
static const char *url_fault(const char *url, const PQconninfoOption *options)
{
    const bool is_connection_string = strstr(url, "://") != NULL || strchr(url, '=') != NULL;
    const char *host = option_of(options, "host");
    const char *port = option_of(options, "port");

    if (is_connection_string && options == NULL) {
        return "the connection string is not understood (in a URI, special characters of a password are written %XX)";
    }
    if (host != NULL && host[0] != '/' && strchr(host, '@') != NULL) {
        return "the host in the connection string has an @ (in a password it is written %40)";
    }
    if (port != NULL && port[strspn(port, "0123456789,")] != '\0') {
        return "the port in the connection string is not a number (in a password / is written %2F and : %3A)";
    }
    return NULL;
}

/* Settings of the session. The operator's own, from the url or PGOPTIONS, stand before ours: ours count.
 *
 * Every statement here is written for an index. With a parameter for its LIMIT the planner thinks a generic plan ten
 * times as dear as it is and would plan anew each time, which costs as much as running it; and a plan that was made
 * while a table was empty must not go on to read all of it when it has grown. Rows that
 * an index has in the order wanted are never to be sorted instead, because they were thought to be few. The memory is for the bitmaps of indexes, which name pages instead of rows where it does not suffice,
 * so that every row of these would have to be looked at. A worker asks for little at a time, so that processes beside its
 * own would cost more than they bring. */
static struct text session_options(const struct pg *pg, struct arena *arena, const char *operators)
{
    const char *fixed = "-c TimeZone=UTC -c DateStyle=ISO -c jit=off -c plan_cache_mode=force_generic_plan "
                        "-c enable_seqscan=off -c enable_sort=off "
                        "-c work_mem=16MB -c max_parallel_workers_per_gather=0 "
                        "-c client_connection_check_interval=1000 "
                        "-c default_transaction_isolation=read\\ committed";
    const long long timeout = (long long)pg->options.statement_ms;

    if (timeout == 0) {
        return arena_printf(arena, "%s %s", operators, fixed);
    }
    return arena_printf(arena,
                        "%s %s -c statement_timeout=%lld -c lock_timeout=%lld "
                        "-c idle_in_transaction_session_timeout=%lld",
                        operators, fixed, timeout, timeout, timeout);
}

/* libpq looks names up itself, and waits; it comes to that only once they have just been found beside it. False, with
 * the reason kept, where they have not. */
static bool hosts_found(struct pg *pg, const PQconninfoOption *parsed, int64_t deadline_ns)
{
    const char *hosts = option_of(parsed, "host");
    const char *addresses = option_of(parsed, "hostaddr");

    if (hosts == NULL) {
        hosts = getenv("PGHOST");
    }
    if (hosts == NULL || addresses != NULL || getenv("PGHOSTADDR") != NULL) {
        return true;
    }
    if (pg->resolver == NULL) {
        pg->resolver = resolver_new(hosts);
    }
    const char *fault = resolver_wait(pg->resolver, deadline_ns) ? resolver_fault(pg->resolver) : "no answer in time";
    if (fault != NULL) {
        (void)snprintf(pg->error, sizeof(pg->error), "could not look up host \"%.200s\": %s", hosts, fault);
    }
    return fault == NULL;
}

static PGconn *start(struct pg *pg, struct arena *arena, int64_t deadline_ns)
{
    PQconninfoOption *parsed = PQconninfoParse(pg->options.url, NULL);
    const char *fault = url_fault(pg->options.url, parsed);
    PGconn *connection = NULL;

    if (fault != NULL) {
        pg_error_flatten(fault, pg->error);
    } else if (hosts_found(pg, parsed, deadline_ns)) {
        const char *operators = option_of(parsed, "options");
        if (operators == NULL) {
            operators = getenv("PGOPTIONS");
        }
        struct text options = session_options(pg, arena, operators != NULL ? operators : "");
        /* Of two values for one keyword the later counts: what stands before the url is a default. tcp_user_timeout
         * makes the kernel give up a host that is silent, so that libpq goes on to the next one: nothing else does
         * where connecting is not to block. */
        const char *keywords[] = {"fallback_application_name", "tcp_user_timeout", "dbname",
                                  "client_encoding",           "options",          NULL};
        const char *values[] = {pg->options.name != NULL ? pg->options.name : "wares",
                                TEXT_OF(SILENT_HOST_MS),
                                pg->options.url,
                                "UTF8",
                                options.data,
                                NULL};
        connection = PQconnectStartParams(keywords, values, 1);
    }
    PQconninfoFree(parsed);
    return connection;
}

enum attempt { ATTEMPT_DONE, ATTEMPT_FAILED, ATTEMPT_UNDER_WAY };

/* Goes on with the pending attempt for as long as the caller waits. Where it fails the reason is kept. */
static enum attempt go_on(struct pg *pg, const struct scope *scope, int64_t wait_until_ns)
{
    PGconn *connection = pg->pending;
    PostgresPollingStatusType wanted = pg->pending_wanted;

    if (PQstatus(connection) == CONNECTION_BAD) {
        wanted = PGRES_POLLING_FAILED;
    }
    while (wanted == PGRES_POLLING_READING || wanted == PGRES_POLLING_WRITING) {
        short events = wanted == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (!pg_wait(scope->waiter, PQsocket(connection), events, wait_until_ns)) {
            pg->pending_wanted = wanted;
            return ATTEMPT_UNDER_WAY;
        }
        wanted = PQconnectPoll(connection);
    }
    if (wanted != PGRES_POLLING_OK) {
        pg_error_flatten(PQerrorMessage(connection), pg->error);
        return ATTEMPT_FAILED;
    }
    return ATTEMPT_DONE;
}

/* Takes our tcp_user_timeout off again: a lost packet must not end a session. Does nothing on a unix socket. */
static void forgive_silence(const PGconn *connection)
{
    unsigned value = 0;
    socklen_t size = sizeof(value);
    int fd = PQsocket(connection);
    if (getsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, &size) == 0 && value == SILENT_HOST_MS) {
        value = 0;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &value, sizeof(value));
    }
}

/* A pooler may have dropped what the startup packet asked for; timestamps would be misread then. */
static bool session_usable(struct pg *pg, const PGconn *connection)
{
    const char *zone = PQparameterStatus(connection, "TimeZone");
    const char *style = PQparameterStatus(connection, "DateStyle");
    const char *encoding = PQparameterStatus(connection, "server_encoding");

    if (zone == NULL || strcmp(zone, "UTC") != 0 || style == NULL || strncmp(style, "ISO", 3) != 0) {
        (void)snprintf(pg->error, sizeof(pg->error),
                       "the session is not in TimeZone UTC and DateStyle ISO: a pooler must pass the startup "
                       "parameter \"options\" on, or the role must have these settings");
        return false;
    }
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        (void)snprintf(pg->error, sizeof(pg->error), "the database's encoding is not UTF8");
        return false;
    }
    return true;
}

static void ignore_notice(void *context, const PGresult *notice)
{
    (void)context;
    (void)notice;
}

static bool greet(struct pg *pg, struct scope *scope)
{
    if (pg->options.greeting == NULL) {
        return true;
    }
    int64_t store_ns = scope->store_ns; /* the caller of all this counts the time */
    pg->greeting = true;
    enum status status = pg->options.greeting(pg, scope, pg->options.greeting_context);
    pg->greeting = false;
    scope->store_ns = store_ns;
    if (status != STATUS_OK) {
        if (pg->connection != NULL) {
            (void)snprintf(pg->error, sizeof(pg->error), "the new connection was refused by the check of its schema");
        }
        return false;
    }
    return pg->connection != NULL;
}

/* Whatever libpq still has to send must not go out: the caller is told that it was not, and PQfinish would try. */
static void close_connection(struct pg *pg)
{
    (void)shutdown(PQsocket(pg->connection), SHUT_RDWR);
    PQfinish(pg->connection);
    pg->connection = NULL;
    pg->prepared_count = 0;
    pg->backend = (struct pg_backend){0};
}

void pg_abandon(struct pg *pg)
{
    PQfinish(pg->pending);
    pg->pending = NULL;
}

static int64_t sooner(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* How long the caller waits for an attempt. While Postgres does not answer no request is to stand about for it, nor those
 * behind it in the line of this worker. */
static int64_t wait_until(const struct pg *pg, const struct scope *scope)
{
    const bool in_trouble = pg->failures > 0 || pg->silent;
    const int64_t patience_ms = !in_trouble           ? PG_CONNECT_MAX_MS
                                : pg->pending == NULL ? PG_PATIENCE_MS
                                                      : PG_PATIENCE_NEXT_MS;

    return sooner(clock_deadline_in_ms(patience_ms), scope->deadline_ns);
}

/* Begins an attempt where none is under way, and goes on with it. One that nobody has looked after for long is given up
 * for a new one. */
static enum attempt attempt(struct pg *pg, struct scope *scope)
{
    enum attempt result;

    if (pg->pending != NULL && clock_monotonic_ns() > pg->pending_until_ns + PG_PAUSE_MAX_MS * CLOCK_NS_PER_MS) {
        pg_abandon(pg);
    }
    if (pg->pending == NULL) {
        pg->pending_until_ns = clock_deadline_in_ms(PG_CONNECT_MAX_MS);
        pg->pending_wanted = PGRES_POLLING_WRITING;
    }
    const int64_t until_ns = wait_until(pg, scope);
    if (pg->pending == NULL) {
        pg->pending = start(pg, scope->arena, until_ns);
    }
    result = pg->pending != NULL ? go_on(pg, scope, until_ns) : ATTEMPT_FAILED;
    if (result == ATTEMPT_UNDER_WAY && clock_monotonic_ns() >= pg->pending_until_ns) {
        (void)snprintf(pg->error, sizeof(pg->error), "no answer in time");
        result = ATTEMPT_FAILED;
    }
    if (result == ATTEMPT_FAILED) {
        pg_abandon(pg);
    }
    return result;
}

/* Makes a session of a connection that is there. */
static bool take_up(struct pg *pg, struct scope *scope)
{
    PGconn *connection = pg->pending;
    const struct scope bounded = {.arena = scope->arena,
                                  .waiter = scope->waiter,
                                  .deadline_ns = sooner(clock_deadline_in_ms(PG_CONNECT_MAX_MS), scope->deadline_ns)};

    if (!session_usable(pg, connection) || PQsetnonblocking(connection, 1) != 0) {
        pg_abandon(pg);
        return false;
    }
    forgive_silence(connection);
    (void)PQsetNoticeReceiver(connection, ignore_notice, NULL);
    pg->connection = connection;
    pg->pending = NULL;
    if (!pg_identify(pg, &bounded) || !greet(pg, scope)) {
        close_connection(pg);
        return false;
    }
    return true;
}

/* The pause after a failure: doubled each time, and half of it at random, so that workers do not come in step. */
static void back_off(struct pg *pg)
{
    int64_t pause_ms = PG_PAUSE_MIN_MS;
    for (unsigned i = 0; i < pg->failures && pause_ms < PG_PAUSE_MAX_MS; i++) {
        pause_ms *= 2;
    }
    if (pause_ms > PG_PAUSE_MAX_MS) {
        pause_ms = PG_PAUSE_MAX_MS;
    }
    pause_ms = pause_ms / 2 + clock_jitter((uint32_t)pause_ms / 2 + 1);
    pg->failures++;
    pg->retry_at_ns = clock_deadline_in_ms(pause_ms);
}

/* True where the server has closed an idle connection. What it said before is read first, its end comes after. */
static bool is_dead(PGconn *connection)
{
    while (pg_wait(NULL, PQsocket(connection), POLLIN, 0)) {
        if (!PQconsumeInput(connection)) {
            return true;
        }
    }
    return false;
}

enum status pg_open(struct pg *pg, struct scope *scope, bool probe)
{
    if (pg->connection != NULL && probe && is_dead(pg->connection)) {
        pg_drop(pg, "the server closed it while it was idle");
    }
    if (pg->connection != NULL) {
        return STATUS_OK;
    }
    if (pg->greeting || clock_monotonic_ns() < pg->retry_at_ns) {
        return STATUS_UNAVAILABLE;
    }
    char before[sizeof(pg->error)];
    memcpy(before, pg->error, sizeof(before));
    enum attempt result = attempt(pg, scope);
    if (result == ATTEMPT_UNDER_WAY) {
        return STATUS_UNAVAILABLE;
    }
    if (result == ATTEMPT_DONE && take_up(pg, scope)) {
        if (pg->troubled) {
            log_info("postgres: connected again");
        }
        pg->troubled = false;
        pg->silent = false;
        pg->failures = 0;
        pg->error[0] = '\0';
        return STATUS_OK;
    }
    if (pg->failures == 0 || strcmp(before, pg->error) != 0) { /* once for each reason, not for each attempt */
        log_warning("postgres: cannot connect: %s", pg->error);
        pg->troubled = true;
    }
    back_off(pg);
    return STATUS_UNAVAILABLE;
}

void pg_drop(struct pg *pg, const char *reason)
{
    close_connection(pg);
    if (reason != NULL && pg->greeting) {
        (void)snprintf(pg->error, sizeof(pg->error), "%s", reason); /* why it could not be connected to */
    } else if (reason != NULL) {
        log_warning("postgres: connection dropped: %s", reason);
        pg->troubled = true;
    }
}

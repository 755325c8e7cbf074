/* The connection to Redis: hiredis connects and reads answers apart; sending is our own, as hiredis's write(2) would
 * raise SIGPIPE on a connection that was cut. */
#include "cache/redis.h"

#include "redis_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/resolver.h"
#include "base/strbuf.h"

#include <errno.h>
#include <fcntl.h>
#include <hiredis/hiredis.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define UNSENT_MAX ((size_t)8 << 20)   /* bytes of commands */
#define UNSENT_KEPT ((size_t)64 << 10) /* of the buffer, between commands */
#define ANSWER_MAX ((size_t)16 << 20)  /* bytes */
#define UNREAD_MAX 64                  /* answers that nobody waits for */
#define WORD_OVERHEAD 32               /* bytes of protocol around a word, at most */
#define COMPLAINT_PAUSE_MS 60000

struct redis {
    struct redis_address address;
    struct resolver *resolver; /* of the address's host; NULL where it is a path, or off */
    int64_t timeout_ms;
    redisContext *context; /* NULL while there is no connection */
    uint64_t connections;  /* made so far */
    struct strbuf unsent;
    size_t sent;            /* of unsent */
    unsigned greetings;     /* answers to AUTH and SELECT that are to come first */
    unsigned unread;        /* then answers that nobody waits for */
    unsigned failures;      /* in a row */
    int64_t retry_at_ns;    /* no attempt before */
    bool held;              /* what nobody waits for is not sent yet */
    bool refused;           /* the last answer was an error */
    bool troubled;          /* a failure was logged, and no recovery since */
    int64_t complain_at_ns; /* no line about an error answer before */
};

/* When an exchange must end, and whether that is by Redis's timeout: then being late is Redis's failure. */
struct limit {
    int64_t deadline_ns;
    bool full;
};

enum status redis_new(const char *url, int64_t timeout_ms, struct redis **redis, char *error, size_t error_size)
{
    struct redis_address address;
    enum status status = redis_address_parse(url, &address, error, error_size);
    if (status == STATUS_OK) {
        *redis = memory_new(1, sizeof(**redis));
        **redis = (struct redis){.address = address, .timeout_ms = timeout_ms};
        if (address.host != NULL) {
            (*redis)->resolver = resolver_new(address.host);
        }
        strbuf_init(&(*redis)->unsent, UNSENT_MAX);
    }
    return status;
}

static void disconnect(struct redis *redis)
{
    if (redis->context != NULL) {
        redisFree(redis->context);
    }
    redis->context = NULL;
    redis->sent = 0;
    redis->greetings = 0;
    redis->unread = 0;
    strbuf_clear(&redis->unsent, UNSENT_KEPT);
}

void redis_free(struct redis *redis)
{
    if (redis != NULL) {
        disconnect(redis);
        strbuf_free(&redis->unsent);
        resolver_free(redis->resolver);
        redis_address_release(&redis->address);
        free(redis);
    }
}

bool redis_healthy(const struct redis *redis)
{
    return !redis->address.off && redis->failures == 0 && !redis->refused;
}

uint64_t redis_connection(const struct redis *redis)
{
    return redis->context != NULL ? redis->connections : 0;
}

/* --- the breaker --- */

static void open_breaker(struct redis *redis)
{
    int64_t pause_ms = REDIS_BREAKER_PAUSE_MIN_MS;
    for (unsigned i = REDIS_BREAKER_FAILURES; i < redis->failures && pause_ms < REDIS_BREAKER_PAUSE_MAX_MS; i++) {
        pause_ms *= 2;
    }
    if (pause_ms > REDIS_BREAKER_PAUSE_MAX_MS) {
        pause_ms = REDIS_BREAKER_PAUSE_MAX_MS;
    }
    /* Half of it at random: workers that lost the same Redis at once do not come back in step. */
    pause_ms = pause_ms / 2 + clock_jitter((uint32_t)pause_ms / 2 + 1);
    redis->retry_at_ns = clock_deadline_in_ms(pause_ms);
}

static void drop_connection(struct redis *redis, const char *why)
{
    disconnect(redis);
    redis->failures++;
    if (redis->failures >= REDIS_BREAKER_FAILURES) {
        open_breaker(redis);
    }
    if (!redis->troubled) {
        log_warning("redis: %s; until it is back the database is read instead", why);
        redis->troubled = true;
    }
}

static enum status fail(struct redis *redis, const char *why)
{
    drop_connection(redis, why);
    return STATUS_UNAVAILABLE;
}

static void succeed(struct redis *redis)
{
    if (redis->troubled) {
        log_info("redis: answers again");
    }
    redis->troubled = false;
    redis->failures = 0;
}

static enum status be_late(struct redis *redis, struct limit limit)
{
    if (limit.full) {
        return fail(redis, "no answer in time");
    }
    disconnect(redis); /* its answer may come yet, and nobody would know what it belongs to */
    return STATUS_UNAVAILABLE;
}

static void complain(struct redis *redis, const redisReply *reply)
{
    int64_t now_ns = clock_monotonic_ns();
    redis->refused = true;
    if (now_ns >= redis->complain_at_ns) {
        const int shown = reply->type == REDIS_REPLY_ERROR ? (int)(reply->len < 120 ? reply->len : 120) : 0;
        log_warning("redis: refused a command: %.*s", shown, shown > 0 ? reply->str : "");
        redis->complain_at_ns = now_ns + COMPLAINT_PAUSE_MS * CLOCK_NS_PER_MS;
    }
}

/* --- sending --- */

/* Puts a command behind those not sent yet, in the protocol's form; false where there is no room. */
static bool append_command(struct redis *redis, const struct text *words, size_t count)
{
    size_t size = WORD_OVERHEAD;
    for (size_t i = 0; i < count; i++) {
        size += words[i].length + WORD_OVERHEAD;
    }
    if (size > UNSENT_MAX - redis->unsent.length) {
        return false;
    }
    strbuf_append_char(&redis->unsent, '*');
    strbuf_append_u64(&redis->unsent, count);
    strbuf_append(&redis->unsent, "\r\n", 2);
    for (size_t i = 0; i < count; i++) {
        strbuf_append_char(&redis->unsent, '$');
        strbuf_append_u64(&redis->unsent, words[i].length);
        strbuf_append(&redis->unsent, "\r\n", 2);
        strbuf_append_text(&redis->unsent, words[i]);
        strbuf_append(&redis->unsent, "\r\n", 2);
    }
    return true;
}

/* Sends what can be sent without waiting; false where the connection is broken. */
static bool flush(struct redis *redis)
{
    while (redis->sent < redis->unsent.length) {
        ssize_t sent = send(redis->context->fd, redis->unsent.data + redis->sent, redis->unsent.length - redis->sent,
                            MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent < 0) {
            return errno == EAGAIN; /* also while it is being connected */
        }
        redis->sent += (size_t)sent;
    }
    redis->sent = 0;
    strbuf_clear(&redis->unsent, UNSENT_KEPT);
    return true;
}

/* --- connecting --- */

static void greet(struct redis *redis)
{
    const struct text user = text_of(redis->address.user);
    const struct text password = text_of(redis->address.password);

    if (password.data != NULL) {
        const struct text words[] = {TEXT("AUTH"), user.data != NULL ? user : password, password};
        redis->greetings += append_command(redis, words, user.data != NULL ? 3 : 2);
    }
    if (redis->address.database != 0) {
        char digits[12];
        int length = snprintf(digits, sizeof(digits), "%d", redis->address.database);
        const struct text words[] = {TEXT("SELECT"), {.data = digits, .length = (size_t)length}};
        redis->greetings += append_command(redis, words, 2);
    }
}

/* Begins to connect. That it worked shows when the first answer is there. hiredis is given addresses in digits only: it
 * would look names up itself, and wait. */
static enum status make_connection(struct redis *redis, struct limit limit)
{
    char address[RESOLVER_ADDRESS_SIZE];

    if (redis->address.off || clock_monotonic_ns() < redis->retry_at_ns) {
        return STATUS_UNAVAILABLE;
    }
    if (redis->address.path != NULL) {
        redis->context = redisConnectUnixNonBlock(redis->address.path);
    } else if (!resolver_wait(redis->resolver, limit.deadline_ns)) {
        return limit.full ? fail(redis, "its host's name could not be looked up in time") : STATUS_UNAVAILABLE;
    } else if (!resolver_address(redis->resolver, address)) {
        char why[160];
        const char *fault = resolver_fault(redis->resolver);
        (void)snprintf(why, sizeof(why), "its host's name was not found: %s", fault != NULL ? fault : "no address");
        return fail(redis, why);
    } else {
        redis->context = redisConnectNonBlock(address, redis->address.port);
    }
    if (redis->context == NULL || redis->context->err != 0) {
        char why[160];
        (void)snprintf(why, sizeof(why), "cannot connect: %s",
                       redis->context != NULL ? redis->context->errstr : "out of memory");
        return fail(redis, why);
    }
    (void)fcntl(redis->context->fd, F_SETFD, FD_CLOEXEC);
    redis->connections++;
    greet(redis);
    return STATUS_OK;
}

static enum status connected(struct redis *redis, struct limit limit)
{
    return redis->context != NULL ? STATUS_OK : make_connection(redis, limit);
}

/* --- receiving --- */

/* Waits until something arrived, and reads it; sends on meanwhile. */
static enum status receive(struct redis *redis, struct limit limit)
{
    struct pollfd waited = {.fd = redis->context->fd, .events = POLLIN};
    int ready = 0;

    if (!flush(redis)) {
        return fail(redis, "the connection was lost");
    }
    if (redis->unsent.length > 0) {
        waited.events |= POLLOUT;
    }
    do {
        ready = poll(&waited, 1, clock_poll_timeout(limit.deadline_ns));
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0) {
        return be_late(redis, limit);
    }
    if ((waited.revents & ~POLLOUT) != 0 && redisBufferRead(redis->context) != REDIS_OK) {
        return fail(redis, "the connection was lost");
    }
    if (redis->context->reader->len > ANSWER_MAX) {
        return fail(redis, "an answer is too large");
    }
    return STATUS_OK;
}

/* The next answer, whatever it belongs to. The caller frees it. */
static enum status next_reply(struct redis *redis, struct limit limit, redisReply **reply)
{
    void *next = NULL;
    while (redisReaderGetReply(redis->context->reader, &next) == REDIS_OK) {
        if (next != NULL) {
            *reply = next;
            return STATUS_OK;
        }
        enum status status = receive(redis, limit);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return fail(redis, "an answer is not Redis's protocol");
}

/* Takes note of, and frees, an answer that nobody waits for. */
static enum status drop(struct redis *redis, redisReply *reply)
{
    enum status status = STATUS_OK;
    if (reply->type == REDIS_REPLY_ERROR) {
        complain(redis, reply);
    }
    if (redis->greetings == 0) {
        redis->unread--;
    } else if (reply->type == REDIS_REPLY_ERROR) {
        status = fail(redis, "it refused the login or the database");
    } else {
        redis->greetings--;
    }
    freeReplyObject(reply);
    return status;
}

/* Drops such answers as have arrived, without waiting. */
static void drop_arrived(struct redis *redis)
{
    while (redis->context != NULL && redis->greetings + redis->unread > 0) {
        struct pollfd arrived = {.fd = redis->context->fd, .events = POLLIN};
        void *reply = NULL;
        if (redisReaderGetReply(redis->context->reader, &reply) != REDIS_OK) {
            drop_connection(redis, "an answer is not Redis's protocol");
        } else if (reply != NULL) {
            (void)drop(redis, reply);
        } else if (poll(&arrived, 1, 0) <= 0) {
            break;
        } else if (redisBufferRead(redis->context) != REDIS_OK) {
            drop_connection(redis, "the connection was lost");
        }
    }
}

/* --- the public functions --- */

static struct limit limit_of(const struct redis *redis, const struct scope *scope)
{
    int64_t deadline_ns = clock_deadline_in_ms(redis->timeout_ms);
    return deadline_ns <= scope->deadline_ns ? (struct limit){.deadline_ns = deadline_ns, .full = true}
                                             : (struct limit){.deadline_ns = scope->deadline_ns, .full = false};
}

/* Hands the reply over to the arena. An error, or a form that no command used here answers, is no answer. */
static enum status take_reply(struct redis *redis, struct arena *arena, redisReply *reply, struct redis_answer *answer)
{
    arena_defer(arena, freeReplyObject, reply);
    redis->refused = false;
    switch (reply->type) {
    case REDIS_REPLY_NIL:
        *answer = (struct redis_answer){.kind = REDIS_NIL};
        return STATUS_OK;
    case REDIS_REPLY_INTEGER:
        *answer = (struct redis_answer){.kind = REDIS_INTEGER, .integer = reply->integer};
        return STATUS_OK;
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
        *answer = (struct redis_answer){.kind = REDIS_STRING, .string = {.data = reply->str, .length = reply->len}};
        return STATUS_OK;
    default:
        complain(redis, reply);
        return STATUS_UNAVAILABLE;
    }
}

static enum status call(struct redis *redis, struct scope *scope, const struct text *words, size_t count,
                        struct redis_answer *answer)
{
    const struct limit limit = limit_of(redis, scope);
    redisReply *reply = NULL;
    enum status status = connected(redis, limit);

    if (status == STATUS_OK && !append_command(redis, words, count)) {
        status = STATUS_UNAVAILABLE;
    }
    while (status == STATUS_OK && redis->greetings + redis->unread > 0) {
        status = next_reply(redis, limit, &reply);
        if (status == STATUS_OK) {
            status = drop(redis, reply);
        }
    }
    if (status == STATUS_OK) {
        status = next_reply(redis, limit, &reply);
    }
    if (status == STATUS_OK) {
        succeed(redis);
        status = take_reply(redis, scope->arena, reply, answer);
    }
    return status;
}

enum status redis_call(struct redis *redis, struct scope *scope, const struct text *words, size_t count,
                       struct redis_answer *answer)
{
    const int64_t began_ns = clock_monotonic_ns();
    enum status status = call(redis, scope, words, count, answer);
    scope->cache_ns += clock_monotonic_ns() - began_ns;
    return status;
}

void redis_send(struct redis *redis, struct scope *scope, const struct text *words, size_t count)
{
    const int64_t began_ns = clock_monotonic_ns();
    const struct limit no_wait = {.deadline_ns = began_ns, .full = false};
    if (redis->context != NULL && redis->unread >= UNREAD_MAX) {
        drop_arrived(redis);
    }
    /* Where none has arrived the command is not worth a wait. */
    if (redis->unread < UNREAD_MAX && connected(redis, no_wait) == STATUS_OK && append_command(redis, words, count)) {
        redis->unread++;
        if ((!redis->held || redis->unsent.length >= UNSENT_KEPT) && !flush(redis)) {
            drop_connection(redis, "the connection was lost");
        }
    }
    scope->cache_ns += clock_monotonic_ns() - began_ns;
}

void redis_hold(struct redis *redis)
{
    redis->held = true;
}

void redis_release(struct redis *redis)
{
    redis->held = false;
    if (redis->context != NULL && redis->unsent.length > 0 && !flush(redis)) {
        drop_connection(redis, "the connection was lost");
    }
}

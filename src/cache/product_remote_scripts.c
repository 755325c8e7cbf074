/* Products in a Redis that several hosts share: the states of a key, changed by scripts that Redis runs one at a time.
 * Redis's memory is not trusted to be the last that was written: see cache/product_cache.h. */
#include "product_remote.h"

#include "base/clock.h"
#include "base/log.h"

#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define EPOCH_KEY "wares:epoch:" PRODUCT_CACHE_FORMAT
#define LEASE_MS "2000"      /* of a reader that is filling; who comes meanwhile reads the database */
#define TOMBSTONE_MS "60000" /* of a writer that is never heard of again */

/* A key of another type than ours is an error to GETRANGE, which pcall turns into a table: no state of ours. */
#define HEAD                                                                                                           \
    "local function head(key) local v = redis.pcall('GETRANGE', key, 0, 528) "                                         \
    "return type(v) == 'string' and v or '' end "

/* KEYS[1] the epoch's key, ARGV[1] the server's run_id, ARGV[2] a random number. n: the epoch's number. */
#define EPOCH                                                                                                          \
    HEAD "local e = head(KEYS[1]) if #e ~= 56 or string.sub(e, 1, 40) ~= ARGV[1] then "                                \
         "e = ARGV[1] .. ARGV[2] redis.call('SET', KEYS[1], e) end local n = string.sub(e, 41) "

/* ARGV[3] a stamp for a lease, ARGV[4] its ms, ARGV[5] the stamp of what the caller holds. = where that is current,
 * the entry, T or L, or the lease in full where it is the caller's. */
static const char get_script[] =
    EPOCH "local v = head(KEYS[2]) local s = string.sub(v, 1, 1) if s == 'T' then return s end "
          "if string.sub(v, 2, 17) == n then if s == 'L' then return s end if s == 'V' then "
          "if string.sub(v, 18, 33) == ARGV[5] then return '=' end return redis.call('GET', KEYS[2]) end end "
          "v = 'L' .. n .. ARGV[3] redis.call('SET', KEYS[2], v, 'PX', ARGV[4]) return v";

/* ARGV[3] the lease, ARGV[4] the entry, ARGV[5] its ms. */
static const char put_script[] = EPOCH "if n == string.sub(ARGV[3], 2, 17) and head(KEYS[2]) == ARGV[3] then "
                                       "redis.call('SET', KEYS[2], ARGV[4], 'PX', ARGV[5]) return 1 end return 0";

/* ARGV[1] the lease. */
static const char forgo_script[] =
    HEAD "if head(KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0";

/* ARGV[1] a token, ARGV[2] ms. Tokens beyond 32 are left out: the last of those that are in takes the tombstone off, and
 * the ends of the others still make every lease void. */
static const char begin_script[] =
    HEAD "for i = 1, #KEYS do local v = head(KEYS[i]) if string.sub(v, 1, 1) ~= 'T' then v = 'T' end "
         "if #v < 513 then v = v .. ARGV[1] end redis.call('SET', KEYS[i], v, 'PX', ARGV[2]) end return 1";

static const char end_script[] =
    HEAD "for i = 1, #KEYS do local v = head(KEYS[i]) if string.sub(v, 1, 1) == 'T' then local rest = 'T' "
         "for at = 2, #v, 16 do local t = string.sub(v, at, at + 15) if t ~= ARGV[1] then rest = rest .. t end end "
         "if rest == 'T' then redis.call('DEL', KEYS[i]) else redis.call('SET', KEYS[i], rest, 'PX', ARGV[2]) end "
         "else redis.call('DEL', KEYS[i]) end end return 1";

/* ARGV[3] the version that was committed. */
static const char repair_script[] =
    EPOCH "local v = head(KEYS[2]) local s = string.sub(v, 1, 1) if s == 'T' then return 0 end "
          "if s == 'V' and string.sub(v, 2, 17) == n and string.sub(v, 34, 52) >= ARGV[3] then return 0 end "
          "return redis.call('DEL', KEYS[2])";

static const char move_script[] = "redis.call('SET', KEYS[1], ARGV[1] .. ARGV[2]) return 1";

/* A number that was never used before: 16 hex digits. */
static struct text fresh_number(struct scope *scope)
{
    char *out = arena_alloc(scope->arena, NUMBER_LENGTH + 1);
    uint64_t number = 0;

    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
        number = (uint64_t)clock_unix_us() << 12U ^ (uint64_t)getpid() << 44U ^ clock_jitter(UINT32_MAX);
    }
    number_write(out, number);
    return (struct text){.data = out, .length = NUMBER_LENGTH};
}

/* --- the epoch --- */

/* The server behind the connection, which one started anew shares with none before. */
static bool know_server(struct remote *remote, struct scope *scope)
{
    const struct text words[] = {TEXT("INFO"), TEXT("server")};
    const struct text name = TEXT("run_id:");
    struct redis_answer answer;
    const char *found;

    if (remote->connection != 0 && remote->connection == redis_connection(remote->redis)) {
        return true;
    }
    if (redis_call(remote->redis, scope, words, sizeof words / sizeof words[0], &answer) != STATUS_OK ||
        answer.kind != REDIS_STRING) {
        return false;
    }
    found = memmem(answer.string.data, answer.string.length, name.data, name.length);
    if (found == NULL || answer.string.length - (size_t)(found - answer.string.data) < name.length + RUN_ID_LENGTH) {
        log_warning("redis: INFO does not tell a run_id: it is not used");
        return false;
    }
    memcpy(remote->run_id, found + name.length, RUN_ID_LENGTH);
    remote->connection = redis_connection(remote->redis);
    return true;
}

static bool move_epoch(struct remote *remote, struct scope *scope)
{
    const struct text words[] = {TEXT("EVAL"),    text_of(move_script),    TEXT("1"),
                                 TEXT(EPOCH_KEY), text_of(remote->run_id), fresh_number(scope)};
    struct redis_answer answer;
    return redis_call(remote->redis, scope, words, sizeof words / sizeof words[0], &answer) == STATUS_OK;
}

/* Before anything is read: the server is known, and nothing is owed. The debt is read before the epoch moves, so that
 * what is paid was incurred before. */
static bool prepare(struct remote *remote, struct scope *scope)
{
    const uint64_t debt = cells_debt(remote->cells);

    if (!know_server(remote, scope)) {
        return false;
    }
    if (debt == 0 && !remote->owing) {
        return true;
    }
    if (!move_epoch(remote, scope)) {
        return false;
    }
    cells_pay(remote->cells, debt);
    remote->owing = false;
    return true;
}

static void owe(struct remote *remote)
{
    cells_owe(remote->cells);
    remote->owing = true; /* also where there are no cells */
}

/* --- reading --- */

enum remote_state hosts_get(struct remote *remote, struct scope *scope, struct text id, const struct held_product *held,
                            struct text *value, struct cache_ticket *ticket)
{
    struct redis_answer answer;

    if (!prepare(remote, scope)) {
        return REMOTE_AWAY;
    }
    const struct text stamp =
        held != NULL ? (struct text){.data = held->guard + NUMBER_LENGTH, .length = NUMBER_LENGTH} : TEXT("");
    const struct text words[] = {TEXT("EVAL"),
                                 text_of(get_script),
                                 TEXT("2"),
                                 TEXT(EPOCH_KEY),
                                 remote_key(scope, id),
                                 text_of(remote->run_id),
                                 fresh_number(scope),
                                 fresh_number(scope),
                                 TEXT(LEASE_MS),
                                 stamp};
    if (redis_call(remote->redis, scope, words, sizeof words / sizeof words[0], &answer) != STATUS_OK ||
        answer.kind != REDIS_STRING || answer.string.length == 0) {
        return REMOTE_AWAY;
    }
    *value = answer.string;
    switch (answer.string.data[0]) {
    case '=':
        return REMOTE_SAME;
    case 'V':
        return REMOTE_FOUND;
    case 'L':
        if (answer.string.length == 1 + GUARD_LENGTH) {
            memcpy(ticket->guard, answer.string.data + 1, GUARD_LENGTH);
            return REMOTE_ABSENT;
        }
        return REMOTE_BUSY;
    default:
        return REMOTE_BUSY;
    }
}

void hosts_put(struct remote *remote, struct scope *scope, struct text id, struct text value,
               const struct cache_ticket *ticket, struct text ttl_ms)
{
    const struct text words[] = {TEXT("EVAL"),
                                 text_of(put_script),
                                 TEXT("2"),
                                 TEXT(EPOCH_KEY),
                                 remote_key(scope, id),
                                 text_of(remote->run_id),
                                 fresh_number(scope),
                                 arena_printf(scope->arena, "L%.*s", GUARD_LENGTH, ticket->guard),
                                 value,
                                 ttl_ms};

    /* A run_id that is not this connection's server's would begin an epoch that is none. */
    if (remote->connection == redis_connection(remote->redis)) {
        redis_send(remote->redis, scope, words, sizeof words / sizeof words[0]);
    }
}

void remote_forgo(struct remote *remote, struct scope *scope, struct text id, const struct cache_ticket *ticket)
{
    if (remote->many_hosts && ticket->usable) {
        const struct text words[] = {TEXT("EVAL"), text_of(forgo_script), TEXT("1"), remote_key(scope, id),
                                     arena_printf(scope->arena, "L%.*s", GUARD_LENGTH, ticket->guard)};
        redis_send(remote->redis, scope, words, sizeof words / sizeof words[0]);
    }
}

/* --- writing --- */

/* One script over the keys of all products of the write. */
static bool tell(struct remote *remote, struct scope *scope, const char *script)
{
    const size_t fixed = 3;
    struct text *words = arena_alloc(scope->arena, (fixed + remote->written_count + 2) * sizeof *words);
    struct redis_answer answer;
    size_t count = 0;

    words[count++] = TEXT("EVAL");
    words[count++] = text_of(script);
    words[count++] = arena_printf(scope->arena, "%zu", remote->written_count);
    for (size_t i = 0; i < remote->written_count; i++) {
        words[count++] = remote_key(scope, remote->written[i]);
    }
    words[count++] = text_of(remote->token);
    words[count++] = TEXT(TOMBSTONE_MS);
    return redis_call(remote->redis, scope, words, count, &answer) == STATUS_OK;
}

void remote_begin(struct remote *remote, struct scope *scope, const struct text *ids, size_t count)
{
    remote->written = ids;
    remote->written_count = remote->many_hosts ? count : 0;
    if (remote->written_count == 0) {
        return;
    }
    memcpy(remote->token, fresh_number(scope).data, NUMBER_LENGTH);
    if (!tell(remote, scope, begin_script)) {
        owe(remote);
    }
}

void remote_end(struct remote *remote, struct scope *scope)
{
    if (remote->written_count > 0 && !tell(remote, scope, end_script)) {
        owe(remote);
    }
    remote->written_count = 0;
}

bool remote_repair(struct remote *remote, struct scope *scope, struct text id, int64_t version)
{
    struct redis_answer answer;

    if (!remote->many_hosts) {
        return true;
    }
    if (!know_server(remote, scope)) {
        return false;
    }
    const struct text words[] = {TEXT("EVAL"),
                                 text_of(repair_script),
                                 TEXT("2"),
                                 TEXT(EPOCH_KEY),
                                 remote_key(scope, id),
                                 text_of(remote->run_id),
                                 fresh_number(scope),
                                 arena_printf(scope->arena, "%019" PRId64, version)};
    return redis_call(remote->redis, scope, words, sizeof words / sizeof words[0], &answer) == STATUS_OK;
}

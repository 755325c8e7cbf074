/* Products in Redis: the form of an entry, and the way of one host, whose cells guard all. Several hosts need scripts,
 * which stand in product_remote_scripts.c. */
#include "product_remote.h"

#include "base/clock.h"

#include <inttypes.h>
#include <string.h>

/* An entry: V, the guard, the version, a newline, the JSON. */
#define VERSION_DIGITS 19 /* of INT64_MAX */
#define GUARD_AT 1
#define VERSION_AT (GUARD_AT + GUARD_LENGTH)
#define JSON_AT (VERSION_AT + VERSION_DIGITS + 1)

void number_write(char out[NUMBER_LENGTH], uint64_t number)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = NUMBER_LENGTH; i-- > 0; number >>= 4U) {
        out[i] = digits[number & 15U];
    }
}

struct text remote_key(struct scope *scope, struct text id)
{
    static const char before[] = "wares:product:" PRODUCT_CACHE_FORMAT ":";
    const size_t length = sizeof before - 1 + id.length;
    char *key = arena_alloc(scope->arena, length);

    memcpy(key, before, sizeof before - 1);
    memcpy(key + sizeof before - 1, id.data, id.length);
    return (struct text){.data = key, .length = length};
}

/* False for a value that was not written here, or was cut. */
static bool read_value(struct text value, struct held_product *product)
{
    uint64_t version = 0;

    if (value.length < JSON_AT + 2 || value.data[0] != 'V' || value.data[JSON_AT - 1] != '\n' ||
        !text_to_u64((struct text){.data = value.data + VERSION_AT, .length = VERSION_DIGITS}, &version) ||
        version > INT64_MAX || value.data[JSON_AT] != '{' || value.data[value.length - 1] != '}') {
        return false;
    }
    memcpy(product->guard, value.data + GUARD_AT, GUARD_LENGTH);
    product->version = (int64_t)version;
    product->json = (struct text){.data = value.data + JSON_AT, .length = value.length - JSON_AT};
    product->held_ns = clock_monotonic_ns();
    return true;
}

/* Not by printf: the JSON is as long as it is. */
static struct text value_of(struct scope *scope, const struct cached_product *product, const char guard[GUARD_LENGTH])
{
    const size_t length = JSON_AT + product->json.length;
    char *value = arena_alloc(scope->arena, length);
    uint64_t version = (uint64_t)product->version;

    value[0] = 'V';
    memcpy(value + GUARD_AT, guard, GUARD_LENGTH);
    for (size_t i = VERSION_DIGITS; i-- > 0; version /= 10) {
        value[VERSION_AT + i] = (char)('0' + version % 10);
    }
    value[JSON_AT - 1] = '\n';
    memcpy(value + JSON_AT, product->json.data, product->json.length);
    return (struct text){.data = value, .length = length};
}

/* Less up to a tenth, so that what was filled together does not expire together. */
static struct text ttl_of(struct scope *scope, int64_t ttl_s)
{
    const int64_t ttl_ms = ttl_s * 1000;
    const int64_t spread = ttl_ms / 10 < INT32_MAX ? ttl_ms / 10 : INT32_MAX;
    return arena_printf(scope->arena, "%" PRId64, ttl_ms - clock_jitter((uint32_t)spread + 1));
}

/* --- one host --- */

static void guard_by_cells(char guard[GUARD_LENGTH], const struct cache_ticket *ticket)
{
    number_write(guard, ticket->incarnation);
    number_write(guard + NUMBER_LENGTH, ticket->word);
}

static enum remote_state host_get(struct remote *remote, struct scope *scope, struct text id, struct text *value)
{
    const struct text words[] = {TEXT("GET"), remote_key(scope, id)};
    struct redis_answer answer;

    if (redis_call(remote->redis, scope, words, sizeof words / sizeof words[0], &answer) != STATUS_OK) {
        return REMOTE_AWAY;
    }
    *value = answer.kind == REDIS_STRING ? answer.string : TEXT_ABSENT;
    return answer.kind == REDIS_STRING ? REMOTE_FOUND : REMOTE_ABSENT;
}

static void host_put(struct remote *remote, struct scope *scope, struct text id, struct text value, struct text ttl_ms)
{
    const struct text words[] = {TEXT("SET"), remote_key(scope, id), value, TEXT("PX"), ttl_ms};
    redis_send(remote->redis, scope, words, sizeof words / sizeof words[0]);
}

/* --- both --- */

enum remote_state remote_get(struct remote *remote, struct scope *scope, struct text id,
                             const struct held_product *held, struct held_product *found, struct cache_ticket *ticket)
{
    struct text value = TEXT_ABSENT;
    enum remote_state state;

    if (remote->many_hosts) {
        state = hosts_get(remote, scope, id, held, &value, ticket);
    } else {
        guard_by_cells(ticket->guard, ticket);
        state = host_get(remote, scope, id, &value);
    }
    if (state == REMOTE_FOUND && (!read_value(value, found) ||
                                  (!remote->many_hosts && memcmp(found->guard, ticket->guard, GUARD_LENGTH) != 0))) {
        /* A damaged entry of many hosts is nobody's lease: it is left to expire. */
        return remote->many_hosts ? REMOTE_BUSY : REMOTE_ABSENT;
    }
    return state;
}

void remote_put(struct remote *remote, struct scope *scope, struct text id, const struct cached_product *product,
                const struct cache_ticket *ticket)
{
    char guard[GUARD_LENGTH];

    if (remote->many_hosts) {
        hosts_put(remote, scope, id, value_of(scope, product, ticket->guard), ticket, ttl_of(scope, remote->ttl_s));
        return;
    }
    guard_by_cells(guard, ticket);
    host_put(remote, scope, id, value_of(scope, product, guard), ttl_of(scope, remote->ttl_s));
}

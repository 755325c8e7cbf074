/* Products at both levels. A value in Redis is the version in VERSION_DIGITS digits, a newline and the JSON. */
#include "cache/product_cache.h"

#include "base/clock.h"
#include "base/memory.h"
#include "cache/product_memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define VERSION_DIGITS 19 /* of INT64_MAX; texts of one length compare as their numbers do */
#define HEAD_LENGTH (VERSION_DIGITS + 1)
#define KEY_PREFIX "wares:product:" PRODUCT_CACHE_FORMAT ":"

struct product_cache {
    struct redis *redis;
    struct product_memory *memory;
    int64_t ttl_s;
};

/* KEYS[1] the key, ARGV[1] the value, ARGV[2] the ttl in ms. What is there and is no such value counts as not there;
 * pcall, as a key of another type is an error otherwise. */
static const char fill_script[] = "local held = redis.pcall('GETRANGE', KEYS[1], 0, 19) "
                                  "if type(held) == 'string' and string.match(held, '^%d+\\n$') and #held == 20 "
                                  "and held >= string.sub(ARGV[1], 1, 20) then return 0 end "
                                  "redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1";

_Static_assert(HEAD_LENGTH == 20, "the script's numbers are the head's");

struct product_cache *product_cache_new(struct redis *redis, int64_t ttl_s, size_t memory_max)
{
    struct product_cache *cache = memory_new(1, sizeof(*cache));
    *cache = (struct product_cache){.redis = redis, .memory = product_memory_new(memory_max, ttl_s), .ttl_s = ttl_s};
    return cache;
}

void product_cache_free(struct product_cache *cache)
{
    if (cache != NULL) {
        product_memory_free(cache->memory);
        free(cache);
    }
}

static struct text key_of(struct scope *scope, struct text id)
{
    return arena_printf(scope->arena, KEY_PREFIX "%.*s", TEXT_PRINT(id));
}

/* False for a value that was not written here, or was cut. */
static bool read_value(struct text value, struct cached_product *product)
{
    uint64_t version = 0;
    const struct text digits = {.data = value.data, .length = VERSION_DIGITS};

    if (value.length < HEAD_LENGTH + 2 || value.data[VERSION_DIGITS] != '\n' || !text_to_u64(digits, &version) ||
        version > INT64_MAX || value.data[HEAD_LENGTH] != '{' || value.data[value.length - 1] != '}') {
        return false;
    }
    product->version = (int64_t)version;
    product->json = (struct text){.data = value.data + HEAD_LENGTH, .length = value.length - HEAD_LENGTH};
    return true;
}

static enum status get_from_redis(struct product_cache *cache, struct scope *scope, struct text id,
                                  struct cached_product *product)
{
    const struct text words[] = {TEXT("GET"), key_of(scope, id)};
    struct redis_answer answer;
    enum status status = redis_call(cache->redis, scope, words, sizeof(words) / sizeof(words[0]), &answer);

    if (status == STATUS_OK && (answer.kind != REDIS_STRING || !read_value(answer.string, product))) {
        status = STATUS_NOT_FOUND;
    }
    return status;
}

enum status product_cache_get(struct product_cache *cache, struct scope *scope, struct text id,
                              struct cached_product *product)
{
    enum status status;

    if (product_memory_get(cache->memory, id, &product->version, &product->json)) {
        return STATUS_OK;
    }
    status = get_from_redis(cache, scope, id, product);
    if (status == STATUS_OK) {
        product_memory_put(cache->memory, id, product->version, product->json);
    }
    return status;
}

/* The value as it is kept. Not by printf: the JSON is as long as it is. */
static struct text value_of(struct scope *scope, const struct cached_product *product)
{
    const size_t length = HEAD_LENGTH + product->json.length;
    const struct text head = arena_printf(scope->arena, "%0*" PRId64 "\n", VERSION_DIGITS, product->version);
    char *value = arena_alloc(scope->arena, length);
    memcpy(value, head.data, HEAD_LENGTH);
    memcpy(value + HEAD_LENGTH, product->json.data, product->json.length);
    return (struct text){.data = value, .length = length};
}

/* Less up to a tenth, so that what was filled together does not expire together. */
static struct text ttl_of(struct scope *scope, int64_t ttl_s)
{
    const int64_t ttl_ms = ttl_s * 1000;
    const int64_t spread = ttl_ms / 10 < INT32_MAX ? ttl_ms / 10 : INT32_MAX;
    return arena_printf(scope->arena, "%" PRId64, ttl_ms - clock_jitter((uint32_t)spread + 1));
}

void product_cache_put(struct product_cache *cache, struct scope *scope, struct text id,
                       const struct cached_product *product)
{
    const struct text words[] = {TEXT("EVAL"),      text_of(fill_script),     TEXT("1"),
                                 key_of(scope, id), value_of(scope, product), ttl_of(scope, cache->ttl_s)};
    redis_send(cache->redis, scope, words, sizeof(words) / sizeof(words[0]));
    product_memory_put(cache->memory, id, product->version, product->json);
}

void product_cache_begin_write(struct product_cache *cache, struct scope *scope, const struct text *ids, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct text words[] = {TEXT("DEL"), key_of(scope, ids[i])};
        redis_send(cache->redis, scope, words, sizeof(words) / sizeof(words[0]));
    }
}

void product_cache_end_write(struct product_cache *cache, struct scope *scope, enum cache_outcome outcome)
{
    (void)cache;
    (void)scope;
    (void)outcome;
}

/* Tests of cache/product_cache.h. */
#include "cache/product_cache.h"

#include "own_redis.h"

#define ID "01900000-0000-7000-8000-000000000001"
#define KEY "wares:product:" PRODUCT_CACHE_FORMAT ":" ID
#define TTL_S 600

struct fixture {
    struct own_redis *own;
    struct redis *redis;
    struct product_cache *cache;
};

static struct fixture begin(void **state)
{
    struct fixture fixture = {.own = *state};
    const struct text flush = TEXT("FLUSHALL");
    struct redis_answer answer;
    fixture.redis = connect_own(fixture.own, 0);
    fixture.cache = product_cache_new(fixture.redis, TTL_S, 0);
    assert_int_equal(redis_call(fixture.redis, &fixture.own->scope, &flush, 1, &answer), STATUS_OK);
    return fixture;
}

static void end(struct fixture *fixture)
{
    product_cache_free(fixture->cache);
    redis_free(fixture->redis);
}

static void put(struct fixture *fixture, int64_t version, const char *json)
{
    const struct cached_product product = {.version = version, .json = text_of(json)};
    product_cache_put(fixture->cache, &fixture->own->scope, TEXT(ID), &product);
}

static enum status get(struct fixture *fixture, struct cached_product *product)
{
    return product_cache_get(fixture->cache, &fixture->own->scope, TEXT(ID), product);
}

static long long ask(struct fixture *fixture, const struct text *words, size_t count)
{
    struct redis_answer answer;
    assert_int_equal(redis_call(fixture->redis, &fixture->own->scope, words, count, &answer), STATUS_OK);
    return answer.kind == REDIS_INTEGER ? answer.integer : -1;
}

static void what_is_put_is_got(void **state)
{
    struct fixture fixture = begin(state);
    struct cached_product product;
    assert_int_equal(get(&fixture, &product), STATUS_NOT_FOUND);
    put(&fixture, 3, "{\"name\":\"caf\xc3\xa9\"}");
    assert_int_equal(get(&fixture, &product), STATUS_OK);
    assert_int_equal(product.version, 3);
    assert_text(product.json, "{\"name\":\"caf\xc3\xa9\"}");
    end(&fixture);
}

static void a_newer_version_is_never_replaced(void **state)
{
    static const int64_t versions[] = {9, 10, 2, 9, 100, 99, 100, INT64_MAX, 1};
    struct fixture fixture = begin(state);
    int64_t newest = 0;
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        struct cached_product product;
        const char *json = arena_printf(fixture.own->scope.arena, "{\"put\":%zu}", i).data;
        const bool newer = versions[i] > newest;
        put(&fixture, versions[i], json);
        newest = newer ? versions[i] : newest;
        assert_int_equal(get(&fixture, &product), STATUS_OK);
        assert_true(product.version == newest);
        assert_true(text_equal(product.json, text_of(json)) == newer);
    }
    end(&fixture);
}

static void what_is_corrupt_counts_as_not_cached_and_is_replaced(void **state)
{
    static const char *const values[] = {
        "",
        "x",
        "0000000000000000001",
        "0000000000000000001\n",
        "0000000000000000001\n{",
        "0000000000000000009\n{\"cut\":",
        "9999999999999999999\n{\"version\":\"too large\"}",
        "000000000000000000x\n{}",
        "9000000000000000001{}{}",
        "{\"json\":\"alone, and longer than the head is\"}",
    };
    struct fixture fixture = begin(state);
    for (size_t i = 0; i < COUNT_OF(values); i++) {
        const struct text set[] = {TEXT("SET"), TEXT(KEY), text_of(values[i])};
        struct cached_product product;
        (void)ask(&fixture, set, COUNT_OF(set));
        assert_row(get(&fixture, &product) == STATUS_NOT_FOUND, values[i]);
    }
    const struct text junk[] = {TEXT("SET"), TEXT(KEY), TEXT("junk that is longer than the head, without a version")};
    struct cached_product product;
    (void)ask(&fixture, junk, COUNT_OF(junk));
    put(&fixture, 1, "{}");
    assert_int_equal(get(&fixture, &product), STATUS_OK);
    end(&fixture);
}

static void a_key_of_another_type_is_replaced(void **state)
{
    struct fixture fixture = begin(state);
    const struct text push[] = {TEXT("RPUSH"), TEXT(KEY), TEXT("junk")};
    struct cached_product product;
    (void)ask(&fixture, push, COUNT_OF(push));
    assert_int_equal(get(&fixture, &product), STATUS_UNAVAILABLE);
    put(&fixture, 1, "{}");
    assert_int_equal(get(&fixture, &product), STATUS_OK);
    end(&fixture);
}

static void entries_expire_apart(void **state)
{
    struct fixture fixture = begin(state);
    const struct text ask_ttl[] = {TEXT("PTTL"), TEXT(KEY)};
    long long least = TTL_S * 1000;
    long long most = 0;
    for (int version = 1; version <= 50; version++) {
        put(&fixture, version, "{}");
        const long long ttl = ask(&fixture, ask_ttl, COUNT_OF(ask_ttl));
        least = ttl < least ? ttl : least;
        most = ttl > most ? ttl : most;
    }
    assert_in_range(least, TTL_S * 900 - 1000, TTL_S * 1000);
    assert_in_range(most, least + TTL_S * 20, TTL_S * 1000);
    end(&fixture);
}

static void a_redis_that_is_gone_is_unavailable(void **state)
{
    struct fixture fixture = begin(state);
    struct cached_product product;
    own_redis_end(fixture.own);
    put(&fixture, 1, "{}");
    assert_int_equal(get(&fixture, &product), STATUS_UNAVAILABLE);
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_put_is_got, own_redis_reset),
        cmocka_unit_test_setup(a_newer_version_is_never_replaced, own_redis_reset),
        cmocka_unit_test_setup(what_is_corrupt_counts_as_not_cached_and_is_replaced, own_redis_reset),
        cmocka_unit_test_setup(a_key_of_another_type_is_replaced, own_redis_reset),
        cmocka_unit_test_setup(entries_expire_apart, own_redis_reset),
        cmocka_unit_test_setup(a_redis_that_is_gone_is_unavailable, own_redis_reset),
    };
    return cmocka_run_group_tests(tests, own_redis_set_up, own_redis_tear_down);
}

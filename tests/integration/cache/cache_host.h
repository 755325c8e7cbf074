/* Caches as processes of one host, or of several, have them: each with a connection of its own to the Redis of a test. */
#ifndef TESTS_CACHE_HOST_H
#define TESTS_CACHE_HOST_H

#include "cache/product_cache.h"

#include "own_redis.h"

#include <glob.h>

#define ID "01900000-0000-7000-8000-000000000001"
#define OTHER_ID "01900000-0000-7000-8000-000000000002"
#define KEY "wares:product:" PRODUCT_CACHE_FORMAT ":" ID
#define TTL_S 600
#define HOSTS_MAX 3

struct process {
    struct own_redis *own;
    struct redis *redis;
    struct product_cache *cache;
};

static char host_folders[HOSTS_MAX][64];
static bool host_backend_gone;

static inline bool host_is_gone(void *context, struct scope *scope, const struct cells_backend *backend)
{
    (void)context;
    (void)scope;
    (void)backend;
    return host_backend_gone;
}

/* A process of the host with that number. */
static inline struct process process_of(struct own_redis *own, int host, bool many_hosts, size_t memory_max)
{
    struct process process = {.own = own, .redis = connect_own(own, 0)};

    process.cache = product_cache_new(&(struct product_cache_options){.redis = process.redis,
                                                                      .ttl_s = TTL_S,
                                                                      .memory_max = memory_max,
                                                                      .folder = host_folders[host],
                                                                      .many_hosts = many_hosts,
                                                                      .is_gone = host_is_gone});
    product_cache_attach(process.cache, TEXT("database"), (struct cells_backend){.pid = 1, .start_us = 1});
    return process;
}

static inline void process_end(struct process *process)
{
    product_cache_free(process->cache);
    redis_free(process->redis);
}

static inline long long ask(struct process *process, const struct text *words, size_t count)
{
    struct redis_answer answer;
    assert_int_equal(redis_call(process->redis, &process->own->scope, words, count, &answer), STATUS_OK);
    return answer.kind == REDIS_INTEGER ? answer.integer : -1;
}

static inline struct cache_ticket miss(struct process *process, const char *id)
{
    struct cached_product product;
    struct cache_ticket ticket;

    assert_true(product_cache_get(process->cache, &process->own->scope, text_of(id), &product, &ticket) != STATUS_OK);
    return ticket;
}

static inline void put(struct process *process, const char *id, int64_t version, const struct cache_ticket *ticket)
{
    const struct cached_product product = {
        .version = version, .json = arena_printf(process->own->scope.arena, "{\"version\":%lld}", (long long)version)};
    product_cache_put(process->cache, &process->own->scope, text_of(id), &product, ticket);
    (void)product_cache_answers(process->cache, &process->own->scope); /* the fill is not waited for */
}

/* A read that misses and fills. */
static inline void fill(struct process *process, const char *id, int64_t version)
{
    const struct cache_ticket ticket = miss(process, id);
    assert_true(ticket.usable);
    put(process, id, version, &ticket);
}

/* The version that a read gets from the cache; 0: none. */
static inline int64_t got(struct process *process, const char *id)
{
    struct cached_product product;
    struct cache_ticket ticket;

    if (product_cache_get(process->cache, &process->own->scope, text_of(id), &product, &ticket) == STATUS_OK) {
        assert_true(text_starts_with(product.json, TEXT("{\"version\":")));
        return product.version;
    }
    product_cache_forgo(process->cache, &process->own->scope, text_of(id), &ticket);
    return 0;
}

/* The version that is given while the database cannot be asked; 0: none. */
static inline int64_t unproven(struct process *process, const char *id)
{
    struct cached_product product = {0};
    int64_t age_ms = -1;

    if (!product_cache_get_unproven(process->cache, text_of(id), 10000, &product, &age_ms)) {
        return 0;
    }
    assert_in_range(age_ms, 0, 10000);
    return product.version;
}

static inline enum status try_begin(struct process *process, const char *id)
{
    static struct text products[1];
    products[0] = text_of(id);
    return product_cache_begin_write(process->cache, &process->own->scope,
                                     &(struct cache_marks){.products = products, .product_count = 1});
}

static inline void begin_write(struct process *process, const char *id)
{
    assert_int_equal(try_begin(process, id), STATUS_OK);
}

static inline void end_write(struct process *process, enum cache_outcome outcome)
{
    product_cache_end_write(process->cache, &process->own->scope, outcome);
}

static inline void write_whole(struct process *process, const char *id)
{
    begin_write(process, id);
    end_write(process, CACHE_COMMITTED);
}

/* Folders, and in each a file that is old enough to be written by. */
static inline int hosts_set_up(void **state)
{
    struct own_redis *own;

    (void)own_redis_set_up(state);
    own = *state;
    for (int i = 0; i < HOSTS_MAX; i++) {
        (void)snprintf(host_folders[i], sizeof host_folders[i], "%s-host%d", own->folder, i);
        struct process process = process_of(own, i, false, 0);
        process_end(&process);
    }
    host_backend_gone = false;
    return 0;
}

static inline int hosts_tear_down(void **state)
{
    for (int i = 0; i < HOSTS_MAX; i++) {
        char pattern[256];
        glob_t found = {0};
        (void)snprintf(pattern, sizeof pattern, "%s/*", host_folders[i]);
        if (glob(pattern, 0, NULL, &found) == 0) {
            for (size_t j = 0; j < found.gl_pathc; j++) {
                (void)unlink(found.gl_pathv[j]);
            }
        }
        globfree(&found);
        (void)rmdir(host_folders[i]);
    }
    return own_redis_tear_down(state);
}

static inline int hosts_reset(void **state)
{
    struct process process;
    const struct text flush = TEXT("FLUSHALL");

    (void)own_redis_reset(state);
    host_backend_gone = true;
    /* Marks that a test before left are taken off, and what each host owes is paid: no epoch moves on in the test. */
    for (int i = 0; i < HOSTS_MAX; i++) {
        process = process_of(*state, i, true, 0);
        (void)got(&process, ID);
        (void)ask(&process, &flush, 1);
        process_end(&process);
    }
    host_backend_gone = false;
    return 0;
}

#endif

/* Products at both levels, by the one protocol of cache/product_cache.h. */
#include "cache/product_cache.h"

#include "product_cache_internal.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define MEND_PAUSE_MS 100 /* between looks for dead owners */
#define CATEGORIES_MAX 64 /* of one write; more are marked as all of them */

_Static_assert(CACHE_PRODUCTS_MAX + CATEGORIES_MAX + 1 <= CELLS_MARKS_MAX, "the marks of the largest write have room");
_Static_assert(sizeof(((struct cache_ticket *)NULL)->guard) == GUARD_LENGTH, "a ticket holds a guard");

struct product_cache *product_cache_new(const struct product_cache_options *options)
{
    struct product_cache *cache = memory_new(1, sizeof *cache);

    cache->options = *options;
    cache->cells = cells_new(options->folder);
    cache->memory = product_memory_new(options->memory_max - options->memory_max / ANSWERS_SHARE, options->ttl_s);
    cache->answers = lru_new(options->memory_max / ANSWERS_SHARE, options->ttl_s);
    cache->remote = (struct remote){
        .redis = options->redis, .cells = cache->cells, .ttl_s = options->ttl_s, .many_hosts = options->many_hosts};
    return cache;
}

void product_cache_free(struct product_cache *cache)
{
    if (cache != NULL) {
        product_memory_free(cache->memory);
        lru_free(cache->answers);
        cells_free(cache->cells);
        free(cache);
    }
}

void product_cache_attach(struct product_cache *cache, struct text database, struct cells_backend backend)
{
    /* The backend first: cells that are attached tell it on. */
    cache->attached = true;
    cells_set_backend(cache->cells, backend);
    (void)cells_attach(cache->cells, database); /* its failures are told in the log */
}

bool product_cache_is_attached(const struct product_cache *cache)
{
    return cache->attached;
}

void product_cache_home(const struct product_cache *cache, struct cells_home *home)
{
    cells_home(cache->cells, home);
}

/* --- reading --- */

bool product_cache_is_ready(struct product_cache *cache, int64_t now_ns)
{
    if (!cells_ready(cache->cells, now_ns)) {
        return false;
    }
    if (cells_incarnation(cache->cells) != cache->incarnation) {
        product_memory_clear(cache->memory);
        lru_clear(cache->answers);
        cache->incarnation = cells_incarnation(cache->cells);
    }
    return true;
}

struct asking {
    const struct product_cache *cache;
    struct scope *scope;
};

static bool is_gone(void *context, const struct cells_backend *backend)
{
    const struct asking *asking = context;
    const struct product_cache_options *options = &asking->cache->options;

    return options->is_gone != NULL && options->is_gone(options->context, asking->scope, backend);
}

uint64_t product_cache_word(struct product_cache *cache, struct scope *scope, uint32_t cell, int64_t now_ns)
{
    struct asking asking = {.cache = cache, .scope = scope};
    const uint64_t word = cells_word(cache->cells, cell);

    if (cells_is_quiet(word) || now_ns < cache->mend_at_ns) {
        return word;
    }
    cache->mend_at_ns = now_ns + MEND_PAUSE_MS * CLOCK_NS_PER_MS;
    cells_mend(cache->cells, cell, is_gone, &asking);
    return product_cache_is_ready(cache, now_ns) ? cells_word(cache->cells, cell) : word;
}

/* Notes the cell before the database is read. False where what is read must not be kept. */
static bool note(struct product_cache *cache, struct cache_ticket *ticket, uint64_t word)
{
    ticket->word = word;
    ticket->incarnation = cache->incarnation;
    ticket->usable = cells_is_quiet(word);
    return ticket->usable;
}

static enum status serve(const struct held_product *held, struct cached_product *product)
{
    *product = (struct cached_product){.version = held->version, .json = held->json};
    return STATUS_OK;
}

/* L2, and L1 filled from it. The word was noted before Redis is asked: with one host an entry is found under that very
 * word; with many L1 is held against Redis at each hit. */
static enum remote_state get_remote(struct product_cache *cache, struct scope *scope, struct text id,
                                    const struct held_product *held, struct held_product *found,
                                    struct cache_ticket *ticket)
{
    const enum remote_state state = remote_get(&cache->remote, scope, id, held, found, ticket);

    if (state == REMOTE_FOUND) {
        product_memory_put(cache->memory, id, ticket->word, found);
    }
    return state;
}

/* One process reads the database while others wait a little for what it finds. With many hosts the lease is in Redis. Reads
 * that are done together are one within another: one that waited might wait for the very one that it keeps waiting. */
static enum remote_state take_turn(struct product_cache *cache, struct scope *scope, struct text id,
                                   struct held_product *found, struct cache_ticket *ticket)
{
    const int64_t began_ns = clock_monotonic_ns();

    ticket->leased = cells_lease(cache->cells, ticket->cell, cache->leases == 0) == LEASE_MINE;
    cache->leases += ticket->leased ? 1 : 0;
    scope->cache_ns += clock_monotonic_ns() - began_ns;
    if (ticket->leased || !note(cache, ticket, cells_word(cache->cells, ticket->cell))) {
        return REMOTE_ABSENT;
    }
    return get_remote(cache, scope, id, NULL, found, ticket);
}

enum status product_cache_get(struct product_cache *cache, struct scope *scope, struct text id,
                              struct cached_product *product, struct cache_ticket *ticket)
{
    const int64_t now_ns = clock_monotonic_ns();
    struct held_product held = {0};
    struct held_product found = {0};
    enum remote_state state;
    bool is_held;

    *ticket = (struct cache_ticket){.cell = cells_of(KIND_PRODUCT, id)};
    if (!product_cache_is_ready(cache, now_ns)) {
        return STATUS_UNAVAILABLE;
    }
    if (!note(cache, ticket, product_cache_word(cache, scope, ticket->cell, now_ns))) {
        return STATUS_NOT_FOUND;
    }
    is_held = product_memory_get(cache->memory, id, ticket->word, now_ns, &held);
    if (is_held && (!cache->options.many_hosts || now_ns - held.held_ns < cache->options.l1_ttl_ms * CLOCK_NS_PER_MS)) {
        return serve(&held, product);
    }
    state = get_remote(cache, scope, id, is_held ? &held : NULL, &found, ticket);
    if (state == REMOTE_ABSENT && !cache->options.many_hosts) {
        state = take_turn(cache, scope, id, &found, ticket);
    }
    switch (state) {
    case REMOTE_SAME:
        return serve(&held, product);
    case REMOTE_FOUND:
        return serve(&found, product);
    case REMOTE_BUSY:
        ticket->usable = false;
        return STATUS_NOT_FOUND;
    case REMOTE_AWAY:
        /* With many hosts L1 is of no use without Redis. */
        ticket->usable = ticket->usable && !cache->options.many_hosts;
        return STATUS_UNAVAILABLE;
    case REMOTE_ABSENT:
    default:
        return STATUS_NOT_FOUND;
    }
}

bool product_cache_get_unproven(struct product_cache *cache, struct text id, int64_t age_ms_max,
                                struct cached_product *product, int64_t *age_ms)
{
    const int64_t now_ns = clock_monotonic_ns();
    struct held_product held;
    uint64_t word = 0;

    if (!product_cache_is_ready(cache, now_ns) || !product_memory_peek(cache->memory, id, &held, &word) ||
        !cells_is_same_version(word, cells_word(cache->cells, cells_of(KIND_PRODUCT, id)))) {
        return false;
    }
    *age_ms = (now_ns - held.held_ns) / CLOCK_NS_PER_MS;
    if (*age_ms > age_ms_max) {
        return false;
    }
    *product = (struct cached_product){.version = held.version, .json = held.json};
    return true;
}

static void release(struct product_cache *cache, const struct cache_ticket *ticket)
{
    cache->leases -= ticket->leased ? 1 : 0;
    if (ticket->leased && ticket->incarnation == cells_incarnation(cache->cells)) {
        cells_release(cache->cells, ticket->cell);
    }
}

void product_cache_forgo(struct product_cache *cache, struct scope *scope, struct text id,
                         const struct cache_ticket *ticket)
{
    remote_forgo(&cache->remote, scope, id, ticket);
    release(cache, ticket);
}

/* What is kept under a word that is the cell's no more would never be served: the comparison only saves the work. */
static bool is_worth_keeping(const struct product_cache *cache, const struct cache_ticket *ticket)
{
    return ticket->usable && ticket->incarnation == cells_incarnation(cache->cells) &&
           ticket->incarnation == cache->incarnation && ticket->word == cells_word(cache->cells, ticket->cell);
}

void product_cache_put_here(struct product_cache *cache, struct text id, const struct cached_product *product,
                            const struct cache_ticket *ticket)
{
    struct held_product held = {.version = product->version, .json = product->json, .held_ns = clock_monotonic_ns()};

    if (is_worth_keeping(cache, ticket)) {
        memcpy(held.guard, ticket->guard, sizeof held.guard);
        product_memory_put(cache->memory, id, ticket->word, &held);
    }
    release(cache, ticket);
}

void product_cache_put(struct product_cache *cache, struct scope *scope, struct text id,
                       const struct cached_product *product, const struct cache_ticket *ticket)
{
    if (is_worth_keeping(cache, ticket)) {
        remote_put(&cache->remote, scope, id, product, ticket);
    }
    product_cache_put_here(cache, id, product, ticket);
}

/* With many hosts a fill needs a lease of Redis's, which a write has none of. */
struct cache_ticket product_cache_note(struct product_cache *cache, struct text id)
{
    struct cache_ticket ticket = {.cell = cells_of(KIND_PRODUCT, id)};

    if (!cache->options.many_hosts && product_cache_is_ready(cache, clock_monotonic_ns())) {
        (void)note(cache, &ticket, cells_word(cache->cells, ticket.cell));
    }
    return ticket;
}

/* --- writing --- */

static size_t list_cells(const struct cache_marks *marks, uint32_t cells[CELLS_MARKS_MAX])
{
    size_t count = 0;

    for (size_t i = 0; i < marks->product_count; i++) {
        cells[count++] = cells_of(KIND_PRODUCT, marks->products[i]);
    }
    if (marks->all_categories || marks->category_count > CATEGORIES_MAX) {
        cells[count++] = cells_of(KIND_CATEGORIES, TEXT(""));
    } else {
        for (size_t i = 0; i < marks->category_count; i++) {
            cells[count++] = cells_of(KIND_CATEGORY, marks->categories[i]);
        }
    }
    cells[count++] = cells_of(KIND_CATALOGUE, TEXT(""));
    return count;
}

enum status product_cache_begin_write(struct product_cache *cache, struct scope *scope, const struct cache_marks *marks)
{
    uint32_t cells[CELLS_MARKS_MAX];
    enum status status;

    cache->written = (struct cache_ticket){0};
    cache->writing = false;
    if (marks->product_count > CACHE_PRODUCTS_MAX) {
        return STATUS_TOO_LARGE;
    }
    if (marks->product_count + marks->category_count == 0 && !marks->all_categories) {
        return STATUS_OK;
    }
    status = cells_begin(cache->cells, cells, list_cells(marks, cells), scope->deadline_ns);
    if (status == STATUS_OK) {
        cache->writing = true;
        cache->one_product = marks->product_count == 1;
        cache->written.cell = cells[0];
        remote_begin(&cache->remote, scope, marks->products, marks->product_count);
    }
    return status;
}

void product_cache_end_write(struct product_cache *cache, struct scope *scope, enum cache_outcome outcome)
{
    uint64_t word;

    if (!cache->writing) {
        return;
    }
    cache->writing = false;
    if (outcome == CACHE_UNKNOWN) {
        /* The tombstones stay too, until they expire. */
        cells_abandon(cache->cells);
        return;
    }
    remote_end(&cache->remote, scope);
    word = cells_end(cache->cells);
    if (outcome == CACHE_COMMITTED && cache->one_product && !cache->options.many_hosts &&
        cells_incarnation(cache->cells) == cache->incarnation) {
        (void)note(cache, &cache->written, word);
    }
}

struct cache_ticket product_cache_written(const struct product_cache *cache)
{
    return cache->written;
}

enum status product_cache_replay(struct product_cache *cache, struct scope *scope, const struct cache_marks *marks)
{
    const enum status status = product_cache_begin_write(cache, scope, marks);

    if (status == STATUS_OK) {
        product_cache_end_write(cache, scope, CACHE_COMMITTED);
    }
    return status;
}

enum status product_cache_repair(struct product_cache *cache, struct scope *scope, struct text id, int64_t version)
{
    const int64_t now_ns = clock_monotonic_ns();

    if (product_cache_is_ready(cache, now_ns)) {
        (void)product_cache_word(cache, scope, cells_of(KIND_PRODUCT, id), now_ns);
    }
    return remote_repair(&cache->remote, scope, id, version) ? STATUS_OK : STATUS_UNAVAILABLE;
}

/* --- Redis as such --- */

void product_cache_hold(struct product_cache *cache)
{
    redis_hold(cache->options.redis);
}

void product_cache_release(struct product_cache *cache)
{
    redis_release(cache->options.redis);
}

bool product_cache_answers(struct product_cache *cache, struct scope *scope)
{
    const struct text ping = TEXT("PING");
    struct redis_answer answer;

    return redis_call(cache->options.redis, scope, &ping, 1, &answer) == STATUS_OK;
}

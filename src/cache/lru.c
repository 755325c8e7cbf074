/* A hash table with chains and a list by last use. */
#include "lru.h"

#include "base/hash.h"
#include "base/memory.h"

#include "base/clock.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* One chain for so many bytes of the bound: about one for each product of the usual size. */
#define BYTES_PER_CHAIN 1024

struct entry {
    struct entry *next;  /* in its chain */
    struct entry *newer; /* by last use */
    struct entry *older;
    int64_t held_ns;
    uint64_t hash;
    size_t length; /* of the value */
    size_t key_length;
    alignas(max_align_t) char bytes[]; /* the value, and the key behind it */
};

struct chain {
    struct entry *first;
};

struct lru {
    size_t bytes_max;
    size_t bytes;
    int64_t ttl_ns;
    struct entry *newest;
    struct entry *oldest;
    size_t chain_count; /* a power of two; 0: nothing is held */
    struct chain *chains;
};

struct lru *lru_new(size_t bytes_max, int64_t ttl_s)
{
    struct lru *lru = memory_new(1, sizeof *lru);

    lru->ttl_ns = ttl_s * CLOCK_NS_PER_S;
    lru->bytes_max = bytes_max;
    if (bytes_max >= BYTES_PER_CHAIN) {
        lru->chain_count = 1;
        while (lru->chain_count * 2 <= bytes_max / BYTES_PER_CHAIN) {
            lru->chain_count *= 2;
        }
        lru->chains = memory_new(lru->chain_count, sizeof(struct chain));
        lru->bytes = lru->chain_count * sizeof(struct chain);
    }
    return lru;
}

void lru_clear(struct lru *lru)
{
    for (struct entry *entry = lru->newest; entry != NULL;) {
        struct entry *older = entry->older;
        free(entry);
        entry = older;
    }
    lru->newest = NULL;
    lru->oldest = NULL;
    if (lru->chain_count > 0) {
        memset(lru->chains, 0, lru->chain_count * sizeof(struct chain));
    }
    lru->bytes = lru->chain_count * sizeof(struct chain);
}

void lru_free(struct lru *lru)
{
    if (lru != NULL) {
        lru_clear(lru);
        free(lru->chains);
        free(lru);
    }
}

size_t lru_bytes(const struct lru *lru)
{
    return lru->bytes;
}

/* --- the list by last use --- */

static void unlink_from_list(struct lru *lru, struct entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &lru->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &lru->oldest) = entry->newer;
}

static void put_in_front(struct lru *lru, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = lru->newest;
    *(lru->newest != NULL ? &lru->newest->newer : &lru->oldest) = entry;
    lru->newest = entry;
}

/* --- the table --- */

static struct entry **chain_of(const struct lru *lru, uint64_t hash)
{
    return &lru->chains[hash & (lru->chain_count - 1)].first;
}

static bool has_key(const struct entry *entry, uint64_t hash, struct text key)
{
    return entry->hash == hash && entry->key_length == key.length &&
           memcmp(entry->bytes + entry->length, key.data, key.length) == 0;
}

/* Where the entry with that key hangs, or would have to. */
static struct entry **find(const struct lru *lru, uint64_t hash, struct text key)
{
    struct entry **link = chain_of(lru, hash);

    while (*link != NULL && !has_key(*link, hash, key)) {
        link = &(*link)->next;
    }
    return link;
}

static size_t size_of(size_t length, size_t key_length)
{
    return sizeof(struct entry) + length + key_length;
}

/* Drops what hangs there, if anything does. */
static void unhang(struct lru *lru, struct entry **link)
{
    struct entry *entry = *link;

    if (entry != NULL) {
        *link = entry->next;
        unlink_from_list(lru, entry);
        lru->bytes -= size_of(entry->length, entry->key_length);
        free(entry);
    }
}

static void drop_oldest(struct lru *lru)
{
    struct entry **link = chain_of(lru, lru->oldest->hash);

    while (*link != lru->oldest) {
        link = &(*link)->next;
    }
    unhang(lru, link);
}

static struct entry *look(const struct lru *lru, struct text key)
{
    return lru->chain_count > 0 ? *find(lru, hash_add(HASH_START, key), key) : NULL;
}

const void *lru_peek(const struct lru *lru, struct text key)
{
    const struct entry *entry = look(lru, key);

    return entry != NULL ? entry->bytes : NULL;
}

void *lru_get(struct lru *lru, struct text key, int64_t now_ns)
{
    struct entry *entry = look(lru, key);

    if (entry == NULL || now_ns - entry->held_ns >= lru->ttl_ns) {
        return NULL;
    }
    if (entry != lru->newest) {
        unlink_from_list(lru, entry);
        put_in_front(lru, entry);
    }
    return entry->bytes;
}

void lru_drop(struct lru *lru, struct text key)
{
    if (lru->chain_count > 0) {
        unhang(lru, find(lru, hash_add(HASH_START, key), key));
    }
}

void *lru_put(struct lru *lru, struct text key, size_t length, int64_t held_ns)
{
    const uint64_t hash = hash_add(HASH_START, key);
    const size_t size = size_of(length, key.length);

    lru_drop(lru, key);
    if (lru->chain_count == 0 || size > lru->bytes_max / 4) {
        return NULL;
    }
    while (lru->oldest != NULL && lru->bytes + size > lru->bytes_max) {
        drop_oldest(lru);
    }

    struct entry *entry = memory_new(1, size);
    struct entry **chain = chain_of(lru, hash);
    *entry =
        (struct entry){.next = *chain, .held_ns = held_ns, .hash = hash, .length = length, .key_length = key.length};
    memcpy(entry->bytes + length, key.data, key.length);
    *chain = entry;
    put_in_front(lru, entry);
    lru->bytes += size;
    return entry->bytes;
}

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

/* Entries are as large as they have to be, up to a multiple of this. */
#define ROOM_STEP ((size_t)64)

struct entry {
    struct entry *next;  /* in its chain */
    struct entry *newer; /* by last use */
    struct entry *older;
    int64_t held_ns;
    uint64_t hash;
    size_t room;   /* bytes of the entry as it was allocated */
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

/* Takes out what hangs there, if anything does; it is the caller's then. */
static struct entry *unhang(struct lru *lru, struct entry **link)
{
    struct entry *entry = *link;

    if (entry != NULL) {
        *link = entry->next;
        unlink_from_list(lru, entry);
        lru->bytes -= entry->room;
    }
    return entry;
}

static struct entry *unhang_oldest(struct lru *lru)
{
    struct entry **link = chain_of(lru, lru->oldest->hash);

    while (*link != lru->oldest) {
        link = &(*link)->next;
    }
    return unhang(lru, link);
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
        free(unhang(lru, find(lru, hash_add(HASH_START, key), key)));
    }
}

static size_t room_of(size_t length, size_t key_length)
{
    return (sizeof(struct entry) + length + key_length + ROOM_STEP - 1) / ROOM_STEP * ROOM_STEP;
}

/* Whether an entry that is taken out may be used for another: that one of the same size comes next is what is usual, and
 * the allocator is spared the holes. What is left over is lost as long as it is used. */
static bool is_reusable(const struct entry *entry, size_t room)
{
    return entry != NULL && entry->room >= room && entry->room - room <= room / 8;
}

/* Makes room, and gives a zeroed entry of at least that room. */
static struct entry *make_entry(struct lru *lru, struct entry *replaced, size_t room)
{
    struct entry *reused = is_reusable(replaced, room) ? replaced : NULL;

    if (reused != replaced) {
        free(replaced);
    }
    room = reused != NULL ? reused->room : room;
    while (lru->oldest != NULL && lru->bytes + room > lru->bytes_max) {
        struct entry *dropped = unhang_oldest(lru);
        if (reused == NULL && is_reusable(dropped, room)) {
            reused = dropped;
            room = reused->room;
        } else {
            free(dropped);
        }
    }
    if (reused != NULL) {
        memset(reused, 0, room);
    } else {
        reused = memory_new(1, room);
    }
    reused->room = room;
    return reused;
}

void *lru_put(struct lru *lru, struct text key, size_t length, int64_t held_ns)
{
    const uint64_t hash = hash_add(HASH_START, key);
    const size_t room = room_of(length, key.length);

    if (lru->chain_count == 0 || room > lru->bytes_max / 4) {
        lru_drop(lru, key);
        return NULL;
    }

    struct entry *entry = make_entry(lru, unhang(lru, find(lru, hash, key)), room);
    struct entry **chain = chain_of(lru, hash);
    entry->next = *chain;
    entry->held_ns = held_ns;
    entry->hash = hash;
    entry->length = length;
    entry->key_length = key.length;
    memcpy(entry->bytes + length, key.data, key.length);
    *chain = entry;
    put_in_front(lru, entry);
    lru->bytes += entry->room;
    return entry->bytes;
}

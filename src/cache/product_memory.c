/* A hash table with chains and a list by last use. Touches nothing but memory. */
#include "cache/product_memory.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/memory.h"
#include "base/uuid.h"

#include <stdlib.h>
#include <string.h>

/* One chain for so many bytes of the bound: about one for each product of the usual size. */
#define BYTES_PER_CHAIN 1024

struct entry {
    struct entry *next;  /* in its chain */
    struct entry *newer; /* by last use */
    struct entry *older;
    uint64_t word;
    int64_t held_ns;
    int64_t version;
    size_t length; /* of json */
    char guard[PRODUCT_GUARD_LENGTH];
    char id[UUID_TEXT_LENGTH];
    char json[];
};

struct chain {
    struct entry *first;
};

struct product_memory {
    size_t bytes_max;
    size_t bytes;
    int64_t ttl_ns;
    struct entry *newest;
    struct entry *oldest;
    size_t chain_count; /* a power of two; 0: nothing is held */
    struct chain *chains;
};

struct product_memory *product_memory_new(size_t bytes_max, int64_t ttl_s)
{
    struct product_memory *memory = memory_new(1, sizeof(*memory));

    memory->ttl_ns = ttl_s * CLOCK_NS_PER_S;
    memory->bytes_max = bytes_max;
    if (bytes_max >= BYTES_PER_CHAIN) {
        memory->chain_count = 1;
        while (memory->chain_count * 2 <= bytes_max / BYTES_PER_CHAIN) {
            memory->chain_count *= 2;
        }
        memory->chains = memory_new(memory->chain_count, sizeof(struct chain));
        memory->bytes = memory->chain_count * sizeof(struct chain);
    }
    return memory;
}

void product_memory_clear(struct product_memory *memory)
{
    for (struct entry *entry = memory->newest; entry != NULL;) {
        struct entry *older = entry->older;
        free(entry);
        entry = older;
    }
    memory->newest = NULL;
    memory->oldest = NULL;
    if (memory->chain_count > 0) {
        memset(memory->chains, 0, memory->chain_count * sizeof(struct chain));
    }
    memory->bytes = memory->chain_count * sizeof(struct chain);
}

void product_memory_free(struct product_memory *memory)
{
    if (memory != NULL) {
        product_memory_clear(memory);
        free(memory->chains);
        free(memory);
    }
}

size_t product_memory_bytes(const struct product_memory *memory)
{
    return memory->bytes;
}

/* --- the list by last use --- */

static void unlink_from_list(struct product_memory *memory, struct entry *entry)
{
    *(entry->newer != NULL ? &entry->newer->older : &memory->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &memory->oldest) = entry->newer;
}

static void put_in_front(struct product_memory *memory, struct entry *entry)
{
    entry->newer = NULL;
    entry->older = memory->newest;
    *(memory->newest != NULL ? &memory->newest->newer : &memory->oldest) = entry;
    memory->newest = entry;
}

/* --- the table --- */

static struct entry **chain_of(const struct product_memory *memory, struct text id)
{
    return &memory->chains[hash_add(HASH_START, id) & (memory->chain_count - 1)].first;
}

/* Where the entry with that id hangs, or would have to. */
static struct entry **find(const struct product_memory *memory, struct text id)
{
    struct entry **link = chain_of(memory, id);

    while (*link != NULL && memcmp((*link)->id, id.data, UUID_TEXT_LENGTH) != 0) {
        link = &(*link)->next;
    }
    return link;
}

static size_t size_of(size_t length)
{
    return sizeof(struct entry) + length;
}

/* Drops what hangs there, if anything does. */
static void drop(struct product_memory *memory, struct entry **link)
{
    struct entry *entry = *link;

    if (entry != NULL) {
        *link = entry->next;
        unlink_from_list(memory, entry);
        memory->bytes -= size_of(entry->length);
        free(entry);
    }
}

static bool usable(const struct product_memory *memory, struct text id)
{
    return memory->chain_count > 0 && id.length == UUID_TEXT_LENGTH;
}

static void show(const struct entry *entry, struct held_product *product)
{
    product->version = entry->version;
    product->json = (struct text){.data = entry->json, .length = entry->length};
    product->held_ns = entry->held_ns;
    memcpy(product->guard, entry->guard, sizeof product->guard);
}

bool product_memory_get(struct product_memory *memory, struct text id, uint64_t word, int64_t now_ns,
                        struct held_product *product)
{
    struct entry **link = usable(memory, id) ? find(memory, id) : NULL;
    const struct entry *entry = link != NULL ? *link : NULL;

    if (entry == NULL) {
        return false;
    }
    if (entry->word != word) {
        drop(memory, link);
        return false;
    }
    if (now_ns - entry->held_ns >= memory->ttl_ns) {
        return false;
    }
    if (*link != memory->newest) {
        unlink_from_list(memory, *link);
        put_in_front(memory, *link);
    }
    show(entry, product);
    return true;
}

bool product_memory_peek(const struct product_memory *memory, struct text id, struct held_product *product,
                         uint64_t *word)
{
    const struct entry *entry = usable(memory, id) ? *find(memory, id) : NULL;

    if (entry == NULL) {
        return false;
    }
    show(entry, product);
    *word = entry->word;
    return true;
}

void product_memory_put(struct product_memory *memory, struct text id, uint64_t word,
                        const struct held_product *product)
{
    const size_t size = size_of(product->json.length);

    if (!usable(memory, id) || size > memory->bytes_max / 4) {
        return;
    }
    drop(memory, find(memory, id));
    while (memory->oldest != NULL && memory->bytes + size > memory->bytes_max) {
        const struct text oldest = {.data = memory->oldest->id, .length = UUID_TEXT_LENGTH};
        drop(memory, find(memory, oldest));
    }

    struct entry *entry = memory_new(1, size);
    struct entry **chain = chain_of(memory, id);
    *entry = (struct entry){
        .next = *chain,
        .word = word,
        .held_ns = product->held_ns,
        .version = product->version,
        .length = product->json.length,
    };
    memcpy(entry->guard, product->guard, sizeof entry->guard);
    memcpy(entry->id, id.data, UUID_TEXT_LENGTH);
    memcpy(entry->json, product->json.data, product->json.length);
    *chain = entry;
    put_in_front(memory, entry);
    memory->bytes += size;
}

/* Products among the values of an lru. */
#include "cache/product_memory.h"

#include "lru.h"

#include "base/memory.h"
#include "base/uuid.h"

#include <stdlib.h>
#include <string.h>

struct product_memory {
    struct lru *lru;
};

struct entry {
    uint64_t word;
    int64_t held_ns;
    int64_t version;
    size_t length; /* of json */
    char guard[PRODUCT_GUARD_LENGTH];
    char json[];
};

struct product_memory *product_memory_new(size_t bytes_max, int64_t ttl_s)
{
    struct product_memory *memory = memory_new(1, sizeof *memory);

    memory->lru = lru_new(bytes_max, ttl_s);
    return memory;
}

void product_memory_clear(struct product_memory *memory)
{
    lru_clear(memory->lru);
}

void product_memory_free(struct product_memory *memory)
{
    if (memory != NULL) {
        lru_free(memory->lru);
        free(memory);
    }
}

size_t product_memory_bytes(const struct product_memory *memory)
{
    return lru_bytes(memory->lru);
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
    const struct entry *entry = lru_get(memory->lru, id, now_ns);

    if (entry == NULL) {
        return false;
    }
    if (entry->word != word) {
        lru_drop(memory->lru, id);
        return false;
    }
    show(entry, product);
    return true;
}

bool product_memory_peek(const struct product_memory *memory, struct text id, struct held_product *product,
                         uint64_t *word)
{
    const struct entry *entry = lru_peek(memory->lru, id);

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
    struct entry *entry = id.length == UUID_TEXT_LENGTH
                              ? lru_put(memory->lru, id, sizeof *entry + product->json.length, product->held_ns)
                              : NULL;

    if (entry == NULL) {
        return;
    }
    entry->word = word;
    entry->held_ns = product->held_ns;
    entry->version = product->version;
    entry->length = product->json.length;
    memcpy(entry->guard, product->guard, sizeof entry->guard);
    memcpy(entry->json, product->json.data, product->json.length);
}

/* The table of a batch. Pure. */
#include "batch_table.h"

#include "base/hash.h"

void batch_table_init(struct batch_table *table, struct arena *arena, size_t count_max)
{
    table->slots = 16;
    while (table->slots < 2 * count_max) {
        table->slots *= 2;
    }
    table->entries = arena_alloc(arena, table->slots * sizeof *table->entries);
}

static uint64_t hash_of(struct text key)
{
    uint64_t hash = HASH_START;

    for (size_t i = 0; i < key.length; i++) {
        const char folded = (char)((unsigned char)key.data[i] | 0x20U); /* letters of both cases are one */
        hash = hash_add(hash, (struct text){.data = &folded, .length = 1});
    }
    return hash ^ hash >> 32U;
}

struct batch_entry *batch_table_find(struct batch_table *table, struct text key, bool add)
{
    size_t at = hash_of(key) & (table->slots - 1);

    while (table->entries[at].key.data != NULL) {
        if (text_equal_ignoring_case(table->entries[at].key, key)) {
            return &table->entries[at];
        }
        at = (at + 1) & (table->slots - 1);
    }
    if (!add) {
        return NULL;
    }
    table->entries[at].key = key;
    return &table->entries[at];
}

/* A table of what a batch knows by name: ids, skus and categories. Open addressing; never holds more than it was made for. */
#ifndef CATALOG_BATCH_TABLE_H
#define CATALOG_BATCH_TABLE_H

#include "base/arena.h"
#include "base/text.h"

struct batch_table {
    struct batch_entry *entries;
    size_t slots; /* a power of two */
};

struct batch_entry {
    struct text key; /* absent: free */
    void *value;
};

void batch_table_init(struct batch_table *table, struct arena *arena, size_t count_max);

/* The entry with that key, ASCII letter case ignored; it is made, with value NULL, where there is none and add is true,
 * and is NULL where there is none otherwise. */
struct batch_entry *batch_table_find(struct batch_table *table, struct text key, bool add);

#endif

/* Finds duplicate keys by sorting: n log n comparisons whatever the keys are, so that nobody can choose keys which make
 * it slow. Allocates from the heap. */
#include "keys.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void json_keys_add(struct json_keys *keys, struct text name, size_t offset)
{
    if (keys->count == keys->capacity) {
        keys->capacity = keys->capacity == 0 ? 32 : keys->capacity * 2;
        keys->item = memory_resize(keys->item, keys->capacity * sizeof(*keys->item));
    }
    keys->item[keys->count++] = (struct json_key){.name = name, .offset = offset};
}

static int compare_names(struct text a, struct text b)
{
    if (a.length != b.length) {
        return a.length < b.length ? -1 : 1;
    }
    return memcmp(a.data, b.data, a.length);
}

/* By name, and the same names by place. */
static int compare_keys(const void *left, const void *right)
{
    const struct json_key *a = left;
    const struct json_key *b = right;
    int order = compare_names(a->name, b->name);
    return order != 0 ? order : (a->offset > b->offset) - (a->offset < b->offset);
}

const struct json_key *json_keys_repeated(struct json_keys *keys, size_t first)
{
    if (keys->count - first < 2) {
        return NULL;
    }
    qsort(keys->item + first, keys->count - first, sizeof(*keys->item), compare_keys);
    const struct json_key *repeated = NULL;
    for (size_t i = first + 1; i < keys->count; i++) {
        const struct json_key *key = &keys->item[i];
        if (compare_names(keys->item[i - 1].name, key->name) == 0 &&
            (repeated == NULL || key->offset < repeated->offset)) {
            repeated = key;
        }
    }
    return repeated;
}

void json_keys_free(struct json_keys *keys)
{
    free(keys->item);
    *keys = (struct json_keys){0};
}

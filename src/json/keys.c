/* Finds duplicate keys; many of them by sorting: n log n comparisons whatever the keys are, so that nobody can choose keys
 * which make it slow. Allocates from the heap. */
#include "keys.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define FEW 16 /* so many keys are sooner compared with one another than sorted */

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

/* Of keys that stand in the order of their places. */
static const struct json_key *repeated_of_few(const struct json_key *item, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (compare_names(item[i].name, item[k].name) == 0) {
                return &item[i];
            }
        }
    }
    return NULL;
}

const struct json_key *json_keys_repeated(struct json_keys *keys, size_t first)
{
    if (keys->count - first < 2) {
        return NULL;
    }
    if (keys->count - first <= FEW) {
        return repeated_of_few(keys->item + first, keys->count - first);
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

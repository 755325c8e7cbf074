/* The names of the members of all objects that are open at one place of a text, to find one that stands twice. */
#ifndef JSON_KEYS_H
#define JSON_KEYS_H

#include "base/text.h"

#include <stddef.h>

struct json_key {
    struct text name; /* decoded */
    size_t offset;    /* of its opening quote */
};

/* Zeroed at the start. The keys of an inner object stand behind those of the outer one. */
struct json_keys {
    struct json_key *item;
    size_t count;
    size_t capacity;
};

void json_keys_add(struct json_keys *keys, struct text name, size_t offset);

/* Of the keys from index first on, the earliest that repeats one before it, or NULL. May sort them. */
const struct json_key *json_keys_repeated(struct json_keys *keys, size_t first);

void json_keys_free(struct json_keys *keys);

#endif

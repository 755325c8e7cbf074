/* FNV-1a with 64 bits: for fingerprints and tables, not against an adversary. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/text.h"

#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* Goes on from hash with the presence, the length and the bytes of the text: ("a", "bc") and ("ab", "c") differ, and so
 * do absent and empty. */
uint64_t hash_add(uint64_t hash, struct text text);

/* A wide hash, to tell contents apart: two numbers that go on with the bytes of each text. Eight bytes a step, so that it
 * costs next to nothing beside the making of what is hashed. */
struct hash_wide {
    uint64_t part[2];
};

struct hash_wide hash_wide_start(void);
void hash_wide_add(struct hash_wide *hash, struct text text);

/* For the last time: every bit of the parts depends on every bit before. */
void hash_wide_end(struct hash_wide *hash);

#endif

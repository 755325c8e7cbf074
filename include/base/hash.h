/* FNV-1a with 64 bits: for fingerprints and tables, not against an adversary. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/text.h"

#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* Goes on from hash with the presence, the length and the bytes of the text: ("a", "bc") and ("ab", "c") differ, and so
 * do absent and empty. */
uint64_t hash_add(uint64_t hash, struct text text);

#endif

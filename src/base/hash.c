/* FNV-1a. */
#include "base/hash.h"

#define FNV_PRIME UINT64_C(0x100000001b3)

static uint64_t add_byte(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * FNV_PRIME;
}

uint64_t hash_add(uint64_t hash, struct text text)
{
    hash = add_byte(hash, text.data != NULL);
    for (size_t shift = 0; shift < 64; shift += 8) {
        hash = add_byte(hash, (unsigned char)((uint64_t)text.length >> shift));
    }
    for (size_t i = 0; i < text.length; i++) {
        hash = add_byte(hash, (unsigned char)text.data[i]);
    }
    return hash;
}

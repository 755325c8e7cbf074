/* FNV-1a, and the rounds of xxHash64 (Yann Collet) in two lanes of their own constants. */
#include "base/hash.h"

#include <string.h>

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

static const uint64_t factors[2][2] = {
    {UINT64_C(0x9e3779b185ebca87), UINT64_C(0xc2b2ae3d27d4eb4f)},
    {UINT64_C(0x85ebca77c2b2ae63), UINT64_C(0x165667b19e3779f9)},
};

static uint64_t turn(uint64_t number, unsigned bits)
{
    return number << bits | number >> (64U - bits);
}

static void add_word(struct hash_wide *hash, uint64_t word)
{
    hash->part[0] = turn(hash->part[0] + word * factors[0][1], 31) * factors[0][0];
    hash->part[1] = turn(hash->part[1] ^ word * factors[1][1], 29) * factors[1][0] + word;
}

struct hash_wide hash_wide_start(void)
{
    return (struct hash_wide){.part = {factors[1][1], factors[0][0]}};
}

/* The length goes in too: texts one after another are not taken for others with the same bytes. */
void hash_wide_add(struct hash_wide *hash, struct text text)
{
    uint64_t word = 0;
    size_t at = 0;

    for (; text.length - at >= sizeof word; at += sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        add_word(hash, word);
    }
    word = 0;
    if (at < text.length) {
        memcpy(&word, text.data + at, text.length - at);
    }
    add_word(hash, word);
    add_word(hash, text.length);
}

void hash_wide_end(struct hash_wide *hash)
{
    for (size_t i = 0; i < 2; i++) {
        uint64_t part = hash->part[i] + turn(hash->part[1 - i], 17);

        part = (part ^ part >> 33U) * factors[0][1];
        part = (part ^ part >> 29U) * factors[1][1];
        hash->part[i] = part ^ part >> 32U;
    }
}

/* SHA-256, as FIPS 180-4 has it: section 5 for the padding, 6.2 for the computation. */
#include "base/sha256.h"

#include <string.h>

#define ROUNDS 64

/* Section 4.2.2. */
static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, unsigned bits)
{
    return word >> bits | word << (32 - bits);
}

static uint32_t load(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | (uint32_t)bytes[3];
}

static void expand(const unsigned char block[SHA256_BLOCK], uint32_t schedule[ROUNDS])
{
    for (size_t i = 0; i < 16; i++) {
        schedule[i] = load(block + 4 * i);
    }
    for (size_t i = 16; i < ROUNDS; i++) {
        const uint32_t a = schedule[i - 15];
        const uint32_t b = schedule[i - 2];

        schedule[i] = schedule[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ a >> 3) + schedule[i - 7] +
                      (rotate(b, 17) ^ rotate(b, 19) ^ b >> 10);
    }
}

static void compress(uint32_t state[8], const unsigned char block[SHA256_BLOCK])
{
    uint32_t schedule[ROUNDS];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];

    expand(block, schedule);
    for (size_t i = 0; i < ROUNDS; i++) {
        const uint32_t first =
            h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + schedule[i];
        const uint32_t second = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

void sha256_init(struct sha256 *sha)
{
    *sha = (struct sha256){
        .state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
}

void sha256_add(struct sha256 *sha, struct text bytes)
{
    size_t used = (size_t)(sha->length % SHA256_BLOCK);

    sha->length += bytes.length;
    while (bytes.length > 0) {
        const size_t room = SHA256_BLOCK - used;
        const size_t taken = bytes.length < room ? bytes.length : room;

        memcpy(sha->block + used, bytes.data, taken);
        bytes = (struct text){.data = bytes.data + taken, .length = bytes.length - taken};
        used += taken;
        if (used == SHA256_BLOCK) {
            compress(sha->state, sha->block);
            used = 0;
        }
    }
}

void sha256_end(struct sha256 *sha, char out[SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    const uint64_t bits = sha->length * 8;
    char padding[SHA256_BLOCK + 8] = {(char)0x80};
    const size_t used = (size_t)(sha->length % SHA256_BLOCK);
    const size_t zeros = (used < 56 ? 56 : 56 + SHA256_BLOCK) - used;

    for (size_t i = 0; i < 8; i++) {
        padding[zeros + i] = (char)(bits >> (56 - 8 * i) & 0xff);
    }
    sha256_add(sha, (struct text){.data = padding, .length = zeros + 8});
    for (size_t i = 0; i < SHA256_HEX_SIZE - 1; i++) {
        out[i] = digits[sha->state[i / 8] >> (28 - 4 * (i % 8)) & 0xf];
    }
    out[SHA256_HEX_SIZE - 1] = '\0';
}

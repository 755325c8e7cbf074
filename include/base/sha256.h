/* SHA-256 (FIPS 180-4), for what must not be made to collide: whether a file that was sent is one that was sent before. */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include "base/text.h"

#include <stdint.h>

#define SHA256_BLOCK 64
#define SHA256_HEX_SIZE 65 /* with its NUL */

struct sha256 {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    unsigned char block[SHA256_BLOCK];
};

void sha256_init(struct sha256 *sha);

/* Goes on with these bytes; how they are cut into calls makes no difference. */
void sha256_add(struct sha256 *sha, struct text bytes);

/* The digest in 64 hexadecimal digits of lower case. Ends the computation. */
void sha256_end(struct sha256 *sha, char out[SHA256_HEX_SIZE]);

#endif

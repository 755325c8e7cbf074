/* UUIDs of version 7. The one file that includes libuuid, which brings the text form. */
#include "base/uuid.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <uuid/uuid.h>

#define US_PER_MS 1000
#define VERSION_7 0x70U
#define VARIANT 0x80U
#define VARIANT_MASK 0xC0U

/* Random bytes from the kernel, fetched for several UUIDs at once: up to 256 come whole, or not at all (getrandom(2)).
 * Each is used once, and the child of a fork begins without any. */
static struct {
    unsigned char bytes[256];
    size_t left;
} reserve;

static void forget_reserve(void)
{
    reserve.left = 0;
}

static bool fill_reserve(void)
{
    static bool watches_forks;

    watches_forks = watches_forks || pthread_atfork(NULL, NULL, forget_reserve) == 0;
    if (!watches_forks || getrandom(reserve.bytes, sizeof reserve.bytes, 0) != (ssize_t)sizeof reserve.bytes) {
        return false;
    }
    reserve.left = sizeof reserve.bytes;
    return true;
}

static void random_bytes(unsigned char bytes[UUID_BYTES])
{
    if (reserve.left < UUID_BYTES && !fill_reserve()) {
        uuid_generate_random(bytes);
        return;
    }
    reserve.left -= UUID_BYTES;
    memcpy(bytes, reserve.bytes + reserve.left, UUID_BYTES);
}

/* The time in units of 1/4096 ms: 48 bits of milliseconds and, for rand_a, 12 bits of fraction (RFC 9562, section 6.2,
 * method 3). Where the clock stands still or goes back it counts on from the last, so that the order holds. A child
 * inherits the last one, which does no harm: what keeps processes apart is rand_b. */
static uint64_t next_tick(void)
{
    static uint64_t last;
    uint64_t now_us = (uint64_t)clock_unix_us();
    uint64_t tick = now_us / US_PER_MS << 12U | (now_us % US_PER_MS << 12U) / US_PER_MS;
    last = tick > last ? tick : last + 1;
    return last;
}

void uuid_make(char out[UUID_TEXT_LENGTH + 1])
{
    unsigned char bytes[UUID_BYTES];
    random_bytes(bytes);
    uint64_t tick = next_tick();
    uint64_t high = (tick & ~UINT64_C(0xFFF)) << 4U | (tick & UINT64_C(0xFFF));
    for (size_t i = 0; i < 8; i++) {
        bytes[i] = (unsigned char)(high >> (56U - 8U * i));
    }
    bytes[6] = (unsigned char)(bytes[6] | VERSION_7);
    bytes[8] = (unsigned char)((bytes[8] & ~VARIANT_MASK) | VARIANT);
    uuid_from_bytes(bytes, out);
}

static bool is_hyphen_place(size_t index)
{
    return index == 8 || index == 13 || index == 18 || index == 23;
}

bool uuid_normalise(struct text text, char out[UUID_TEXT_LENGTH + 1])
{
    char lower[UUID_TEXT_LENGTH + 1] = {0};
    if (text.length != UUID_TEXT_LENGTH) {
        return false;
    }
    for (size_t i = 0; i < UUID_TEXT_LENGTH; i++) {
        char c = text.data[i];
        if (c >= 'A' && c <= 'F') {
            c = (char)(c - 'A' + 'a');
        }
        bool allowed = is_hyphen_place(i) ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (!allowed) {
            return false;
        }
        lower[i] = c;
    }
    if (out != NULL) {
        memcpy(out, lower, sizeof lower);
    }
    return true;
}

void uuid_to_bytes(const char text[UUID_TEXT_LENGTH + 1], unsigned char out[UUID_BYTES])
{
    (void)uuid_parse(text, out); /* the caller has checked it */
}

void uuid_from_bytes(const unsigned char bytes[UUID_BYTES], char out[UUID_TEXT_LENGTH + 1])
{
    uuid_unparse_lower(bytes, out);
}

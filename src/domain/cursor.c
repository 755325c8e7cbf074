/* Cursors as text. */
#include "domain/cursor.h"

#include "base/hash.h"

#include <assert.h>
#include <string.h>

/* Format 1: the byte itself, fingerprint, at_us, id, check sum; numbers in network order. The check sum finds cursors
 * that were cut or mistyped. Nothing depends on a client not making its own: it is only a place in a list. */
#define FORMAT 1
#define FINGERPRINT_AT 1
#define AT_US_AT 9
#define ID_AT 17
#define SUM_AT (ID_AT + UUID_BYTES)
#define SUM_BYTES 4
#define CURSOR_BYTES (SUM_AT + SUM_BYTES)
#define CURSOR_TEXT_LENGTH ((CURSOR_BYTES * 4 + 2) / 3)

static_assert(CURSOR_TEXT_LENGTH < CURSOR_TEXT_SIZE, "a cursor and its NUL fit");

/* Timestamps are years 1 to 9999, as everywhere in the API: others would not pass for one in the database. */
#define AT_US_LEAST (INT64_C(-62135596800) * 1000000)
#define AT_US_MOST (INT64_C(253402300800) * 1000000 - 1)

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void put_number(unsigned char *out, size_t bytes, uint64_t value)
{
    for (size_t i = bytes; i-- > 0;) {
        out[i] = (unsigned char)value;
        value >>= 8U;
    }
}

static uint64_t get_number(const unsigned char *in, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8U | in[i];
    }
    return value;
}

static uint64_t check_sum(const unsigned char bytes[CURSOR_BYTES])
{
    uint64_t hash = hash_add(HASH_START, (struct text){.data = (const char *)bytes, .length = SUM_AT});
    return (hash >> 32U ^ hash) & UINT32_MAX;
}

void cursor_encode(const struct cursor *cursor, char out[CURSOR_TEXT_SIZE])
{
    unsigned char bytes[CURSOR_BYTES] = {FORMAT};
    put_number(bytes + FINGERPRINT_AT, 8, cursor->fingerprint);
    put_number(bytes + AT_US_AT, 8, (uint64_t)cursor->at_us);
    uuid_to_bytes(cursor->id, bytes + ID_AT);
    put_number(bytes + SUM_AT, SUM_BYTES, check_sum(bytes));

    /* Six bits at a time, from a window of those not yet written. */
    uint32_t window = 0;
    unsigned held = 0;
    size_t length = 0;
    for (size_t i = 0; i < CURSOR_BYTES; i++) {
        window = window << 8U | bytes[i];
        held += 8;
        while (held >= 6) {
            held -= 6;
            out[length++] = alphabet[window >> held & 0x3FU];
        }
    }
    if (held > 0) {
        out[length++] = alphabet[window << (6U - held) & 0x3FU];
    }
    out[length] = '\0';
}

/* The bytes of the text; false for other lengths, other characters, and bits left over at the end that are not zero. */
static bool decode_base64url(struct text text, unsigned char bytes[CURSOR_BYTES])
{
    if (text.length != CURSOR_TEXT_LENGTH) {
        return false;
    }
    uint32_t window = 0;
    unsigned held = 0;
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++) {
        const char *found = memchr(alphabet, text.data[i], sizeof alphabet - 1);
        if (found == NULL) {
            return false;
        }
        window = (window << 6U | (uint32_t)(found - alphabet)) & 0xFFFFU;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[count++] = (unsigned char)(window >> held);
        }
    }
    return (window & ((1U << held) - 1U)) == 0;
}

bool cursor_decode(struct text text, struct cursor *cursor)
{
    unsigned char bytes[CURSOR_BYTES] = {0};
    if (!decode_base64url(text, bytes) || bytes[0] != FORMAT ||
        get_number(bytes + SUM_AT, SUM_BYTES) != check_sum(bytes)) {
        return false;
    }
    int64_t at_us = (int64_t)get_number(bytes + AT_US_AT, 8);
    if (at_us < AT_US_LEAST || at_us > AT_US_MOST) {
        return false;
    }
    cursor->fingerprint = get_number(bytes + FINGERPRINT_AT, 8);
    cursor->at_us = at_us;
    uuid_from_bytes(bytes + ID_AT, cursor->id);
    return true;
}

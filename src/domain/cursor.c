/* Cursors as text. */
#include "domain/cursor.h"

#include "base/hash.h"

#include <assert.h>
#include <string.h>

/* Format 1: the byte itself, fingerprint, at_us, id, check sum. Format 2: the byte itself, flags, fingerprint, id, key,
 * check sum. Numbers in network order. The check sum finds cursors that were cut or mistyped. Nothing depends on a client
 * not making its own: it is only a place in a list. */
enum { FORMAT_TIME = 1, FORMAT_KEY = 2 };
enum { FLAG_BACKWARD = 1, FLAG_INCLUSIVE = 2, FLAGS_KNOWN = 3 };

#define FINGERPRINT_AT 1
#define AT_US_AT 9
#define ID_AT 17
#define TIME_BYTES (ID_AT + UUID_BYTES + SUM_BYTES)

#define FLAGS_AT 1
#define KEYED_FINGERPRINT_AT 2
#define KEYED_ID_AT 10
#define KEY_AT (KEYED_ID_AT + UUID_BYTES)

#define SUM_BYTES 4
#define BYTES_MAX (KEY_AT + CURSOR_KEY_MAX + SUM_BYTES)

static_assert((BYTES_MAX * 4 + 2) / 3 < CURSOR_TEXT_SIZE, "a cursor and its NUL fit");

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

/* Of the first length bytes. */
static uint64_t check_sum(const unsigned char *bytes, size_t length)
{
    uint64_t hash = hash_add(HASH_START, (struct text){.data = (const char *)bytes, .length = length});
    return (hash >> 32U ^ hash) & UINT32_MAX;
}

/* The fields of a cursor; returns how many bytes they are. */
static size_t write_fields(const struct cursor *cursor, unsigned char bytes[BYTES_MAX])
{
    if (cursor->key_length == 0) {
        bytes[0] = FORMAT_TIME;
        put_number(bytes + FINGERPRINT_AT, 8, cursor->fingerprint);
        put_number(bytes + AT_US_AT, 8, (uint64_t)cursor->at_us);
        uuid_to_bytes(cursor->id, bytes + ID_AT);
        return ID_AT + UUID_BYTES;
    }
    const size_t length = cursor->key_length < CURSOR_KEY_MAX ? cursor->key_length : CURSOR_KEY_MAX;
    bytes[0] = FORMAT_KEY;
    bytes[FLAGS_AT] =
        (unsigned char)((cursor->backward ? FLAG_BACKWARD : 0) | (cursor->inclusive ? FLAG_INCLUSIVE : 0));
    put_number(bytes + KEYED_FINGERPRINT_AT, 8, cursor->fingerprint);
    uuid_to_bytes(cursor->id, bytes + KEYED_ID_AT);
    memcpy(bytes + KEY_AT, cursor->key, length);
    return KEY_AT + length;
}

void cursor_encode(const struct cursor *cursor, char out[CURSOR_TEXT_SIZE])
{
    unsigned char bytes[BYTES_MAX];
    size_t count = write_fields(cursor, bytes);
    put_number(bytes + count, SUM_BYTES, check_sum(bytes, count));
    count += SUM_BYTES;

    /* Six bits at a time, from a window of those not yet written. */
    uint32_t window = 0;
    unsigned held = 0;
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
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

/* How many bytes the text holds; 0 for a text that is too long or of no possible length, other characters, and bits left
 * over at the end that are not zero. */
static size_t decode_base64url(struct text text, unsigned char bytes[BYTES_MAX])
{
    if (text.length >= CURSOR_TEXT_SIZE || text.length % 4 == 1 || text.length * 3 / 4 > BYTES_MAX) {
        return 0;
    }
    uint32_t window = 0;
    unsigned held = 0;
    size_t count = 0;
    for (size_t i = 0; i < text.length; i++) {
        const char *found = memchr(alphabet, text.data[i], sizeof alphabet - 1);
        if (found == NULL) {
            return 0;
        }
        window = (window << 6U | (uint32_t)(found - alphabet)) & 0xFFFFU;
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[count++] = (unsigned char)(window >> held);
        }
    }
    return (window & ((1U << held) - 1U)) == 0 ? count : 0;
}

static bool read_time(const unsigned char *bytes, size_t count, struct cursor *cursor)
{
    int64_t at_us = (int64_t)get_number(bytes + AT_US_AT, 8);
    if (count != TIME_BYTES || at_us < AT_US_LEAST || at_us > AT_US_MOST) {
        return false;
    }
    *cursor = (struct cursor){.fingerprint = get_number(bytes + FINGERPRINT_AT, 8), .at_us = at_us};
    uuid_from_bytes(bytes + ID_AT, cursor->id);
    return true;
}

static bool read_keyed(const unsigned char *bytes, size_t count, struct cursor *cursor)
{
    if (count <= KEY_AT + SUM_BYTES || (bytes[FLAGS_AT] & ~FLAGS_KNOWN) != 0 ||
        memchr(bytes + KEY_AT, '\0', count - KEY_AT - SUM_BYTES) != NULL) {
        return false;
    }
    *cursor = (struct cursor){
        .fingerprint = get_number(bytes + KEYED_FINGERPRINT_AT, 8),
        .backward = (bytes[FLAGS_AT] & FLAG_BACKWARD) != 0,
        .inclusive = (bytes[FLAGS_AT] & FLAG_INCLUSIVE) != 0,
        .key_length = count - KEY_AT - SUM_BYTES,
    };
    uuid_from_bytes(bytes + KEYED_ID_AT, cursor->id);
    memcpy(cursor->key, bytes + KEY_AT, cursor->key_length);
    return true;
}

bool cursor_decode(struct text text, struct cursor *cursor)
{
    unsigned char bytes[BYTES_MAX] = {0};
    size_t count = decode_base64url(text, bytes);
    if (count <= SUM_BYTES || get_number(bytes + count - SUM_BYTES, SUM_BYTES) != check_sum(bytes, count - SUM_BYTES)) {
        return false;
    }
    switch (bytes[0]) {
    case FORMAT_TIME:
        return read_time(bytes, count, cursor);
    case FORMAT_KEY:
        return read_keyed(bytes, count, cursor);
    default:
        return false;
    }
}

struct text cursor_key(const struct cursor *cursor)
{
    return cursor->key_length > 0 ? (struct text){.data = cursor->key, .length = cursor->key_length} : TEXT_ABSENT;
}

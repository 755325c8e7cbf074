/* Cursors: only what cursor_encode made decodes, and everything that it makes of times within bounds does. */
#include "fuzz.h"

#include "domain/cursor.h"

#include <string.h>

/* Years 1 to 9999. */
#define AT_US_LEAST (INT64_C(-62135596800) * 1000000)
#define AT_US_MOST (INT64_C(253402300800) * 1000000 - 1)

/* A text that decodes is the text of what it decodes to. */
static void check_decode(struct text text)
{
    struct cursor cursor = {.fingerprint = 1, .at_us = 2, .id = "3"};
    char again[CURSOR_TEXT_SIZE];
    if (!cursor_decode(text, &cursor)) {
        must_hold(cursor.fingerprint == 1 && cursor.at_us == 2 && strcmp(cursor.id, "3") == 0);
        return;
    }
    cursor_encode(&cursor, again);
    must_hold(text_equal(text_of(again), text));
}

static void check_encode(const struct cursor *cursor, size_t damaged, char instead)
{
    struct cursor again = {0};
    char text[CURSOR_TEXT_SIZE];
    cursor_encode(cursor, text);
    must_hold(strlen(text) < CURSOR_TEXT_SIZE);
    bool in_bounds = cursor->at_us >= AT_US_LEAST && cursor->at_us <= AT_US_MOST;
    must_hold(cursor_decode(text_of(text), &again) == in_bounds);
    must_hold(!in_bounds || (again.fingerprint == cursor->fingerprint && again.at_us == cursor->at_us &&
                             strcmp(again.id, cursor->id) == 0));
    text[damaged % strlen(text)] = instead;
    check_decode(text_of(text));
}

/* With a key, of whatever bytes: all but a NUL come back. */
static void check_keyed(struct cursor cursor, const uint8_t *key, size_t length)
{
    struct cursor again = {0};
    char text[CURSOR_TEXT_SIZE];
    cursor.key_length = length < CURSOR_KEY_MAX ? length : CURSOR_KEY_MAX;
    memcpy(cursor.key, key, cursor.key_length);
    cursor.backward = key[0] % 2 == 1;
    cursor.inclusive = key[0] % 3 == 1;
    cursor_encode(&cursor, text);
    must_hold(strlen(text) < CURSOR_TEXT_SIZE);
    bool clean = memchr(cursor.key, '\0', cursor.key_length) == NULL;
    must_hold(cursor_decode(text_of(text), &again) == clean);
    must_hold(!clean || (again.fingerprint == cursor.fingerprint && again.backward == cursor.backward &&
                         again.inclusive == cursor.inclusive && strcmp(again.id, cursor.id) == 0 &&
                         text_equal(cursor_key(&again), cursor_key(&cursor))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor cursor = {0};
    unsigned char id[UUID_BYTES];
    size_t needed = sizeof(cursor.fingerprint) + sizeof(cursor.at_us) + sizeof(id) + 2;
    check_decode(fuzz_text(data, size));
    if (size >= needed) {
        memcpy(&cursor.fingerprint, data, sizeof(cursor.fingerprint));
        memcpy(&cursor.at_us, data + 8, sizeof(cursor.at_us));
        /* Most of what is left is within the bounds, and some of it not. */
        cursor.at_us /= 32;
        memcpy(id, data + 16, sizeof(id));
        uuid_from_bytes(id, cursor.id);
        check_encode(&cursor, data[needed - 2], (char)data[needed - 1]);
        if (size > needed) {
            check_keyed(cursor, data + needed, size - needed);
        }
    }
    return 0;
}

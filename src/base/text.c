/* Slices of bytes. */
#include "base/text.h"

#include <string.h>

/* Names longer than this get no hint; it bounds the table of edits. */
#define NEAREST_NAME_MAX 64
#define NEAREST_EDITS_MAX 2

struct text text_of(const char *string)
{
    if (string == NULL) {
        return TEXT_ABSENT;
    }
    return (struct text){.data = string, .length = strlen(string)};
}

bool text_equal(struct text a, struct text b)
{
    if (a.data == NULL || b.data == NULL) {
        return a.data == b.data;
    }
    return a.length == b.length && memcmp(a.data, b.data, a.length) == 0;
}

/* The locale has no say in the protocols' letters, so not tolower(3). */
static char ascii_lower(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return c;
}

bool text_equal_ignoring_case(struct text a, struct text b)
{
    if (a.data == NULL || b.data == NULL) {
        return a.data == b.data;
    }
    if (a.length != b.length) {
        return false;
    }
    for (size_t i = 0; i < a.length; i++) {
        if (ascii_lower(a.data[i]) != ascii_lower(b.data[i])) {
            return false;
        }
    }
    return true;
}

bool text_starts_with(struct text text, struct text prefix)
{
    if (text.data == NULL || prefix.data == NULL) {
        return text.data == prefix.data;
    }
    return text.length >= prefix.length && memcmp(text.data, prefix.data, prefix.length) == 0;
}

static bool is_ows(char c)
{
    return c == ' ' || c == '\t';
}

struct text text_trim_ows(struct text text)
{
    while (text.length > 0 && is_ows(text.data[0])) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 && is_ows(text.data[text.length - 1])) {
        text.length--;
    }
    return text;
}

struct text text_split(struct text text, char separator, struct text *rest)
{
    const char *at = text.length > 0 ? memchr(text.data, separator, text.length) : NULL;
    if (at == NULL) {
        *rest = TEXT_ABSENT;
        return text;
    }
    size_t before = (size_t)(at - text.data);
    *rest = (struct text){.data = at + 1, .length = text.length - before - 1};
    return (struct text){.data = text.data, .length = before};
}

#define EACH_BYTE UINT64_C(0x0101010101010101)
#define HIGH_BITS (EACH_BYTE * 0x80)

/* The subtraction borrows from the next byte, and the addition carries into it, but only past a byte that is not printable
 * itself, so that the answer for the whole word is exact. */
static bool word_is_printable(uint64_t word)
{
    return ((word | (word - EACH_BYTE * 0x20) | (word + EACH_BYTE)) & HIGH_BITS) == 0;
}

size_t text_printable_prefix(struct text text)
{
    size_t at = 0;

    for (uint64_t word; at + sizeof word <= text.length; at += sizeof word) {
        memcpy(&word, text.data + at, sizeof word);
        if (!word_is_printable(word)) {
            break;
        }
    }
    while (at < text.length && text.data[at] >= ' ' && text.data[at] <= '~') {
        at++;
    }
    return at;
}

char *text_put(char *at, struct text text)
{
    if (text.length > 0) {
        memcpy(at, text.data, text.length);
    }
    return at + text.length;
}

struct text text_from_u64(uint64_t value, char room[TEXT_U64_MAX])
{
    size_t first = TEXT_U64_MAX;
    do {
        room[--first] = (char)('0' + value % 10);
        value /= 10;
    } while (value > 0);
    return (struct text){.data = room + first, .length = TEXT_U64_MAX - first};
}

bool text_to_u64(struct text text, uint64_t *value)
{
    if (text.length == 0) {
        return false;
    }
    uint64_t result = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (c < '0' || c > '9') {
            return false;
        }
        if (__builtin_mul_overflow(result, UINT64_C(10), &result) ||
            __builtin_add_overflow(result, (uint64_t)(c - '0'), &result)) {
            return false;
        }
    }
    *value = result;
    return true;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that make a into b (Damerau's distance, each place edited
 * once), by the usual table kept to its last three rows. Both within NEAREST_NAME_MAX. */
static size_t edits_between(struct text a, struct text b)
{
    size_t rows[3][NEAREST_NAME_MAX + 1];
    size_t *above_that = rows[0];
    size_t *above = rows[1];
    size_t *row = rows[2];
    for (size_t j = 0; j <= b.length; j++) {
        row[j] = j;
        above[j] = 0;
        above_that[j] = 0;
    }
    for (size_t i = 1; i <= a.length; i++) {
        size_t *oldest = above_that;
        above_that = above;
        above = row;
        row = oldest;
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            size_t replaced = above[j - 1] + (a.data[i - 1] != b.data[j - 1]);
            row[j] = least(replaced, least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1]) {
                row[j] = least(row[j], above_that[j - 2] + 1);
            }
        }
    }
    return row[b.length];
}

const char *text_nearest(struct text text, const char *const *names, size_t count)
{
    const char *nearest = NULL;
    /* Where every character would be an edit there is no likeness: "xy" is no misspelt "id". */
    size_t bound = least(NEAREST_EDITS_MAX + 1, text.length);
    if (text.length > NEAREST_NAME_MAX) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct text name = text_of(names[i]);
        if (name.length > NEAREST_NAME_MAX) {
            continue;
        }
        size_t edits = edits_between(text, name);
        if (edits < bound) {
            bound = edits;
            nearest = names[i];
        }
    }
    return nearest;
}

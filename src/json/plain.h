/* The bytes of a JSON string that stand for themselves, found eight at a time. Shared by the check and the writer. */
#ifndef JSON_PLAIN_H
#define JSON_PLAIN_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ASCII but for control characters, '"' and '\'. */
static inline bool json_byte_is_plain(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x80 && byte != '"' && byte != '\\';
}

/* True where one of the word's bytes is not plain. The subtractions borrow from the next byte, but only past a byte
 * that is not plain itself, so the answer for the whole word is exact. */
static inline bool json_word_has_other(uint64_t word)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t quote = word ^ (ones * '"');
    uint64_t backslash = word ^ (ones * '\\');
    return ((word | (word - ones * 0x20) | (quote - ones) | (backslash - ones)) & (ones * 0x80)) != 0;
}

/* How many bytes at the start of the text are plain. */
static inline size_t json_plain_prefix(struct text text)
{
    size_t i = 0;
    for (; i + sizeof(uint64_t) <= text.length; i += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, text.data + i, sizeof(word));
        if (json_word_has_other(word)) {
            break;
        }
    }
    while (i < text.length && json_byte_is_plain((unsigned char)text.data[i])) {
        i++;
    }
    return i;
}

#endif

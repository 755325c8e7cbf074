/* UTF-8, by the table of RFC 3629, section 4. */
#include "base/utf8.h"

#include <string.h>

/* The high bit of each byte of a word: none set means eight ASCII characters. */
#define WORD_HIGH_BITS UINT64_C(0x8080808080808080)

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0U) == 0x80U;
}

/* What the first byte says: the length of the form, its own bits, and the least code point that needs that length. */
static size_t lead(unsigned char byte, uint32_t *bits, uint32_t *least)
{
    if (byte >= 0xC0U && byte <= 0xDFU) {
        *bits = byte & 0x1FU;
        *least = 0x80U;
        return 2;
    }
    if (byte >= 0xE0U && byte <= 0xEFU) {
        *bits = byte & 0x0FU;
        *least = 0x800U;
        return 3;
    }
    if (byte >= 0xF0U && byte <= 0xF7U) {
        *bits = byte & 0x07U;
        *least = 0x10000U;
        return 4;
    }
    return 0;
}

size_t utf8_decode(struct text text, uint32_t *code_point)
{
    unsigned char first = (unsigned char)text.data[0];
    if (first < 0x80U) {
        *code_point = first;
        return 1;
    }
    uint32_t value = 0;
    uint32_t smallest = 0;
    size_t length = lead(first, &value, &smallest);
    if (length == 0 || length > text.length) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (!is_continuation(byte)) {
            return 0;
        }
        value = value << 6U | (byte & 0x3FU);
    }
    if (value < smallest || value > 0x10FFFFU || (value >= 0xD800U && value <= 0xDFFFU)) {
        return 0;
    }
    *code_point = value;
    return length;
}

size_t utf8_valid_prefix(struct text text)
{
    size_t at = 0;
    while (at < text.length) {
        uint64_t word = WORD_HIGH_BITS;
        if (text.length - at >= sizeof word) {
            memcpy(&word, text.data + at, sizeof word);
        }
        if ((word & WORD_HIGH_BITS) == 0) {
            at += sizeof word;
            continue;
        }
        uint32_t code_point;
        size_t length = utf8_decode((struct text){.data = text.data + at, .length = text.length - at}, &code_point);
        if (length == 0) {
            break;
        }
        at += length;
    }
    return at;
}

size_t utf8_count(struct text text)
{
    size_t count = text_printable_prefix(text);
    for (size_t i = count; i < text.length; i++) {
        count += !is_continuation((unsigned char)text.data[i]);
    }
    return count;
}

bool utf8_is_control(uint32_t code_point)
{
    return code_point < 0x20U || (code_point >= 0x7FU && code_point <= 0x9FU);
}

/* Unicode's PropList.txt, White_Space; the list has not changed since Unicode 6.3. */
bool utf8_is_white_space(uint32_t code_point)
{
    return (code_point >= 0x09U && code_point <= 0x0DU) || code_point == 0x20U || code_point == 0x85U ||
           code_point == 0xA0U || code_point == 0x1680U || (code_point >= 0x2000U && code_point <= 0x200AU) ||
           code_point == 0x2028U || code_point == 0x2029U || code_point == 0x202FU || code_point == 0x205FU ||
           code_point == 0x3000U;
}

struct text utf8_trim(struct text text)
{
    uint32_t code_point = 0;
    while (text.length > 0) {
        size_t length = utf8_decode(text, &code_point);
        if (length == 0 || !utf8_is_white_space(code_point)) {
            break;
        }
        text.data += length;
        text.length -= length;
    }
    while (text.length > 0) {
        size_t start = text.length - 1;
        while (start > 0 && is_continuation((unsigned char)text.data[start])) {
            start--;
        }
        struct text last = {.data = text.data + start, .length = text.length - start};
        if (utf8_decode(last, &code_point) != last.length || !utf8_is_white_space(code_point)) {
            break;
        }
        text.length = start;
    }
    return text;
}

/* Base64: three bytes are four characters. */
#include "base/base64.h"

#include <stdint.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(const unsigned char *bytes, size_t count, char *out)
{
    for (size_t i = 0; i < count; i += 3) {
        const size_t left = count - i;
        const uint32_t group = (uint32_t)bytes[i] << 16U | (left > 1 ? (uint32_t)bytes[i + 1] << 8U : 0) |
                               (left > 2 ? (uint32_t)bytes[i + 2] : 0);

        *out++ = alphabet[group >> 18U];
        *out++ = alphabet[group >> 12U & 0x3FU];
        *out++ = alphabet[group >> 6U & 0x3FU];
        *out++ = alphabet[group & 0x3FU];
    }
    /* What stands for bytes that are not there. */
    for (size_t i = count % 3; i > 0 && i < 3; i++) {
        out[(ptrdiff_t)i - 3] = '=';
    }
    *out = '\0';
}

/* The characters without the padding; false where that is not of the right length. */
static bool strip_padding(struct text *text)
{
    if (text->length % 4 != 0) {
        return false;
    }
    for (unsigned i = 0; i < 2 && text->length > 0 && text->data[text->length - 1] == '='; i++) {
        text->length--;
    }
    return text->length % 4 != 1;
}

bool base64_decode(struct text text, unsigned char *bytes, size_t room, size_t *count)
{
    uint32_t window = 0;
    unsigned held = 0;
    size_t written = 0;

    if (!strip_padding(&text)) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        const char *found = memchr(alphabet, text.data[i], sizeof alphabet - 1);
        if (found == NULL) {
            return false;
        }
        window = (window << 6U | (uint32_t)(found - alphabet)) & 0xFFFFU;
        held += 6;
        if (held >= 8) {
            held -= 8;
            if (written == room) {
                return false;
            }
            bytes[written++] = (unsigned char)(window >> held);
        }
    }
    *count = written;
    return (window & ((1U << held) - 1U)) == 0;
}

/* Escapes for JSON strings. Bytes that are not UTF-8 become U+FFFD, so that what goes out is always valid. Pure. */
#include "encode.h"

#include "plain.h"

#include "base/utf8.h"

/* U+FFFD */
#define REPLACEMENT "\xef\xbf\xbd"
#define REPLACEMENT_LENGTH (sizeof(REPLACEMENT) - 1)

/* For each byte the letter behind its backslash, 'u' for the long form, 0 where it goes out as it is. */
static const char escape_letter[256] = {
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',         'u',
    'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u', ['"'] = '"', ['\\'] = '\\',
};

static size_t size_of_valid(const char *data, size_t length)
{
    size_t size = length;
    for (size_t i = 0; i < length; i++) {
        char letter = escape_letter[(unsigned char)data[i]];
        size += letter == 0 ? 0 : letter == 'u' ? 5 : 1;
    }
    return size;
}

static char *encode_valid(char *out, const char *data, size_t length)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)data[i];
        char letter = escape_letter[byte];
        if (letter == 0) {
            *out++ = data[i];
            continue;
        }
        *out++ = '\\';
        *out++ = letter;
        if (letter == 'u') {
            *out++ = '0';
            *out++ = '0';
            *out++ = hex[byte >> 4];
            *out++ = hex[byte & 0xf];
        }
    }
    return out;
}

static struct text skip(struct text text, size_t bytes)
{
    return (struct text){.data = text.data + bytes, .length = text.length - bytes};
}

size_t json_encoded_size(struct text text)
{
    size_t size = json_plain_prefix(text);
    if (size == text.length) {
        return size;
    }
    text = skip(text, size);
    while (text.length > 0) {
        size_t valid = utf8_valid_prefix(text);
        size += size_of_valid(text.data, valid);
        text = skip(text, valid);
        if (text.length > 0) {
            size += REPLACEMENT_LENGTH;
            text = skip(text, 1);
        }
    }
    return size;
}

char *json_encode(char *out, struct text text, size_t size)
{
    if (size == text.length) {
        /* Every escape and every replacement would have made it longer. */
        memcpy(out, text.data, size);
        return out + size;
    }
    while (text.length > 0) {
        size_t valid = utf8_valid_prefix(text);
        out = encode_valid(out, text.data, valid);
        text = skip(text, valid);
        if (text.length > 0) {
            memcpy(out, REPLACEMENT, REPLACEMENT_LENGTH);
            out += REPLACEMENT_LENGTH;
            text = skip(text, 1);
        }
    }
    return out;
}

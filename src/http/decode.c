/* Percent-encoding (RFC 3986, section 2.1), read strictly. */
#include "http/request.h"

#include "base/utf8.h"

#include <string.h>

/* Value of a hexadecimal digit, or -1. */
static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Decodes into out, which has room for all of it. False where an escape is broken. */
static bool decode(struct text encoded, bool plus_is_space, char *out, size_t *length)
{
    size_t written = 0;
    for (size_t i = 0; i < encoded.length; i++) {
        char c = encoded.data[i];
        if (c == '%') {
            int high = encoded.length - i > 2 ? hex_value(encoded.data[i + 1]) : -1;
            int low = high >= 0 ? hex_value(encoded.data[i + 2]) : -1;
            if (low < 0) {
                return false;
            }
            c = (char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[written++] = c;
    }
    *length = written;
    return true;
}

enum status request_decode(struct text encoded, bool plus_is_space, struct arena *arena, struct text *decoded)
{
    char *out = arena_alloc(arena, encoded.length + 1);
    size_t length = 0;
    if (!decode(encoded, plus_is_space, out, &length)) {
        return STATUS_INVALID;
    }
    struct text text = {.data = out, .length = length};
    if (memchr(out, '\0', length) != NULL || utf8_valid_prefix(text) != length) {
        return STATUS_INVALID;
    }
    *decoded = text;
    return STATUS_OK;
}

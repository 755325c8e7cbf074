/* Percent-encoding, outwards. */
#include "http/uri.h"

#include <stdbool.h>

static const char hex_digits[] = "0123456789ABCDEF";

/* RFC 3986, section 2.3. */
static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~';
}

static bool is_printable(unsigned char c)
{
    return c > ' ' && c < 0x7f;
}

void uri_encode(struct strbuf *out, struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        const unsigned char c = (unsigned char)text.data[i];

        if (is_unreserved(c)) {
            strbuf_append_char(out, (char)c);
        } else {
            strbuf_append_char(out, '%');
            strbuf_append_char(out, hex_digits[c >> 4]);
            strbuf_append_char(out, hex_digits[c & 15]);
        }
    }
}

struct text uri_printable(struct text text, struct arena *arena)
{
    size_t plain = 0;
    size_t length = 0;
    char *shown;

    while (plain < text.length && is_printable((unsigned char)text.data[plain])) {
        plain++;
    }
    if (plain == text.length) {
        return text;
    }
    shown = arena_alloc(arena, text.length * 3 + 1);
    for (size_t i = 0; i < text.length; i++) {
        const unsigned char c = (unsigned char)text.data[i];

        if (is_printable(c)) {
            shown[length++] = (char)c;
        } else {
            shown[length++] = '%';
            shown[length++] = hex_digits[c >> 4];
            shown[length++] = hex_digits[c & 15];
        }
    }
    return (struct text){.data = shown, .length = length};
}

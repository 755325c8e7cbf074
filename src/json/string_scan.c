/* Strings of JSON text: escapes, surrogates, control characters and UTF-8. Pure. */
#include "string_scan.h"

#include "plain.h"

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

/* Behind the u of an escape. */
#define HEX_DIGITS 4

static bool is_high_surrogate(uint32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(uint32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

static uint32_t combine_surrogates(uint32_t high, uint32_t low)
{
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static bool read_hex4(const char *from, const char *end, uint32_t *unit)
{
    if (end - from < HEX_DIGITS) {
        return false;
    }
    uint32_t value = 0;
    for (int i = 0; i < HEX_DIGITS; i++) {
        unsigned char c = (unsigned char)from[i];
        uint32_t digit = 0;
        if (c >= '0' && c <= '9') {
            digit = (uint32_t)(c - '0');
        } else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f') {
            digit = (uint32_t)((c | 0x20) - 'a' + 10);
        } else {
            return false;
        }
        value = value << 4 | digit;
    }
    *unit = value;
    return true;
}

static void fault_at(struct string_scan *scan, const char *where, const char *code, const char *detail)
{
    scan->stop = where;
    scan->code = code;
    scan->detail = detail;
}

/* scan->stop is at a backslash followed by u; moves behind the escape, or behind both of a surrogate pair. */
static void scan_unicode_escape(struct string_scan *scan, const char *end)
{
    const char *at = scan->stop;
    uint32_t unit = 0;
    uint32_t low = 0;
    if (!read_hex4(at + 2, end, &unit)) {
        fault_at(scan, at, "syntax", "\\u must be followed by four hexadecimal digits");
        return;
    }
    if (unit == 0) {
        fault_at(scan, at, "nul", "a NUL character is not allowed, not even as an escape");
        return;
    }
    scan->stop = at + 2 + HEX_DIGITS;
    if (is_low_surrogate(unit)) {
        fault_at(scan, at, "surrogate", "a low surrogate must follow a high one");
    } else if (is_high_surrogate(unit)) {
        const char *next = scan->stop;
        if (end - next < 2 || next[0] != '\\' || next[1] != 'u' || !read_hex4(next + 2, end, &low) ||
            !is_low_surrogate(low)) {
            fault_at(scan, at, "surrogate", "a high surrogate must be followed by a low one");
            return;
        }
        scan->stop = next + 2 + HEX_DIGITS;
    }
}

/* scan->stop is at a backslash. */
static void scan_escape(struct string_scan *scan, const char *end)
{
    scan->escaped = true;
    switch (end - scan->stop >= 2 ? scan->stop[1] : '\0') {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        scan->stop += 2;
        break;
    case 'u':
        scan_unicode_escape(scan, end);
        break;
    default:
        fault_at(scan, scan->stop, "syntax", "a backslash in a string must be followed by one of \" \\ / b f n r t u");
    }
}

struct string_scan json_scan_string(const char *from, const char *end)
{
    struct string_scan scan = {.stop = from};
    while (scan.code == NULL) {
        struct text rest = {.data = scan.stop, .length = (size_t)(end - scan.stop)};
        size_t plain = json_plain_prefix(rest);
        scan.stop += plain;
        if (plain == rest.length) {
            fault_at(&scan, scan.stop, "syntax", "a string must end with a double quote");
            break;
        }
        unsigned char c = (unsigned char)*scan.stop;
        if (c == '"') {
            break;
        }
        if (c == '\\') {
            scan_escape(&scan, end);
        } else if (c == '\0') {
            fault_at(&scan, scan.stop, "nul", "a NUL character is not allowed");
        } else if (c < 0x20) {
            fault_at(&scan, scan.stop, "syntax", "a control character in a string must be escaped");
        } else {
            uint32_t code_point = 0;
            rest = (struct text){.data = scan.stop, .length = (size_t)(end - scan.stop)};
            size_t length = utf8_decode(rest, &code_point);
            scan.stop += length;
            if (length == 0) {
                fault_at(&scan, scan.stop, "utf8", "must be valid UTF-8");
            }
        }
    }
    return scan;
}

static char *put_utf8(char *out, uint32_t code_point)
{
    if (code_point < 0x80) {
        *out++ = (char)code_point;
    } else if (code_point < 0x800) {
        *out++ = (char)(0xc0 | code_point >> 6);
        *out++ = (char)(0x80 | (code_point & 0x3f));
    } else if (code_point < 0x10000) {
        *out++ = (char)(0xe0 | code_point >> 12);
        *out++ = (char)(0x80 | (code_point >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code_point & 0x3f));
    } else {
        *out++ = (char)(0xf0 | code_point >> 18);
        *out++ = (char)(0x80 | (code_point >> 12 & 0x3f));
        *out++ = (char)(0x80 | (code_point >> 6 & 0x3f));
        *out++ = (char)(0x80 | (code_point & 0x3f));
    }
    return out;
}

/* What the letter behind a backslash stands for. */
static char escaped_character(char letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
    }
}

/* at is a backslash followed by u; returns where the escape, or the pair of them, ends. */
static const char *decode_unicode_escape(const char *at, const char *end, uint32_t *code_point)
{
    uint32_t low = 0;
    *code_point = 0;
    (void)read_hex4(at + 2, end, code_point);
    at += 2 + HEX_DIGITS;
    if (is_high_surrogate(*code_point) && read_hex4(at + 2, end, &low)) {
        *code_point = combine_surrogates(*code_point, low);
        at += 2 + HEX_DIGITS;
    }
    return at;
}

struct text json_decode_string(struct text inside, struct arena *arena)
{
    /* No escape is shorter than the UTF-8 that it stands for. */
    char *start = arena_alloc(arena, inside.length + 1);
    char *out = start;
    const char *end = inside.data + inside.length;
    for (const char *at = inside.data; at < end;) {
        if (*at != '\\') {
            *out++ = *at++;
        } else if (at[1] != 'u') {
            *out++ = escaped_character(at[1]);
            at += 2;
        } else {
            uint32_t code_point = 0;
            at = decode_unicode_escape(at, end, &code_point);
            out = put_utf8(out, code_point);
        }
    }
    return (struct text){.data = start, .length = (size_t)(out - start)};
}

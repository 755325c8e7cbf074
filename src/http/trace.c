/* traceparent: "00-" 32 hexadecimal digits "-" 16 of them "-" 2 of them, all lower-case. Pure. */
#include "trace.h"

#include <stdbool.h>

/* Where the parts stand, and how long the header of version 00 is. */
#define TRACE_ID_AT 3
#define TRACE_ID_LENGTH 32
#define PARENT_ID_AT 36
#define PARENT_ID_LENGTH 16
#define FLAGS_AT 53
#define FLAGS_LENGTH 2
#define HEADER_LENGTH 55

static struct text part(struct text header, size_t at, size_t length)
{
    return (struct text){.data = header.data + at, .length = length};
}

static bool is_hex(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
            return false;
        }
    }
    return true;
}

static bool is_zero(struct text text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] != '0') {
            return false;
        }
    }
    return true;
}

/* An id must not be all zeros. */
static bool is_id(struct text text)
{
    return is_hex(text) && !is_zero(text);
}

static bool is_sampled(char digit)
{
    int value = digit <= '9' ? digit - '0' : digit - 'a' + 10;
    return (value & 1) != 0;
}

struct text trace_parent(struct text header, struct arena *arena)
{
    if (header.length < HEADER_LENGTH || header.data[2] != '-' || header.data[PARENT_ID_AT - 1] != '-' ||
        header.data[FLAGS_AT - 1] != '-') {
        return TEXT_ABSENT;
    }
    struct text version = part(header, 0, 2);
    if (!is_hex(version) || text_equal(version, TEXT("ff")) || !is_id(part(header, TRACE_ID_AT, TRACE_ID_LENGTH)) ||
        !is_id(part(header, PARENT_ID_AT, PARENT_ID_LENGTH)) || !is_hex(part(header, FLAGS_AT, FLAGS_LENGTH))) {
        return TEXT_ABSENT;
    }
    if (text_equal(version, TEXT("00"))) {
        return header.length == HEADER_LENGTH ? header : TEXT_ABSENT;
    }
    if (header.length > HEADER_LENGTH && header.data[HEADER_LENGTH] != '-') {
        return TEXT_ABSENT;
    }
    struct text ids = part(header, TRACE_ID_AT, FLAGS_AT - TRACE_ID_AT);
    return arena_printf(arena, "00-%.*s0%c", TEXT_PRINT(ids), is_sampled(header.data[HEADER_LENGTH - 1]) ? '1' : '0');
}

struct text trace_id(struct text parent)
{
    return parent.data != NULL ? part(parent, TRACE_ID_AT, TRACE_ID_LENGTH) : TEXT_ABSENT;
}

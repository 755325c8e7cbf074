/* The bounded byte buffer. */
#include "base/strbuf.h"

#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CAPACITY 256

void strbuf_init(struct strbuf *buffer, size_t bound)
{
    *buffer = (struct strbuf){.bound = bound};
}

void strbuf_free(struct strbuf *buffer)
{
    free(buffer->data);
    strbuf_init(buffer, buffer->bound);
}

void strbuf_clear(struct strbuf *buffer, size_t keep)
{
    if (buffer->capacity > keep) {
        strbuf_free(buffer);
    }
    buffer->length = 0;
    buffer->overflowed = false;
}

/* Doubles, so that appending is linear in total; never beyond the bound. */
static void grow(struct strbuf *buffer, size_t needed)
{
    size_t capacity = buffer->capacity > 0 ? buffer->capacity : FIRST_CAPACITY;
    while (capacity < needed) {
        capacity = capacity > buffer->bound / 2 ? buffer->bound : capacity * 2;
    }
    if (capacity > buffer->bound) {
        capacity = buffer->bound;
    }
    buffer->data = memory_resize(buffer->data, capacity > 0 ? capacity : 1);
    buffer->capacity = capacity;
}

char *strbuf_reserve(struct strbuf *buffer, size_t length)
{
    if (buffer->overflowed || length > buffer->bound - buffer->length) {
        buffer->overflowed = true;
        return NULL;
    }
    size_t needed = buffer->length + length;
    if (needed > buffer->capacity || buffer->data == NULL) {
        grow(buffer, needed);
    }
    return buffer->data + buffer->length;
}

void strbuf_append(struct strbuf *buffer, const char *data, size_t length)
{
    if (length == 0) {
        return;
    }
    char *end = strbuf_reserve(buffer, length);
    if (end != NULL) {
        memcpy(end, data, length);
        buffer->length += length;
    }
}

void strbuf_append_text(struct strbuf *buffer, struct text text)
{
    strbuf_append(buffer, text.data, text.length);
}

void strbuf_append_char(struct strbuf *buffer, char c)
{
    char *end = strbuf_reserve(buffer, 1);
    if (end != NULL) {
        *end = c;
        buffer->length++;
    }
}

void strbuf_append_u64(struct strbuf *buffer, uint64_t value)
{
    char digits[TEXT_U64_MAX];
    strbuf_append_text(buffer, text_from_u64(value, digits));
}

void strbuf_printf(struct strbuf *buffer, const char *format, ...)
{
    char small[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(small, sizeof small, format, arguments);
    va_end(arguments);
    if (length < 0) {
        buffer->overflowed = true;
        return;
    }
    if ((size_t)length < sizeof small) {
        strbuf_append(buffer, small, (size_t)length);
        return;
    }
    /* vsnprintf ends with a NUL, for which the bound may have no room. */
    char *large = memory_new((size_t)length + 1, 1);
    va_start(arguments, format);
    (void)vsnprintf(large, (size_t)length + 1, format, arguments);
    va_end(arguments);
    strbuf_append(buffer, large, (size_t)length);
    free(large);
}

struct text strbuf_text(const struct strbuf *buffer)
{
    return (struct text){.data = buffer->data != NULL ? buffer->data : "", .length = buffer->length};
}

/* Text form of arrays. */
#include "pg_array.h"

#include <string.h>

#define ARRAY_BYTES_MAX ((size_t)512 << 20)

void pg_array_init(struct pg_array *array)
{
    strbuf_init(&array->text, ARRAY_BYTES_MAX);
}

void pg_array_free(struct pg_array *array)
{
    strbuf_free(&array->text);
}

/* Writes the characters from at to end, with what has to be escaped; returns the end of what was written. Neither character
 * is looked for again before it is come to. */
static char *escape(char *out, const char *at, const char *end)
{
    const char *quote = at;
    const char *slash = at;

    while (at < end) {
        if (quote != NULL && quote <= at) {
            quote = memchr(at, '"', (size_t)(end - at));
        }
        if (slash != NULL && slash <= at) {
            slash = memchr(at, '\\', (size_t)(end - at));
        }
        const char *stop = quote != NULL && (slash == NULL || quote < slash) ? quote : slash;
        const size_t plain = (size_t)((stop != NULL ? stop : end) - at);
        memcpy(out, at, plain);
        out += plain;
        at += plain;
        if (stop != NULL) {
            *out++ = '\\';
            *out++ = *at++;
        }
    }
    return out;
}

/* Room is made for an element of which each character has to be escaped. */
void pg_array_append(struct pg_array *array, struct text element)
{
    const char before = array->text.length == 0 ? '{' : ',';
    const char *data = element.data;

    if (data == NULL) {
        strbuf_append_char(&array->text, before);
        strbuf_append_text(&array->text, TEXT("NULL"));
        return;
    }
    char *start = strbuf_reserve(&array->text, 2 * element.length + 3);
    if (start != NULL) {
        char *out = start;
        *out++ = before;
        *out++ = '"';
        out = escape(out, data, data + element.length);
        *out++ = '"';
        array->text.length += (size_t)(out - start);
    }
}

bool pg_array_end(struct pg_array *array, struct text *value)
{
    strbuf_append_text(&array->text, array->text.length == 0 ? TEXT("{}") : TEXT("}"));
    *value = strbuf_text(&array->text);
    return !array->text.overflowed;
}

/* Text form of arrays. */
#include "pg_array.h"

#define ARRAY_BYTES_MAX ((size_t)512 << 20)

void pg_array_init(struct pg_array *array)
{
    strbuf_init(&array->text, ARRAY_BYTES_MAX);
}

void pg_array_free(struct pg_array *array)
{
    strbuf_free(&array->text);
}

void pg_array_append(struct pg_array *array, struct text element)
{
    strbuf_append_char(&array->text, array->text.length == 0 ? '{' : ',');
    if (element.data == NULL) {
        strbuf_append_text(&array->text, TEXT("NULL"));
        return;
    }
    /* Room for the worst case at once: most of what is sent in bulk is JSON, in which every other word is in quotes. */
    char *out = strbuf_reserve(&array->text, 2 * element.length + 2);
    if (out == NULL) {
        return;
    }
    const char *const begin = out;
    *out++ = '"';
    for (size_t i = 0; i < element.length; i++) {
        if (element.data[i] == '"' || element.data[i] == '\\') {
            *out++ = '\\';
        }
        *out++ = element.data[i];
    }
    *out++ = '"';
    array->text.length += (size_t)(out - begin);
}

bool pg_array_end(struct pg_array *array, struct text *value)
{
    strbuf_append_text(&array->text, array->text.length == 0 ? TEXT("{}") : TEXT("}"));
    *value = strbuf_text(&array->text);
    return !array->text.overflowed;
}

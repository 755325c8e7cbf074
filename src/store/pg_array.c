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
    strbuf_append_char(&array->text, '"');
    for (size_t from = 0; from < element.length;) {
        size_t to = from;
        while (to < element.length && element.data[to] != '"' && element.data[to] != '\\') {
            to++;
        }
        strbuf_append(&array->text, element.data + from, to - from);
        if (to < element.length) {
            strbuf_append_char(&array->text, '\\');
            strbuf_append_char(&array->text, element.data[to++]);
        }
        from = to;
    }
    strbuf_append_char(&array->text, '"');
}

bool pg_array_end(struct pg_array *array, struct text *value)
{
    strbuf_append_text(&array->text, array->text.length == 0 ? TEXT("{}") : TEXT("}"));
    *value = strbuf_text(&array->text);
    return !array->text.overflowed;
}

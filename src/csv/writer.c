/* CSV out. */
#include "csv/writer.h"

#include <string.h>

static bool is_shown(uint32_t fields, size_t field)
{
    return (fields & UINT32_C(1) << field) != 0;
}

/* Besides what RFC 4180 asks for, quotes keep apart what readers may take for something else: spaces at an end, which some
 * strip, a # at the beginning, which may be taken for a comment, and an empty text, which is not null. */
static bool needs_quotes(struct text value)
{
    return value.length == 0 || value.data[0] == '#' || value.data[0] == ' ' || value.data[0] == '\t' ||
           value.data[value.length - 1] == ' ' || value.data[value.length - 1] == '\t' ||
           memchr(value.data, '"', value.length) != NULL || memchr(value.data, ',', value.length) != NULL ||
           memchr(value.data, '\n', value.length) != NULL || memchr(value.data, '\r', value.length) != NULL;
}

static void write_quoted(struct strbuf *out, struct text value)
{
    struct text rest = value;

    strbuf_append_char(out, '"');
    while (rest.data != NULL) {
        struct text part = text_split(rest, '"', &rest);

        strbuf_append_text(out, part);
        if (rest.data != NULL) {
            strbuf_append_text(out, TEXT("\"\""));
        }
    }
    strbuf_append_char(out, '"');
}

static void write_value(struct strbuf *out, struct text value)
{
    if (value.data != NULL && needs_quotes(value)) {
        write_quoted(out, value);
    } else {
        strbuf_append_text(out, value);
    }
}

void csv_write_names(struct strbuf *out, const struct schema *schema, uint32_t fields)
{
    bool first = true;

    for (size_t i = 0; i < schema->count; i++) {
        if (is_shown(fields, i)) {
            strbuf_append_text(out, first ? TEXT("") : TEXT(","));
            strbuf_append_text(out, text_of(schema->fields[i].name));
            first = false;
        }
    }
    strbuf_append_text(out, TEXT("\r\n"));
}

void csv_write_record(struct strbuf *out, const struct schema *schema, const struct record *record, uint32_t fields)
{
    /* A line with nothing in it is none to many readers: a sole column has at least its quotes. */
    const bool sole = (fields & (fields - 1)) == 0;
    bool first = true;

    for (size_t i = 0; i < schema->count; i++) {
        if (is_shown(fields, i)) {
            struct text value = record->value[i];

            strbuf_append_text(out, first ? TEXT("") : TEXT(","));
            write_value(out, sole && value.data == NULL ? TEXT("") : value);
            first = false;
        }
    }
    strbuf_append_text(out, TEXT("\r\n"));
}

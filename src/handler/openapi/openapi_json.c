/* Nested JSON: as json/writer.h, with braces and commas kept in order. */
#include "openapi.h"

#include "json/writer.h"

#include <stdarg.h>
#include <stdio.h>

#define FORMATTED_MAX 1024

void document_key(struct document *document, const char *key)
{
    if (!document->first) {
        strbuf_append_char(document->out, ',');
    }
    document->first = false;
    if (key != NULL) {
        json_write_string(document->out, text_of(key));
        strbuf_append_char(document->out, ':');
    }
}

static void open_with(struct document *document, const char *key, char brace)
{
    document_key(document, key);
    strbuf_append_char(document->out, brace);
    document->first = true;
}

static void end_with(struct document *document, char brace)
{
    strbuf_append_char(document->out, brace);
    document->first = false;
}

void document_object(struct document *document, const char *key)
{
    open_with(document, key, '{');
}

void document_array(struct document *document, const char *key)
{
    open_with(document, key, '[');
}

void document_end_object(struct document *document)
{
    end_with(document, '}');
}

void document_end_array(struct document *document)
{
    end_with(document, ']');
}

void document_slice(struct document *document, const char *key, struct text value)
{
    document_key(document, key);
    json_write_string(document->out, value);
}

void document_text(struct document *document, const char *key, const char *value)
{
    document_slice(document, key, text_of(value));
}

void document_integer(struct document *document, const char *key, int64_t value)
{
    document_key(document, key);
    strbuf_printf(document->out, "%lld", (long long)value);
}

void document_bool(struct document *document, const char *key, bool value)
{
    document_raw(document, key, value ? TEXT("true") : TEXT("false"));
}

void document_format(struct document *document, const char *key, const char *format, ...)
{
    char formatted[FORMATTED_MAX];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(formatted, sizeof formatted, format, arguments);
    va_end(arguments);
    document_text(document, key, formatted);
}

void document_raw(struct document *document, const char *key, struct text json)
{
    document_key(document, key);
    strbuf_append_text(document->out, json);
}

void document_value(struct document *document, const char *key, const char *value, bool is_raw)
{
    if (is_raw) {
        document_raw(document, key, text_of(value));
    } else {
        document_text(document, key, value);
    }
}

void document_ref(struct document *document, const char *key, const char *kind, const char *name)
{
    document_object(document, key);
    document_format(document, "$ref", "#/components/%s/%s", kind, name);
    document_end_object(document);
}

void document_names(struct document *document, const char *key, const char *const *names, size_t count)
{
    document_array(document, key);
    for (size_t i = 0; i < count; i++) {
        document_text(document, NULL, names[i]);
    }
    document_end_array(document);
}

void document_member(struct document *document, const char *name, const char *type, const char *prose)
{
    document_object(document, name);
    document_text(document, "type", type);
    if (prose != NULL) {
        document_text(document, "description", prose);
    }
    document_end_object(document);
}

/* Records to JSON. The hot path of every list: each record is measured, room is made once, and the bytes are written
 * straight into it. */
#include "json/record.h"

#include "encode.h"

#include <string.h>

/* What stands around a value besides its name: a comma or brace and two quotes before, a colon behind the name. */
#define KEY_PUNCTUATION 4

/* Lengths of the names of a schema, measured once for all records of a list. */
struct layout {
    const struct schema *schema;
    size_t name_length[FIELDS_MAX];
};

static void layout_init(struct layout *layout, const struct schema *schema)
{
    *layout = (struct layout){.schema = schema};
    for (size_t i = 0; i < schema->count; i++) {
        layout->name_length[i] = strlen(schema->fields[i].name);
    }
}

/* True where the carried text is JSON already. */
static bool is_raw(enum field_kind kind)
{
    return kind == FIELD_INTEGER || kind == FIELD_ATTRIBUTES || kind == FIELD_IMAGES || kind == FIELD_CHOICES;
}

static char *put(char *out, const char *data, size_t length)
{
    memcpy(out, data, length);
    return out + length;
}

/* The value's size without quotes, for each field; returns that of the whole object. */
static size_t measure(const struct layout *layout, const struct record *record, size_t size[FIELDS_MAX])
{
    size_t total = 1;
    for (size_t i = 0; i < layout->schema->count; i++) {
        struct text value = record->value[i];
        total += layout->name_length[i] + KEY_PUNCTUATION;
        if (value.data == NULL) {
            total += 4;
        } else if (is_raw(layout->schema->fields[i].kind)) {
            total += value.length;
        } else {
            size[i] = json_encoded_size(value);
            total += size[i] + 2;
        }
    }
    return total;
}

static char *put_value(char *at, enum field_kind kind, struct text value, size_t size)
{
    if (value.data == NULL) {
        return put(at, "null", 4);
    }
    if (is_raw(kind)) {
        return put(at, value.data, value.length);
    }
    *at++ = '"';
    at = json_encode(at, value, size);
    *at++ = '"';
    return at;
}

void json_write_value(struct strbuf *out, enum field_kind kind, struct text value)
{
    const bool quoted = value.data != NULL && !is_raw(kind);
    const size_t size = quoted ? json_encoded_size(value) : 0;
    const size_t total = value.data == NULL ? 4 : quoted ? size + 2 : value.length;
    char *at = strbuf_reserve(out, total);

    if (at != NULL) {
        (void)put_value(at, kind, value, size);
        out->length += total;
    }
}

static void write_record(struct strbuf *out, const struct layout *layout, const struct record *record)
{
    size_t size[FIELDS_MAX] = {0};
    size_t total = measure(layout, record, size);
    char *at = strbuf_reserve(out, total);
    if (at == NULL) {
        return;
    }
    for (size_t i = 0; i < layout->schema->count; i++) {
        const struct field *field = &layout->schema->fields[i];
        *at++ = i == 0 ? '{' : ',';
        *at++ = '"';
        at = put(at, field->name, layout->name_length[i]);
        *at++ = '"';
        *at++ = ':';
        at = put_value(at, field->kind, record->value[i], size[i]);
    }
    *at = '}';
    out->length += total;
}

void json_write_record(struct strbuf *out, const struct schema *schema, const struct record *record)
{
    struct layout layout;
    layout_init(&layout, schema);
    write_record(out, &layout, record);
}

void json_write_records(struct strbuf *out, const struct schema *schema, const struct record *records, size_t count)
{
    struct layout layout;
    layout_init(&layout, schema);
    strbuf_append_char(out, '[');
    for (size_t i = 0; i < count; i++) {
        if (i > 0) {
            strbuf_append_char(out, ',');
        }
        write_record(out, &layout, &records[i]);
    }
    strbuf_append_char(out, ']');
}

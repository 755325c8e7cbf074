/* Parts of records: some of their fields, and a member behind them. */
#include "json/record.h"

#include "json/writer.h"

#include <string.h>

static bool is_wanted(uint32_t fields, size_t field)
{
    return (fields & UINT32_C(1) << field) != 0;
}

static void end_object(struct strbuf *out, bool first, struct text extra)
{
    if (extra.data != NULL) {
        if (!first) {
            strbuf_append_char(out, ',');
        }
        strbuf_append_text(out, extra);
    }
    strbuf_append_char(out, '}');
}

void json_write_record_part(struct strbuf *out, const struct schema *schema, const struct record *record,
                            uint32_t fields, struct text extra)
{
    bool first = true;

    strbuf_append_char(out, '{');
    for (size_t i = 0; i < schema->count; i++) {
        if (is_wanted(fields, i)) {
            json_write_key(out, &first, schema->fields[i].name);
            json_write_value(out, schema->fields[i].kind, record->value[i]);
        }
    }
    end_object(out, first, extra);
}

/* Where the value at the start of the text ends: at the comma or bracket that follows it. */
static size_t value_length(struct text text)
{
    size_t depth = 0;
    bool quoted = false;

    for (size_t i = 0; i < text.length; i++) {
        const char c = text.data[i];

        if (quoted) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                quoted = false;
            }
        } else if (c == '"') {
            quoted = true;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (depth == 0 && (c == ',' || c == '}' || c == ']')) {
            return i;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return text.length;
}

/* Takes what is given off the start; false where it is not there. */
static bool take(struct text *rest, const char *expected)
{
    const size_t length = strlen(expected);

    if (rest->length < length || memcmp(rest->data, expected, length) != 0) {
        return false;
    }
    *rest = (struct text){.data = rest->data + length, .length = rest->length - length};
    return true;
}

bool json_split_record(const struct schema *schema, struct text object, struct text value[FIELDS_MAX])
{
    struct text rest = object;

    for (size_t i = 0; i < schema->count; i++) {
        if (!take(&rest, i == 0 ? "{\"" : ",\"") || !take(&rest, schema->fields[i].name) || !take(&rest, "\":")) {
            return false;
        }
        value[i] = (struct text){.data = rest.data, .length = value_length(rest)};
        rest = (struct text){.data = rest.data + value[i].length, .length = rest.length - value[i].length};
    }
    return text_equal(rest, TEXT("}"));
}

void json_write_split_part(struct strbuf *out, const struct schema *schema, const struct text value[FIELDS_MAX],
                           uint32_t fields, struct text extra)
{
    bool first = true;

    strbuf_append_char(out, '{');
    for (size_t i = 0; i < schema->count; i++) {
        if (is_wanted(fields, i)) {
            json_write_key(out, &first, schema->fields[i].name);
            strbuf_append_text(out, value[i]);
        }
    }
    end_object(out, first, extra);
}

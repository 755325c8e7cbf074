/* JSON out for what has no schema: problems, states, counts. */
#include "json/writer.h"

#include "encode.h"

#include <string.h>

void json_write_string(struct strbuf *out, struct text text)
{
    text = text.data != NULL ? text : TEXT("");
    size_t size = json_encoded_size(text);
    char *at = strbuf_reserve(out, size + 2);
    if (at == NULL) {
        return;
    }
    *at++ = '"';
    at = json_encode(at, text, size);
    *at = '"';
    out->length += size + 2;
}

void json_write_key(struct strbuf *out, bool *first, const char *name)
{
    if (!*first) {
        strbuf_append_char(out, ',');
    }
    *first = false;
    strbuf_append_char(out, '"');
    strbuf_append(out, name, strlen(name));
    strbuf_append(out, "\":", 2);
}

void json_write_member(struct strbuf *out, bool *first, const char *name, struct text value)
{
    json_write_key(out, first, name);
    if (value.data == NULL) {
        strbuf_append_text(out, TEXT("null"));
    } else {
        json_write_string(out, value);
    }
}

void json_write_member_i64(struct strbuf *out, bool *first, const char *name, int64_t value)
{
    json_write_key(out, first, name);
    if (value < 0) {
        strbuf_append_char(out, '-');
    }
    strbuf_append_u64(out, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

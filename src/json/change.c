/* Changes as JSON and as events. */
#include "json/change.h"

#include "json/writer.h"

void json_write_change(struct strbuf *out, const struct change *change)
{
    char cursor[FEED_CURSOR_TEXT_SIZE];
    bool first = true;

    feed_cursor_encode(&change->cursor, cursor);
    strbuf_append_char(out, '{');
    json_write_member(out, &first, "cursor", text_of(cursor));
    json_write_member(out, &first, "type", change->type);
    json_write_member(out, &first, "id", change->id);
    json_write_key(out, &first, "version");
    strbuf_append_text(out, change->version);
    json_write_member(out, &first, "at", change->at);
    json_write_key(out, &first, "data");
    strbuf_append_text(out, change->data);
    strbuf_append_char(out, '}');
}

void json_write_change_line(struct strbuf *out, const struct change *change)
{
    const size_t before = out->length;

    json_write_change(out, change);
    /* Within strings they are escaped. */
    for (size_t i = before; i < out->length; i++) {
        if (out->data[i] == '\n' || out->data[i] == '\r') {
            out->data[i] = ' ';
        }
    }
}

void json_write_change_event(struct strbuf *out, const struct change *change)
{
    char cursor[FEED_CURSOR_TEXT_SIZE];

    feed_cursor_encode(&change->cursor, cursor);
    strbuf_printf(out, "id: %s\nevent: %.*s\ndata: ", cursor, TEXT_PRINT(change->type));
    json_write_change_line(out, change);
    strbuf_append_text(out, TEXT("\n\n"));
}

/* Files that are imported: the first byte says which format, and how the rest is cut. However a file is cut, the same lines
 * come of it, each is UTF-8 without NUL, and what is made of CSV is an object. */
#include "fuzz.h"

#include "base/hash.h"
#include "base/utf8.h"
#include "import/file.h"
#include "json/import_line.h"
#include "json/parse.h"

#include <string.h>

struct seen {
    bool is_csv;
    uint64_t count;
    uint64_t line;
    uint64_t hash;
};

static void check_object(struct text content)
{
    struct arena *arena = arena_new(1024);
    struct json_object *document = NULL;
    struct import_object line;
    struct faults faults;
    struct strbuf out;

    faults_init(&faults, arena);
    strbuf_init(&out, (size_t)64 << 20);
    if (json_parse(content, &faults, &document) == STATUS_OK) {
        json_read_import_object(document, &line, &faults);
    }
    json_write_import_error(&out, document, content,
                            &(struct import_verdict){.line = 1, .faults = faults.item, .fault_count = faults.count});
    faults_init(&faults, arena);
    must_hold(!out.overflowed);
    if (content.length < 100000) {
        must_hold(json_parse(strbuf_text(&out), &faults, &document) == STATUS_OK);
    }
    strbuf_free(&out);
    arena_free(arena);
}

static bool take(void *context, const struct import_line *line)
{
    struct seen *seen = context;

    must_hold(line->number == seen->count + 1);
    must_hold(line->line >= seen->line || seen->is_csv);
    must_hold(utf8_valid_prefix(line->content) == line->content.length);
    must_hold(line->content.length == 0 || memchr(line->content.data, '\0', line->content.length) == NULL);
    must_hold(!seen->is_csv || line->content.data[0] == '{');
    seen->count = line->number;
    seen->line = line->line;
    seen->hash = hash_add(hash_add(seen->hash, line->content), line->flaw);
    check_object(line->content);
    return true;
}

static struct seen read_in(struct text text, enum import_format format, size_t step)
{
    struct seen seen = {.is_csv = format == IMPORT_CSV, .hash = HASH_START};
    struct import_file *file = import_file_new(&(struct import_file_options){.format = format}, take, &seen);
    bool going = true;

    for (size_t at = 0; at < text.length && going; at += step) {
        const size_t length = text.length - at < step ? text.length - at : step;
        going = import_file_feed(file, (struct text){.data = text.data + at, .length = length});
    }
    if (going) {
        (void)import_file_end(file);
    }
    must_hold(import_file_lines(file) == seen.count);
    import_file_free(file);
    return seen;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1) {
        return 0;
    }
    const struct text text = {.data = (const char *)data + 1, .length = size - 1};
    const enum import_format format = (data[0] & 1) != 0 ? IMPORT_CSV : IMPORT_NDJSON;
    const struct seen whole = read_in(text, format, text.length + 1);
    const struct seen parts = read_in(text, format, (size_t)(data[0] >> 1) + 1);

    must_hold(whole.count == parts.count && whole.hash == parts.hash);
    return 0;
}

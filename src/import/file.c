/* Files as lines: NDJSON, and what all formats share. */
#include "file_internal.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK 4096
#define KEPT ((size_t)64 * 1024)
#define BEGINNING ((size_t)200) /* of a line that is too long */

/* An object of CSV may be longer than its record: every byte may need an escape. */
#define OBJECT_MAX (IMPORT_LINE_MAX * 7)

static const char byte_order_mark[] = "\xef\xbb\xbf";

struct import_file *import_file_new(const struct import_file_options *options, import_sink sink, void *context)
{
    struct import_file *file = memory_new(1, sizeof *file);

    file->options = *options;
    file->format = options->format;
    file->sink = sink;
    file->context = context;
    file->arena = arena_new(ARENA_BLOCK);
    file->line = 1;
    faults_init(&file->faults, file->arena);
    strbuf_init(&file->object, OBJECT_MAX);
    strbuf_init(&file->rest, IMPORT_LINE_MAX);
    if (file->format != IMPORT_NDJSON) {
        file->csv = csv_reader_new(import_take_record, file);
    }
    return file;
}

void import_file_free(struct import_file *file)
{
    if (file != NULL) {
        shopify_free(file->shopify);
        csv_reader_free(file->csv);
        strbuf_free(&file->rest);
        strbuf_free(&file->object);
        arena_free(file->arena);
        free(file);
    }
}

enum import_format import_file_format(const struct import_file *file)
{
    return file->format;
}

uint64_t import_file_lines(const struct import_file *file)
{
    return file->lines;
}

void import_file_faults(const struct import_file *file, struct faults *faults)
{
    for (size_t i = 0; i < file->faults.count; i++) {
        const struct fault *fault = &file->faults.item[i];
        faults_add(faults, fault->place, fault->where, fault->code, "%s", fault->detail);
    }
}

/* --- lines --- */

static size_t sound_prefix(struct text text)
{
    const size_t valid = utf8_valid_prefix(text);
    const char *nul = memchr(text.data, '\0', valid);

    return nul != NULL ? (size_t)(nul - text.data) : valid;
}

/* The text with U+FFFD for each byte that cannot be kept; in a buffer of the caller's. */
static void mend(struct strbuf *out, struct text text)
{
    while (text.length > 0) {
        const size_t sound = sound_prefix(text);
        const size_t taken = sound < text.length ? sound + 1 : sound;

        strbuf_append(out, text.data, sound);
        if (sound < text.length) {
            strbuf_append_text(out, TEXT("\xef\xbf\xbd"));
        }
        text = (struct text){.data = text.data + taken, .length = text.length - taken};
    }
}

bool import_emit(struct import_file *file, uint64_t line, struct text content, struct text flaw)
{
    struct import_line staged = {.line = line, .content = content, .flaw = flaw};
    struct strbuf mended;

    strbuf_init(&mended, 3 * content.length + 1);
    if (sound_prefix(content) < content.length) {
        mend(&mended, content);
        staged.content = strbuf_text(&mended);
        staged.flaw = flaw.data != NULL ? flaw : TEXT("is not UTF-8, or has a NUL; send the file in UTF-8");
    }
    staged.number = ++file->lines;
    if (!file->sink(file->context, &staged)) {
        file->stopped = true;
    }
    strbuf_free(&mended);
    return !file->stopped;
}

/* --- NDJSON --- */

static struct text trim(struct text text)
{
    while (text.length > 0 && strchr(" \t\r", text.data[text.length - 1]) != NULL &&
           text.data[text.length - 1] != '\0') {
        text.length--;
    }
    while (text.length > 0 && (text.data[0] == ' ' || text.data[0] == '\t' || text.data[0] == '\r')) {
        text = (struct text){.data = text.data + 1, .length = text.length - 1};
    }
    return text;
}

static bool take_line(struct import_file *file, struct text line)
{
    const uint64_t number = file->line++;
    const struct text content = trim(line);

    if (file->too_long) {
        file->too_long = false;
        return import_emit(file, number, content, TEXT("is longer than 1 MiB"));
    }
    return content.length == 0 || import_emit(file, number, content, TEXT_ABSENT);
}

/* Of a line that is too long, to tell it by. */
static void keep_beginning(struct import_file *file, struct text part)
{
    char beginning[BEGINNING];
    const size_t kept = file->rest.length < BEGINNING ? file->rest.length : BEGINNING;
    const size_t more = part.length < BEGINNING - kept ? part.length : BEGINNING - kept;

    memcpy(beginning, file->rest.data != NULL ? file->rest.data : "", kept);
    memcpy(beginning + kept, part.data, more);
    strbuf_clear(&file->rest, KEPT);
    strbuf_append(&file->rest, beginning, kept + more);
}

/* Keeps what may go on in the next part. */
static void keep_rest(struct import_file *file, struct text part)
{
    const size_t room = IMPORT_LINE_MAX - file->rest.length;

    if (part.length > room) {
        keep_beginning(file, part);
        file->too_long = true;
    } else if (!file->too_long) {
        strbuf_append_text(&file->rest, part);
    }
}

static bool end_line(struct import_file *file)
{
    const bool going = take_line(file, file->rest.data != NULL ? strbuf_text(&file->rest) : TEXT(""));

    strbuf_clear(&file->rest, KEPT);
    return going;
}

/* The mark may come in parts: bytes that begin like one are kept until it is known. */
static struct text pass_mark(struct import_file *file, struct text bytes)
{
    while (!file->begun && bytes.length > 0) {
        if (bytes.data[0] != byte_order_mark[file->rest.length]) {
            file->begun = true;
            break;
        }
        strbuf_append_char(&file->rest, bytes.data[0]);
        bytes = (struct text){.data = bytes.data + 1, .length = bytes.length - 1};
        if (file->rest.length == 3) {
            strbuf_clear(&file->rest, KEPT);
            file->begun = true;
        }
    }
    return bytes;
}

static bool feed_lines(struct import_file *file, struct text bytes)
{
    bytes = pass_mark(file, bytes);
    while (bytes.length > 0 && !file->stopped) {
        const char *end = memchr(bytes.data, '\n', bytes.length);
        const struct text part = {.data = bytes.data,
                                  .length = end != NULL ? (size_t)(end - bytes.data) : bytes.length};
        const size_t taken = part.length + (end != NULL ? 1 : 0);

        if (end != NULL && file->rest.length == 0 && !file->too_long && part.length <= IMPORT_LINE_MAX) {
            (void)take_line(file, part);
        } else {
            keep_rest(file, part);
            if (end != NULL) {
                (void)end_line(file);
            }
        }
        bytes = (struct text){.data = bytes.data + taken, .length = bytes.length - taken};
    }
    return !file->stopped;
}

bool import_file_feed(struct import_file *file, struct text bytes)
{
    return file->csv != NULL ? csv_reader_feed(file->csv, bytes) && !file->stopped : feed_lines(file, bytes);
}

bool import_file_end(struct import_file *file)
{
    if (file->csv != NULL) {
        return csv_reader_end(file->csv) && !file->stopped && (file->shopify == NULL || shopify_end(file));
    }
    if (!file->stopped && (file->rest.length > 0 || file->too_long)) {
        (void)end_line(file);
    }
    return !file->stopped;
}

/* The states of a reader of CSV. */
#include "csv/reader.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

#define KEPT ((size_t)64 * 1024)

enum state {
    AT_START,     /* of a value */
    IN_PLAIN,     /* of a value without quotes */
    IN_QUOTES,    /* inside of one with quotes */
    AT_QUOTE,     /* behind a quote in such: its end, or the first of two */
    IN_LOST,      /* the record is too large: the rest of the line is dropped */
    AFTER_RETURN, /* behind the CR of a line end */
};

struct csv_reader {
    csv_sink sink;
    void *context;
    enum state state;
    char separator; /* NUL: not known yet */
    bool stopped;
    bool begun;    /* something of the record has come */
    unsigned mark; /* bytes of the byte order mark that have come; 3: it is behind us, or there is none */
    uint64_t line; /* the one that is read */
    struct strbuf bytes;
    size_t ends[CSV_VALUES_MAX]; /* where each value ends in the bytes */
    struct csv_value values[CSV_VALUES_MAX];
    struct csv_record record;
};

static const char byte_order_mark[] = "\xef\xbb\xbf";

struct csv_reader *csv_reader_new(csv_sink sink, void *context)
{
    struct csv_reader *reader = memory_new(1, sizeof *reader);

    reader->sink = sink;
    reader->context = context;
    reader->line = 1;
    reader->record.line = 1;
    strbuf_init(&reader->bytes, CSV_RECORD_MAX);
    return reader;
}

void csv_reader_free(struct csv_reader *reader)
{
    if (reader != NULL) {
        strbuf_free(&reader->bytes);
        free(reader);
    }
}

/* --- records --- */

static void spoil(struct csv_reader *reader, const char *flaw)
{
    if (reader->record.flaw == NULL) {
        reader->record.flaw = flaw;
    }
}

static void lose(struct csv_reader *reader, const char *flaw)
{
    spoil(reader, flaw);
    reader->state = IN_LOST;
}

static void add(struct csv_reader *reader, const char *data, size_t length)
{
    if (length > CSV_RECORD_MAX - reader->bytes.length) {
        lose(reader, "is longer than 1 MiB; a quote that is not closed makes all that follows one record");
        return;
    }
    strbuf_append(&reader->bytes, data, length);
}

static void end_value(struct csv_reader *reader)
{
    if (reader->record.count == CSV_VALUES_MAX) {
        lose(reader, "has more than " TEXT_OF(CSV_VALUES_MAX) " values");
        return;
    }
    reader->ends[reader->record.count++] = reader->bytes.length;
    reader->state = AT_START;
}

static void begin_record(struct csv_reader *reader)
{
    const size_t used = reader->record.count < CSV_VALUES_MAX ? reader->record.count + 1 : CSV_VALUES_MAX;

    memset(reader->values, 0, used * sizeof *reader->values);
    strbuf_clear(&reader->bytes, KEPT);
    reader->record = (struct csv_record){.line = reader->line};
    reader->begun = false;
}

static bool is_empty_line(const struct csv_reader *reader)
{
    return reader->record.count == 1 && reader->ends[0] == 0 && !reader->values[0].quoted &&
           reader->record.flaw == NULL;
}

/* Hands the record over. */
static void end_record(struct csv_reader *reader)
{
    size_t from = 0;

    if (reader->state != IN_LOST) {
        end_value(reader);
    }
    for (size_t i = 0; i < reader->record.count; i++) {
        const char *data = reader->bytes.data != NULL ? reader->bytes.data : "";

        reader->values[i].text = (struct text){.data = data + from, .length = reader->ends[i] - from};
        from = reader->ends[i];
    }
    reader->record.values = reader->values;
    if (!is_empty_line(reader) && !reader->sink(reader->context, &reader->record)) {
        reader->stopped = true;
    }
}

static void end_line(struct csv_reader *reader, char c)
{
    end_record(reader);
    reader->line++;
    begin_record(reader);
    reader->state = c == '\r' ? AFTER_RETURN : AT_START;
}

/* --- characters --- */

static bool separates(struct csv_reader *reader, char c)
{
    if (reader->separator == '\0' && (c == ',' || c == ';' || c == '\t')) {
        reader->separator = c;
    }
    return reader->separator != '\0' && c == reader->separator;
}

static bool ends_line(char c)
{
    return c == '\n' || c == '\r';
}

/* As many as can be taken at once; the first is no special one. */
static size_t take_plain(struct csv_reader *reader, struct text bytes)
{
    size_t length = 1;

    while (length < bytes.length && !ends_line(bytes.data[length]) && !separates(reader, bytes.data[length])) {
        length++;
    }
    add(reader, bytes.data, length);
    return length;
}

/* No more than is one too many: where it is, the rest of the line is yet to be found. */
static size_t take_quoted(struct csv_reader *reader, struct text bytes)
{
    const size_t most = CSV_RECORD_MAX - reader->bytes.length + 1;
    size_t length = 0;

    while (length < bytes.length && length < most && bytes.data[length] != '"') {
        reader->line += bytes.data[length] == '\n' ? 1 : 0;
        length++;
    }
    add(reader, bytes.data, length);
    if (length < bytes.length && reader->state == IN_QUOTES && bytes.data[length] == '"') {
        reader->state = AT_QUOTE;
        length++;
    }
    return length;
}

static size_t take_at_start(struct csv_reader *reader, struct text bytes)
{
    if (bytes.data[0] == '"') {
        /* Where there is no place for another value, its end will say so. */
        if (reader->record.count < CSV_VALUES_MAX) {
            reader->values[reader->record.count].quoted = true;
        }
        reader->state = IN_QUOTES;
        return 1;
    }
    reader->state = IN_PLAIN;
    return take_plain(reader, bytes);
}

static size_t take_behind_quote(struct csv_reader *reader, struct text bytes)
{
    if (bytes.data[0] == '"') {
        add(reader, "\"", 1);
        reader->state = reader->state == AT_QUOTE ? IN_QUOTES : reader->state;
        return 1;
    }
    spoil(reader, "has something between a closing quote and the next separator; double the quotes inside of a value");
    reader->state = IN_PLAIN;
    return take_plain(reader, bytes);
}

static size_t take_lost(struct text bytes)
{
    size_t length = 1;

    while (length < bytes.length && !ends_line(bytes.data[length])) {
        length++;
    }
    return length;
}

/* Takes what comes next; returns how many bytes that was, at least one. */
static size_t take(struct csv_reader *reader, struct text bytes)
{
    const char c = bytes.data[0];

    if (reader->state == AFTER_RETURN) {
        reader->state = AT_START;
        if (c == '\n') {
            return 1;
        }
    }
    if (reader->state == IN_QUOTES) {
        return take_quoted(reader, bytes);
    }
    if (ends_line(c)) {
        end_line(reader, c);
        return 1;
    }
    reader->begun = true;
    if (reader->state == IN_LOST) {
        return take_lost(bytes);
    }
    if (separates(reader, c)) {
        end_value(reader);
        return 1;
    }
    switch (reader->state) {
    case AT_START:
        return take_at_start(reader, bytes);
    case AT_QUOTE:
        return take_behind_quote(reader, bytes);
    case IN_PLAIN:
    case IN_QUOTES:
    case IN_LOST:
    case AFTER_RETURN:
    default:
        return take_plain(reader, bytes);
    }
}

static void take_all(struct csv_reader *reader, struct text bytes)
{
    while (bytes.length > 0 && !reader->stopped) {
        const size_t length = take(reader, bytes);

        bytes = (struct text){.data = bytes.data + length, .length = bytes.length - length};
    }
}

/* Passes over a byte order mark, which may come in parts: bytes that began like one are taken when they turn out not to be
 * one. */
static struct text pass_mark(struct csv_reader *reader, struct text bytes)
{
    while (reader->mark < 3 && bytes.length > 0 && bytes.data[0] == byte_order_mark[reader->mark]) {
        reader->mark++;
        bytes = (struct text){.data = bytes.data + 1, .length = bytes.length - 1};
    }
    if (reader->mark < 3 && bytes.length > 0) {
        const unsigned seen = reader->mark;

        reader->mark = 3;
        take_all(reader, (struct text){.data = byte_order_mark, .length = seen});
    }
    return bytes;
}

bool csv_reader_feed(struct csv_reader *reader, struct text bytes)
{
    take_all(reader, reader->mark < 3 ? pass_mark(reader, bytes) : bytes);
    return !reader->stopped;
}

bool csv_reader_end(struct csv_reader *reader)
{
    if (reader->state == IN_QUOTES) {
        spoil(reader, "has a quote that is not closed up to the end of the file");
    }
    if (!reader->stopped && (reader->begun || reader->state == IN_QUOTES)) {
        end_record(reader);
        begin_record(reader);
    }
    reader->state = AT_START;
    return !reader->stopped;
}

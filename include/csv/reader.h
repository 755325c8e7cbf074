/* CSV in (RFC 4180), pushed in parts of any size: comma, quotes with quotes doubled inside, line ends of any kind between
 * records and inside quotes. In place of the comma the first record may have semicolons or tabs, as spreadsheets of many
 * countries write them: whichever of the three comes first outside quotes separates. A byte order mark is passed over, and
 * so are records that are empty lines. Memory is bounded by CSV_RECORD_MAX and CSV_VALUES_MAX, whatever comes. */
#ifndef CSV_READER_H
#define CSV_READER_H

#include "base/strbuf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CSV_RECORD_MAX ((size_t)1024 * 1024) /* bytes of its values */
#define CSV_VALUES_MAX 1024

struct csv_value {
    struct text text; /* never absent */
    bool quoted;      /* "" is an empty text, where nothing between two commas is null */
};

struct csv_record {
    uint64_t line; /* on which it begins, from 1 */
    const struct csv_value *values;
    size_t count;
    const char *flaw; /* why it cannot be trusted, a clause; NULL where it can */
};

/* Gets each record, which is valid until it returns. False: nothing more is read. */
typedef bool (*csv_sink)(void *context, const struct csv_record *record);

struct csv_reader;

/* Never NULL. */
struct csv_reader *csv_reader_new(csv_sink sink, void *context);
void csv_reader_free(struct csv_reader *reader);

/* False where the sink has said so. */
bool csv_reader_feed(struct csv_reader *reader, struct text bytes);

/* The file is over: a last record without a line end is one too. */
bool csv_reader_end(struct csv_reader *reader);

#endif

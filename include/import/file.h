/* Reads a file that is imported, pushed in parts of any size, and makes of it lines that can be staged: each the object of a
 * product as JSON, as a line of NDJSON has it. Whether that is a product is for the job to find out.
 *
 * An object may have, beside the fields of a product (domain/product.h):
 *   id             says which product is meant, or gets that id
 *   attr.<key>     one attribute; null takes it away
 *   category       the slug or the name of the category, in place of category_id
 *   version, created_at, updated_at and _error are passed over: exports and failed lines come in as they are.
 * Of CSV the first record names the columns, which are these members, in any order; the letter case of their names makes no
 * difference, and spaces and hyphens in them are underscores. Of a value nothing between two commas is null where the field
 * may be null, and not given otherwise. Values of attr.<key> that are JSON's numbers, true, false, arrays or strings are
 * those, and any other is a string. attributes and images are JSON; images may also be addresses with spaces or | between.
 * A file that has the columns of Shopify's products is read as such: see src/import/shopify.c.
 *
 * The record that an export ends with is left out, in both formats. */
#ifndef IMPORT_FILE_H
#define IMPORT_FILE_H

#include "domain/fault.h"
#include "domain/import.h"

#include <stdbool.h>

#define IMPORT_COLUMN_MAPS_MAX 60

/* What a column of CSV is, where its name does not say it. */
struct import_column_map {
    struct text column; /* letter case, spaces and hyphens as in the name of a column */
    struct text field;  /* a member of an object as above; empty: the column is left out */
};

struct import_file_options {
    enum import_format format; /* IMPORT_CSV may turn out to be IMPORT_SHOPIFY */
    const struct import_column_map *maps;
    size_t map_count;
    bool has_category; /* the import names a category: Shopify's Type is none then */
};

/* Gets each line, which is valid until it returns. False: nothing more is read. */
typedef bool (*import_sink)(void *context, const struct import_line *line);

struct import_file;

/* The options' texts must stay valid. Never NULL. */
struct import_file *import_file_new(const struct import_file_options *options, import_sink sink, void *context);
void import_file_free(struct import_file *file);

/* False where nothing more is to be read: the sink has said so, or the columns have faults. */
bool import_file_feed(struct import_file *file, struct text bytes);
bool import_file_end(struct import_file *file);

/* What the file turned out to be. */
enum import_format import_file_format(const struct import_file *file);

/* How many lines there were so far. */
uint64_t import_file_lines(const struct import_file *file);

/* Of the columns of CSV; places are parameters. Copied to faults. */
void import_file_faults(const struct import_file *file, struct faults *faults);

/* Whether a map's field is one: for who reads maps. */
bool import_field_known(struct text field);

#endif

/* What the readers of the formats share. */
#ifndef IMPORT_FILE_INTERNAL_H
#define IMPORT_FILE_INTERNAL_H

#include "import/file.h"

#include "base/arena.h"
#include "base/strbuf.h"
#include "csv/reader.h"

/* What a column stands for. */
enum target_kind {
    TARGET_NOTHING,   /* it is passed over */
    TARGET_FIELD,     /* of a product */
    TARGET_ATTRIBUTE, /* attr.<key> */
    TARGET_CATEGORY,
};

struct target {
    enum target_kind kind;
    size_t field;
    const char *member; /* as it stands in the object */
};

struct shopify;

struct import_file {
    struct import_file_options options;
    enum import_format format;
    import_sink sink;
    void *context;
    struct arena *arena; /* for as long as the file */
    struct faults faults;
    uint64_t lines;
    bool stopped;
    struct strbuf object; /* the content of a line in the making */
    /* NDJSON */
    struct strbuf rest; /* the beginning of a line of which the end has not come */
    bool too_long;
    bool begun; /* past a byte order mark */
    uint64_t line;
    /* CSV */
    struct csv_reader *csv;
    struct target *targets;
    size_t target_count; /* 0: the names of the columns have not come */
    struct shopify *shopify;
};

/* Hands a line to the sink. Content that is not UTF-8, or has a NUL, is mended and gets a flaw. */
bool import_emit(struct import_file *file, uint64_t line, struct text content, struct text flaw);

/* --- CSV: csv.c --- */

/* A csv_sink. */
bool import_take_record(void *context, const struct csv_record *record);

/* The target of a column by its name, maps included. False where it has none. */
bool import_target_of(const struct import_file *file, struct text column, struct target *target);

/* Appends members of the object to file->object. */
void import_write_member(struct strbuf *out, bool *first, const char *name, struct text value);
void import_write_raw(struct strbuf *out, bool *first, const char *name, struct text json);

/* As JSON, where it is: a number, true, false, a string or an array; else as a string. */
void import_write_attribute(struct strbuf *out, bool *first, const char *name, struct text value);

/* --- Shopify: shopify.c --- */

/* The columns of Shopify's products, or NULL where they are others. */
struct shopify *shopify_recognise(struct import_file *file, const struct csv_record *record);
void shopify_free(struct shopify *shopify);
bool shopify_take_record(struct import_file *file, const struct csv_record *record);

/* The last product is whole. */
bool shopify_end(struct import_file *file);

#endif

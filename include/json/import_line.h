/* The object of an import's line: a product as json/record.h reads it, and the members that lines alone have
 * (import/file.h); and the same object with what is wrong with it. */
#ifndef JSON_IMPORT_LINE_H
#define JSON_IMPORT_LINE_H

#include "base/status.h"
#include "base/strbuf.h"
#include "domain/fault.h"
#include "domain/product.h"

#include <stdbool.h>
#include <stdint.h>

struct json_object;

struct import_object {
    bool is_end;                    /* it is no product but the record that an export ends with */
    struct text id;                 /* in lower case; absent: none */
    struct record input;            /* what is given of the product; of the attributes only what is given as a whole */
    struct text category;           /* a slug or a name; absent: none */
    struct json_object *attributes; /* those that are given one by one, null for one that is to go; NULL: none */
};

/* Faults of members are added, none stops the reading. */
void json_read_import_object(struct json_object *object, struct import_object *line, struct faults *faults);

/* The attributes (JSON, or absent for none) with those that are given one by one. False, with faults, where what comes of
 * it breaks a rule. */
MUST_CHECK bool json_merge_attributes(struct text attributes, struct json_object *given, struct text *merged,
                                      struct faults *faults);

/* What is said of a line that failed. */
struct import_verdict {
    uint64_t line;
    const struct fault *faults;
    size_t fault_count;
};

/* Writes the object, with _error as its last member, on one line without its end. An _error of an earlier time is left
 * out. object may be NULL, and is left alone otherwise: what could not be read as one goes into the member _line. */
void json_write_import_error(struct strbuf *out, struct json_object *object, struct text content,
                             const struct import_verdict *verdict);

#endif

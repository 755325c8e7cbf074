/* Records as CSV (RFC 4180): comma, CRLF, quotes where they are needed.
 *
 * Values are exact: text as it is, attributes and images as their JSON. Nothing is put before a value that a spreadsheet
 * would take for a formula (= + - @ at its beginning): who reads the file with a program must get what is stored, and who
 * opens it in a spreadsheet has to import the columns as text. Null is written as nothing, an empty text as "": readers
 * that tell the two apart, as Postgres's COPY does, get both back. */
#ifndef CSV_WRITER_H
#define CSV_WRITER_H

#include "base/strbuf.h"
#include "domain/field.h"

#include <stdint.h>

/* The line with the names of the fields whose bits are set, in the order of the schema. */
void csv_write_names(struct strbuf *out, const struct schema *schema, uint32_t fields);

/* The line of a record with these fields. */
void csv_write_record(struct strbuf *out, const struct schema *schema, const struct record *record, uint32_t fields);

#endif

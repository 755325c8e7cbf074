/* Records from and to JSON, by the table of their schema. */
#ifndef JSON_RECORD_H
#define JSON_RECORD_H

#include "base/strbuf.h"
#include "domain/field.h"

struct json_object;

/* Reads an object by its schema: types, then field_check for each value, attributes and images part by part. Unknown
 * members are refused with the nearest known name as a hint, members in FIELD_SERVER with the reason. All faults are
 * added, none stops the reading. pointer is the object's own ("" for a whole body). Values live in faults->arena.
 * Nothing is completed: record_complete does that for a creation. */
void json_read_record(const struct schema *schema, struct json_object *object, const char *pointer,
                      struct record *record, struct faults *faults);

/* The same for a body that may repeat the id of its path: own_id, in lower case. */
void json_read_record_of(const struct schema *schema, struct json_object *object, const char *pointer,
                         struct text own_id, struct record *record, struct faults *faults);

/* Reads a merge patch (RFC 7396) of a schema whose values are all strings and numbers: as json_read_record, but null is
 * taken for every field that is not required, and gives it as absent. */
void json_read_flat_patch(const struct schema *schema, struct json_object *object, const char *pointer,
                          struct record *record, struct faults *faults);

/* Writes a whole record as one object: every field of the schema, in its order. */
void json_write_record(struct strbuf *out, const struct schema *schema, const struct record *record);

/* Writes count records as an array. */
void json_write_records(struct strbuf *out, const struct schema *schema, const struct record *records, size_t count);

#endif

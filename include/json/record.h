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

/* Writes a whole record as one object: every field of the schema, in its order. */
void json_write_record(struct strbuf *out, const struct schema *schema, const struct record *record);

/* Writes count records as an array. */
void json_write_records(struct strbuf *out, const struct schema *schema, const struct record *records, size_t count);

/* One value as it is carried, by the kind of its field; null for an absent one. */
void json_write_value(struct strbuf *out, enum field_kind kind, struct text value);

/* Writes those fields only whose bits are set, in the order of the schema, and behind them extra, which is members as
 * they are written ("name":value) or absent. */
void json_write_record_part(struct strbuf *out, const struct schema *schema, const struct record *record,
                            uint32_t fields, struct text extra);

/* Takes what json_write_record wrote apart: each value as it is written. False, and value undefined, where the object is
 * not of that form. */
bool json_split_record(const struct schema *schema, struct text object, struct text value[FIELDS_MAX]);

/* json_write_record_part of such values. */
void json_write_split_part(struct strbuf *out, const struct schema *schema, const struct text value[FIELDS_MAX],
                           uint32_t fields, struct text extra);

#endif

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

/* The same for a body that may repeat the id of its path: own_id, in lower case, or absent. */
void json_read_record_of(const struct schema *schema, struct json_object *object, const char *pointer,
                         struct text own_id, struct record *record, struct faults *faults);

/* Reads a record that was written, patched and shall be stored: the whole of it, with the same rules and hints as
 * json_read_record. A member that is gone is null where the field is nullable, else the field's default
 * (currency_default for FIELD_CURRENCY); it is a fault "required" where the field is. What is made by the server must
 * stand there as in the original: else the fault "read_only". Every field is given then, but for those that are gone
 * and at fault, and those that are gone and neither required nor nullable nor have a default. */
void json_read_edited_record(const struct schema *schema, struct json_object *object, const char *pointer,
                             const struct record *original, const char *currency_default, struct record *record,
                             struct faults *faults);

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

/* Values of several parts, such as a product's attributes and images: JSON in, checked part by part, compact JSON text out. */
#ifndef JSON_ATTRIBUTES_H
#define JSON_ATTRIBUTES_H

#include "base/text.h"
#include "domain/fault.h"
#include "domain/field.h"

struct json_object;

/* Each adds a fault, with a pointer of its own, for every part that breaks a rule of domain/attribute.h, and returns the
 * value as compact JSON in faults->arena, or an absent slice where there was a fault. Numbers keep their digits. */
struct text json_read_attributes(struct json_object *value, const char *pointer, struct faults *faults);
struct text json_read_images(struct json_object *value, const char *pointer, struct faults *faults);

/* The same of a field of FIELD_CHOICES. */
struct text json_read_choices(const struct field *field, struct json_object *value, const char *pointer,
                              struct faults *faults);

#endif

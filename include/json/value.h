/* Looking at a parsed document piece by piece, for what is no record of a schema. NULL is the value null. */
#ifndef JSON_VALUE_H
#define JSON_VALUE_H

#include "base/text.h"
#include "domain/fault.h"

#include <stdbool.h>
#include <stddef.h>

struct json_object;

bool json_is_object(const struct json_object *value);
bool json_is_array(const struct json_object *value);

/* Of an array. */
size_t json_length(const struct json_object *array);
struct json_object *json_item(const struct json_object *array, size_t index);

/* The member of an object; false, and *value untouched, where there is none. */
bool json_member(const struct json_object *object, const char *name, struct json_object **value);

/* The characters of a string, lent by the document; absent for what is none. */
struct text json_string(struct json_object *value);

/* Adds a fault, with the nearest known name as a hint, for each member of the object that is not among the known. */
void json_check_members(struct json_object *object, const char *const *known, size_t count, const char *pointer,
                        struct faults *faults);

#endif

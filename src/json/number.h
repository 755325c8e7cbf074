/* Numbers as the digits that were given. */
#ifndef JSON_NUMBER_H
#define JSON_NUMBER_H

#include "base/text.h"

#include <stdbool.h>

struct json_object;

/* Numbers are 0 to json-c, whatever their digits. */
bool json_is_number(struct json_object *value);

/* Gives a number its digits: terminated, and alive as long as the number is. */
void json_number_attach(struct json_object *number, char *digits);

/* True where two JSON numbers are the same, exactly and whatever their size: 1.50, 1.5 and 15e-1. -0 is 0. */
bool json_digits_equal(struct text a, struct text b);

#endif

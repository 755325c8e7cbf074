/* The rules for the parts of a product's attributes and images that a reader of JSON checks one by one. */
#ifndef DOMAIN_ATTRIBUTE_H
#define DOMAIN_ATTRIBUTE_H

#include "base/text.h"

#include <stdbool.h>

#define ATTRIBUTES_MAX 50          /* keys of one product */
#define ATTRIBUTE_KEY_MAX 40       /* characters */
#define ATTRIBUTE_STRING_MAX 500   /* code points */
#define ATTRIBUTE_STRINGS_MAX 50   /* in an array */
#define ATTRIBUTE_NUMBER_DIGITS 20 /* on either side of the point, once an exponent is carried out */
#define IMAGES_MAX 10
#define IMAGE_URL_MAX 2048 /* bytes */

/* [a-z][a-z0-9_]{0,39} */
bool attribute_key_valid(struct text key);

/* The digits of a JSON number, within ATTRIBUTE_NUMBER_DIGITS: a short text such as 1e999999 would otherwise become a
 * very long number in the database. */
bool attribute_number_valid(struct text digits);

/* An absolute https URL (RFC 3986) with a host, of printable ASCII, within IMAGE_URL_MAX. */
bool image_url_valid(struct text url);

#endif

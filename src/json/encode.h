/* The inside of a JSON string, measured and then written: whoever knows the size reserves once. */
#ifndef JSON_ENCODE_H
#define JSON_ENCODE_H

#include "base/text.h"

#include <stddef.h>

/* Bytes that the text takes between its quotes. */
size_t json_encoded_size(struct text text);

/* Writes it without quotes and returns where it ends. size is what json_encoded_size gave. */
char *json_encode(char *out, struct text text, size_t size);

#endif

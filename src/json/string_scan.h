/* Strings of JSON text (RFC 8259, section 7), for the check and for what comes behind it. */
#ifndef JSON_STRING_SCAN_H
#define JSON_STRING_SCAN_H

#include "base/arena.h"
#include "base/text.h"

#include <stdbool.h>

struct string_scan {
    const char *stop;   /* the closing quote, or where the fault is */
    bool escaped;       /* there is an escape before stop */
    const char *code;   /* of the fault, NULL for none */
    const char *detail; /* of the fault */
};

/* Scans from behind the opening quote to the closing one. The text goes on to end at most. */
struct string_scan json_scan_string(const char *from, const char *end);

/* The characters that the inside of a string stands for, each pair of surrogates one. It must have been scanned without a
 * fault. */
struct text json_decode_string(struct text inside, struct arena *arena);

#endif

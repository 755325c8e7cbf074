/* Strings of JSON text (RFC 8259, section 7), for the check. */
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

/* The characters that the inside of a string stands for. It must have been scanned without a fault. */
struct text json_decode_string(struct text inside, struct arena *arena);

/* A document, which must have been checked without a fault, with each pair of escaped surrogates as the character that
 * it stands for: json-c 0.16 takes a pair for halves where the lower 16 bits of its character, such as U+1D800, would be
 * a surrogate too. The text itself where it has no such pair. */
struct text json_join_surrogates(struct text document, struct arena *arena);

#endif

/* The strict pass over JSON text that json_check and json_parse share. */
#ifndef JSON_SCAN_H
#define JSON_SCAN_H

#include "base/status.h"
#include "base/text.h"
#include "domain/fault.h"

#include <stddef.h>

/* The numbers of a document as they were written, in its order: json-c turns an integer into 64 bits and forgets how it
 * was written. Zeroed at the start; the terminated strings live in the arena of the faults, the list is on the heap. */
struct json_numbers {
    char **digits;
    size_t count;
    size_t capacity;
};

void json_numbers_free(struct json_numbers *numbers);

/* As json_check; collects the numbers where numbers is not NULL. */
MUST_CHECK enum status json_scan(struct text text, struct faults *faults, struct json_numbers *numbers);

#endif

/* The operations of a JSON patch (RFC 6902, section 4), read before any is applied. */
#ifndef JSON_OPERATION_H
#define JSON_OPERATION_H

#include "base/status.h"
#include "base/text.h"
#include "domain/fault.h"

#include <stddef.h>

struct json_object;

enum operation_kind {
    OPERATION_ADD,
    OPERATION_REMOVE,
    OPERATION_REPLACE,
    OPERATION_MOVE,
    OPERATION_COPY,
    OPERATION_TEST,
    OPERATION_KIND_COUNT
};

struct operation {
    enum operation_kind kind;
    const char *pointer; /* its own place in the body, for faults */
    struct text path;    /* valid JSON pointers, in the patch's own memory */
    struct text from;    /* absent where the kind has none */
    struct json_object *value;
};

struct operations {
    struct operation *item;
    size_t count;
};

/* Reads a patch whose place in the body is pointer. STATUS_INVALID with every fault that json/patch.h lists for what is
 * malformed. The list lives in faults->arena. */
MUST_CHECK enum status operations_read(struct json_object *patch, const char *pointer, struct operations *operations,
                                       struct faults *faults);

#endif

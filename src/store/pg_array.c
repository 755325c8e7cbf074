/* Binary form of arrays of texts: a header, and each element behind its length; all numbers of 32 bits, big-endian. */
#include "pg_array.h"

#include <arpa/inet.h>
#include <string.h>

#define ARRAY_BYTES_MAX ((size_t)512 << 20)

/* The header of an array without elements is that without its last two members. */
struct header {
    uint32_t dimensions;
    uint32_t has_null;
    uint32_t element_type;
    uint32_t count;
    uint32_t lower_bound;
};

enum {
    TEXT_OID = 25, /* in pg_type.dat */
    EMPTY_HEADER_SIZE = offsetof(struct header, count),
};

#define NULL_LENGTH UINT32_MAX

void pg_array_init(struct pg_array *array)
{
    array->count = 0;
    strbuf_init(&array->bytes, ARRAY_BYTES_MAX);
}

void pg_array_free(struct pg_array *array)
{
    strbuf_free(&array->bytes);
}

void pg_array_append(struct pg_array *array, struct text element)
{
    const bool first = array->bytes.length == 0;
    const size_t before = (first ? sizeof(struct header) : 0) + sizeof(uint32_t);
    const uint32_t length = element.data == NULL ? NULL_LENGTH : htonl((uint32_t)element.length);
    const size_t copied = element.data == NULL ? 0 : element.length;
    char *end = copied <= ARRAY_BYTES_MAX ? strbuf_reserve(&array->bytes, before + copied) : NULL;

    if (end == NULL) {
        array->bytes.overflowed = true;
        return;
    }
    memcpy(end + before - sizeof length, &length, sizeof length);
    if (copied > 0) {
        memcpy(end + before, element.data, copied);
    }
    array->bytes.length += before + copied;
    array->count++;
}

/* That there may be NULLs is always said: Postgres finds out itself whether there are. */
bool pg_array_end(struct pg_array *array, struct text *value)
{
    const struct header header = {
        .dimensions = htonl(array->count == 0 ? 0 : 1),
        .has_null = htonl(1),
        .element_type = htonl(TEXT_OID),
        .count = htonl(array->count),
        .lower_bound = htonl(1),
    };

    if (array->count == 0) {
        strbuf_append(&array->bytes, (const char *)&header, EMPTY_HEADER_SIZE);
    } else {
        memcpy(array->bytes.data, &header, sizeof header);
    }
    *value = strbuf_text(&array->bytes);
    return !array->bytes.overflowed;
}

bool pg_array_of(struct pg_array *array, const struct text *elements, size_t count, struct text *value)
{
    pg_array_init(array);
    for (size_t i = 0; i < count; i++) {
        pg_array_append(array, elements[i]);
    }
    return pg_array_end(array, value);
}

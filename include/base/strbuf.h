/* A growing byte buffer with a bound. An append that would pass the bound changes nothing and marks the buffer as
 * overflowed; later appends do nothing, so a writer checks once, at its end. */
#ifndef BASE_STRBUF_H
#define BASE_STRBUF_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct strbuf {
    char *data; /* NULL until the first append; not terminated */
    size_t length;
    size_t capacity;
    size_t bound; /* length never passes it */
    bool overflowed;
};

/* An empty buffer of at most bound bytes; nothing is allocated yet. */
void strbuf_init(struct strbuf *buffer, size_t bound);

/* Frees what the buffer holds and leaves it as after strbuf_init. */
void strbuf_free(struct strbuf *buffer);

/* Empties the buffer. Memory beyond keep bytes is given back, so that one large answer does not stay for ever. */
void strbuf_clear(struct strbuf *buffer, size_t keep);

void strbuf_append(struct strbuf *buffer, const char *data, size_t length);
void strbuf_append_text(struct strbuf *buffer, struct text text);
void strbuf_append_char(struct strbuf *buffer, char c);
void strbuf_append_u64(struct strbuf *buffer, uint64_t value);
void strbuf_printf(struct strbuf *buffer, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes room for length more bytes at data + length and returns where to write, or NULL on overflow. The caller then
 * adds what it wrote to buffer->length. */
char *strbuf_reserve(struct strbuf *buffer, size_t length);

/* What is in the buffer; valid until the next change. */
struct text strbuf_text(const struct strbuf *buffer);

#endif

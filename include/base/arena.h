/* Memory of one request: allocations that are all released together, at the end of the request. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/text.h"

#include <stdarg.h>
#include <stddef.h>

struct arena;

/* A new, empty arena that keeps its first block of first_block bytes between requests. Never NULL. */
struct arena *arena_new(size_t first_block);

/* NULL is allowed. Runs what was deferred first. */
void arena_free(struct arena *arena);

/* Zeroed memory, aligned for any type, valid until arena_reset. Never NULL (see base/memory.h). */
void *arena_alloc(struct arena *arena, size_t size) __attribute__((returns_nonnull));

/* A copy of the bytes, terminated with a NUL that the slice's length does not count; an absent slice stays absent. */
struct text arena_copy(struct arena *arena, struct text text);

/* A terminated copy; "" for an absent slice. */
char *arena_string(struct arena *arena, struct text text) __attribute__((returns_nonnull));

/* A formatted, terminated string. */
struct text arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
struct text arena_vprintf(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Calls release(object) at the next arena_reset or arena_free, the last deferred first. Ties the life of what a library
 * allocated (a query's result, a reply, a parsed document) to the request. */
void arena_defer(struct arena *arena, void (*release)(void *object), void *object);

/* Releases all: runs what was deferred, frees every block but the first. Slices into the arena are dead after it. */
void arena_reset(struct arena *arena);

/* Bytes held from the heap now. */
size_t arena_footprint(const struct arena *arena);

#endif

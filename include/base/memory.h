/* Heap allocation that cannot fail: where memory is exhausted the process logs one line and aborts. A worker that ends
 * so is replaced, its clients get an error from the front server, and no caller carries code that is never run. */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* Zeroed memory for count objects of size bytes; the caller frees it with free(). Aborts on overflow too. */
void *memory_new(size_t count, size_t size) __attribute__((malloc, returns_nonnull));

/* As realloc; size must not be 0. */
void *memory_resize(void *block, size_t size) __attribute__((returns_nonnull));

#endif

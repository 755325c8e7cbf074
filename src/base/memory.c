/* Heap allocation that aborts where it would fail. */
#include "base/memory.h"

#include "base/log.h"

#include <stdint.h>
#include <stdlib.h>

_Noreturn static void exhausted(size_t count, size_t size)
{
    log_error("out of memory: %zu times %zu bytes", count, size);
    abort();
}

void *memory_new(size_t count, size_t size)
{
    void *block = calloc(count, size);
    if (block == NULL) {
        exhausted(count, size);
    }
    return block;
}

void *memory_resize(void *block, size_t size)
{
    void *resized = realloc(block, size);
    if (resized == NULL) {
        exhausted(1, size);
    }
    return resized;
}

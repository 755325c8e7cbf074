/* The arena: blocks in a list, the first of which stays from request to request. Under AddressSanitizer what is not
 * handed out is poisoned, so that a slice used after the reset is found. */
#include "base/arena.h"

#include "base/memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_POISONS
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define ARENA_POISONS
#endif

#ifdef ARENA_POISONS
#include <sanitizer/asan_interface.h>
#define poison(start, size) __asan_poison_memory_region(start, size)
#define unpoison(start, size) __asan_unpoison_memory_region(start, size)
#else
#define poison(start, size) ((void)(start), (void)(size))
#define unpoison(start, size) ((void)(start), (void)(size))
#endif

/* Blocks double up to this size; what is larger gets a block of just its size. */
#define BLOCK_GROWTH_MAX ((size_t)1 << 20)

struct block {
    struct block *older;
    size_t size;
    size_t used;
    alignas(max_align_t) char bytes[];
};

struct deferred {
    struct deferred *older;
    void (*release)(void *object);
    void *object;
};

struct arena {
    struct block *newest;
    struct deferred *last;
    size_t footprint;
};

/* The sum, or what no allocation can be where it overflows: memory_new then aborts. */
static size_t sum(size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

static void block_add(struct arena *arena, size_t size)
{
    size_t footprint = sum(sizeof(struct block), size);
    struct block *block = memory_new(1, footprint);
    block->older = arena->newest;
    block->size = size;
    poison(block->bytes, size);
    arena->newest = block;
    arena->footprint += footprint;
}

struct arena *arena_new(size_t first_block)
{
    struct arena *arena = memory_new(1, sizeof *arena);
    arena->footprint = sizeof *arena;
    block_add(arena, first_block);
    return arena;
}

static void block_free_newest(struct arena *arena)
{
    struct block *block = arena->newest;
    unpoison(block->bytes, block->size);
    arena->newest = block->older;
    arena->footprint -= sizeof *block + block->size;
    free(block);
}

void arena_free(struct arena *arena)
{
    if (arena == NULL) {
        return;
    }
    arena_reset(arena);
    block_free_newest(arena);
    free(arena);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    const size_t alignment = alignof(max_align_t);
    size_t rounded = sum(size, alignment - 1) & ~(alignment - 1);
    if (rounded > arena->newest->size - arena->newest->used) {
        size_t doubled = arena->newest->size < BLOCK_GROWTH_MAX / 2 ? 2 * arena->newest->size : BLOCK_GROWTH_MAX;
        block_add(arena, rounded > doubled ? rounded : doubled);
    }
    struct block *block = arena->newest;
    char *start = block->bytes + block->used;
    block->used += rounded;
    unpoison(start, size);
    return start;
}

struct text arena_copy(struct arena *arena, struct text text)
{
    if (text.data == NULL) {
        return TEXT_ABSENT;
    }
    return (struct text){.data = arena_string(arena, text), .length = text.length};
}

char *arena_string(struct arena *arena, struct text text)
{
    char *copy = arena_alloc(arena, sum(text.length, 1));
    if (text.length > 0) {
        memcpy(copy, text.data, text.length);
    }
    return copy;
}

struct text arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
    char small[256];
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(small, sizeof small, format, arguments);
    struct text result = TEXT("");
    if (length >= 0 && (size_t)length < sizeof small) {
        result = arena_copy(arena, (struct text){.data = small, .length = (size_t)length});
    } else if (length >= 0) {
        size_t size = (size_t)length + 1;
        char *large = arena_alloc(arena, size);
        (void)vsnprintf(large, size, format, again);
        result = (struct text){.data = large, .length = (size_t)length};
    }
    va_end(again);
    return result;
}

struct text arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct text result = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    return result;
}

void arena_defer(struct arena *arena, void (*release)(void *object), void *object)
{
    struct deferred *deferred = arena_alloc(arena, sizeof *deferred);
    *deferred = (struct deferred){.older = arena->last, .release = release, .object = object};
    arena->last = deferred;
}

void arena_reset(struct arena *arena)
{
    while (arena->last != NULL) {
        struct deferred *deferred = arena->last;
        arena->last = deferred->older;
        deferred->release(deferred->object);
    }
    while (arena->newest->older != NULL) {
        block_free_newest(arena);
    }
    /* Zeroed here and not at each allocation: it is only as much as the request used. */
    struct block *first = arena->newest;
    unpoison(first->bytes, first->used);
    memset(first->bytes, 0, first->used);
    first->used = 0;
    poison(first->bytes, first->size);
}

size_t arena_footprint(const struct arena *arena)
{
    return arena->footprint;
}

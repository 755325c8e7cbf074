/* JSON pointers. */
#include "pointer.h"

#include <string.h>

bool json_pointer_valid(struct text pointer)
{
    if (pointer.length > 0 && pointer.data[0] != '/') {
        return false;
    }
    for (size_t i = 0; i < pointer.length; i++) {
        bool escape = pointer.data[i] == '~';
        if (escape && (i + 1 == pointer.length || (pointer.data[i + 1] != '0' && pointer.data[i + 1] != '1'))) {
            return false;
        }
    }
    return true;
}

size_t json_pointer_depth(struct text pointer)
{
    size_t depth = 0;
    for (size_t i = 0; i < pointer.length; i++) {
        depth += pointer.data[i] == '/' ? 1 : 0;
    }
    return depth;
}

/* A place has only one pointer, so their texts tell. */
bool json_pointer_inside(struct text pointer, struct text other)
{
    return pointer.length > other.length && text_starts_with(pointer, other) && pointer.data[other.length] == '/';
}

struct text json_pointer_next(struct text *pointer, struct arena *arena)
{
    const char *start = pointer->data + 1;
    size_t left = pointer->length - 1;
    const char *slash = memchr(start, '/', left);
    size_t length = slash != NULL ? (size_t)(slash - start) : left;
    char *token = arena_alloc(arena, length + 1);
    char *out = token;
    for (size_t i = 0; i < length; i++) {
        char c = start[i];
        if (c == '~') {
            i++;
            c = start[i] == '0' ? '~' : '/';
        }
        *out++ = c;
    }
    *pointer = (struct text){.data = start + length, .length = left - length};
    return (struct text){.data = token, .length = (size_t)(out - token)};
}

bool json_pointer_index(struct text token, size_t *index)
{
    uint64_t value = 0;
    bool leading_zero = token.length > 1 && token.data[0] == '0';
    if (leading_zero || !text_to_u64(token, &value) || value > SIZE_MAX) {
        return false;
    }
    *index = (size_t)value;
    return true;
}

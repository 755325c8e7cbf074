/* Collecting faults. */
#include "domain/fault.h"

#include <stdarg.h>
#include <string.h>

void faults_init(struct faults *faults, struct arena *arena)
{
    faults->arena = arena;
    faults->count = 0;
    faults->truncated = false;
}

void faults_add(struct faults *faults, enum fault_place place, const char *where, const char *code,
                const char *detail_format, ...)
{
    if (faults->count == FAULTS_MAX) {
        faults->truncated = true;
        return;
    }
    va_list arguments;
    va_start(arguments, detail_format);
    struct text detail = arena_vprintf(faults->arena, detail_format, arguments);
    va_end(arguments);
    faults->item[faults->count++] = (struct fault){
        .place = place,
        .where = arena_string(faults->arena, text_of(where)),
        .code = code,
        .detail = detail.data,
    };
}

const char *fault_pointer(struct arena *arena, const char *parent, struct text token)
{
    struct text start = text_of(parent);
    /* Escaped, a byte becomes two at most. */
    char *pointer = arena_alloc(arena, start.length + 1 + 2 * token.length + 1);
    memcpy(pointer, start.data, start.length);
    char *end = pointer + start.length;
    *end++ = '/';
    for (size_t i = 0; i < token.length; i++) {
        char c = token.data[i];
        if (c == '~' || c == '/') {
            *end++ = '~';
            c = c == '~' ? '0' : '1';
        }
        *end++ = c;
    }
    *end = '\0';
    return pointer;
}

const char *fault_pointer_index(struct arena *arena, const char *parent, size_t index)
{
    char digits[TEXT_U64_MAX];
    return fault_pointer(arena, parent, text_from_u64(index, digits));
}

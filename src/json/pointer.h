/* JSON pointers (RFC 6901). Pure. */
#ifndef JSON_POINTER_H
#define JSON_POINTER_H

#include "base/arena.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>

/* "" or reference tokens with "/" before each, in which "~" stands only in "~0" and "~1". */
bool json_pointer_valid(struct text pointer);

/* Reference tokens of a valid pointer. */
size_t json_pointer_depth(struct text pointer);

/* True where a valid pointer leads to a place inside that of another. */
bool json_pointer_inside(struct text pointer, struct text other);

/* Takes the first reference token off a valid pointer, which must not be "", and returns what it stands for, terminated,
 * in the arena. */
struct text json_pointer_next(struct text *pointer, struct arena *arena);

/* Reads an index of an array: digits without leading zeros. What fits no size_t is none. */
bool json_pointer_index(struct text token, size_t *index);

#endif

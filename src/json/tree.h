/* Trees of json-c, copied, compared and changed within the bounds of json/parse.h, without recursion. NULL is null. Where
 * json-c has no memory, the process ends as in base/memory.h. */
#ifndef JSON_TREE_H
#define JSON_TREE_H

#include "domain/fault.h"

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

/* How much may still be done: json/patch.h says what counts. */
struct tree_budget {
    size_t values;
    size_t bytes;
};

/* Which bound was hit. */
enum tree_excess {
    TREE_WITHIN = 0,
    TREE_TOO_DEEP,
    TREE_TOO_MANY_MEMBERS,
    TREE_TOO_MANY_VALUES,
    TREE_TOO_MANY_BYTES,
};

/* Adds the fault of a bound that was hit. */
void tree_excess_fault(enum tree_excess excess, const char *pointer, struct faults *faults);

/* What is in an object or an array, one after the other. A change of the container ends it. */
struct tree_children {
    struct json_object *container;
    struct json_object_iterator at; /* of an object */
    struct json_object_iterator end;
    size_t count; /* of an array */
    size_t index;
};

struct tree_child {
    const char *name; /* NULL in an array */
    size_t index;
    struct json_object *value;
};

struct tree_children tree_children_of(struct json_object *container);
bool tree_next_child(struct tree_children *children, struct tree_child *child);

bool tree_is_container(struct json_object *value);

/* Copies a tree that shall stand below depth containers; digits go to the arena. *copy is the caller's, untouched where
 * a bound was hit. */
enum tree_excess tree_copy(struct json_object *source, size_t depth, struct tree_budget *budget, struct arena *arena,
                           struct json_object **copy);

/* The same check and price for a tree that is moved below depth containers. */
enum tree_excess tree_check_move(struct json_object *tree, size_t depth, struct tree_budget *budget);

/* RFC 6902, section 4.6: strings by their code points, numbers by their value, objects without order. The work is that
 * of the smaller tree; numbers cost bytes of the budget. */
enum tree_excess tree_equal(struct json_object *a, struct json_object *b, struct tree_budget *budget, bool *equal);

struct json_object *tree_new_object(void);

/* What json-c made, or did: it does not fail but for want of memory. */
struct json_object *tree_made(struct json_object *value);
void tree_must_succeed(int result);

/* Makes a tree the arena's: it is released at its reset. */
void tree_keep(struct json_object *tree, struct arena *arena);

/* Sets a member of an object, or puts a value into an array before the element at index, which is at most the array's
 * length. The value becomes the container's, or is released where the object has too many members. */
enum tree_excess tree_set_member(struct json_object *object, const char *name, struct json_object *value);
void tree_insert(struct json_object *array, size_t index, struct json_object *value);

/* Removes and releases an element. */
void tree_remove_element(struct json_object *array, size_t index);

#endif

/* Trees of json-c. Every walk keeps its way on a stack of JSON_DEPTH_MAX containers; what goes deeper is refused. */
#include "tree.h"

#include "number.h"

#include "base/log.h"
#include "json/parse.h"
#include "json/patch.h"

#include <stdlib.h>
#include <string.h>

void tree_excess_fault(enum tree_excess excess, const char *pointer, struct faults *faults)
{
    switch (excess) {
    case TREE_WITHIN:
        break;
    case TREE_TOO_DEEP:
        faults_add(faults, FAULT_IN_BODY, pointer, "too_deep", "must not nest the document deeper than %d levels",
                   JSON_DEPTH_MAX);
        break;
    case TREE_TOO_MANY_MEMBERS:
        faults_add(faults, FAULT_IN_BODY, pointer, "too_many_members", "must not give an object over %d members",
                   JSON_MEMBERS_MAX);
        break;
    case TREE_TOO_MANY_VALUES:
        faults_add(faults, FAULT_IN_BODY, pointer, "too_many_values",
                   "the document and all that the patch adds, copies and moves must not have over %d values",
                   JSON_VALUES_MAX);
        break;
    case TREE_TOO_MANY_BYTES:
        faults_add(faults, FAULT_IN_BODY, pointer, "too_many_bytes",
                   "the document and all that the patch adds, copies and compares must not have over %zu bytes",
                   JSON_PATCH_BYTES_MAX);
        break;
    }
}

/* --- walking --- */

bool tree_is_container(struct json_object *value)
{
    return json_object_is_type(value, json_type_object) || json_object_is_type(value, json_type_array);
}

struct tree_children tree_children_of(struct json_object *container)
{
    struct tree_children children = {.container = container};
    if (json_object_is_type(container, json_type_object)) {
        children.at = json_object_iter_begin(container);
        children.end = json_object_iter_end(container);
    } else {
        children.count = json_object_array_length(container);
    }
    return children;
}

bool tree_next_child(struct tree_children *children, struct tree_child *child)
{
    if (json_object_is_type(children->container, json_type_array)) {
        if (children->index == children->count) {
            return false;
        }
        *child = (struct tree_child){.index = children->index,
                                     .value = json_object_array_get_idx(children->container, children->index)};
        children->index++;
        return true;
    }
    if (json_object_iter_equal(&children->at, &children->end)) {
        return false;
    }
    *child = (struct tree_child){.name = json_object_iter_peek_name(&children->at),
                                 .value = json_object_iter_peek_value(&children->at)};
    json_object_iter_next(&children->at);
    return true;
}

/* --- the budget --- */

static enum tree_excess charge_bytes(struct tree_budget *budget, size_t bytes)
{
    if (bytes > budget->bytes) {
        return TREE_TOO_MANY_BYTES;
    }
    budget->bytes -= bytes;
    return TREE_WITHIN;
}

/* One value below depth containers. */
static enum tree_excess charge_value(struct tree_budget *budget, struct json_object *value, size_t depth)
{
    if (budget->values == 0) {
        return TREE_TOO_MANY_VALUES;
    }
    budget->values--;
    return tree_is_container(value) && depth >= JSON_DEPTH_MAX ? TREE_TOO_DEEP : TREE_WITHIN;
}

/* --- changing --- */

struct json_object *tree_made(struct json_object *value)
{
    if (value == NULL) {
        log_error("out of memory: json-c could not make a value");
        abort();
    }
    return value;
}

void tree_must_succeed(int result)
{
    if (result != 0) {
        log_error("out of memory: json-c could not make room in an object or array");
        abort();
    }
}

struct json_object *tree_new_object(void)
{
    return tree_made(json_object_new_object());
}

static void release(void *tree)
{
    (void)json_object_put(tree);
}

void tree_keep(struct json_object *tree, struct arena *arena)
{
    arena_defer(arena, release, tree);
}

enum tree_excess tree_set_member(struct json_object *object, const char *name, struct json_object *value)
{
    bool is_new = !json_object_object_get_ex(object, name, NULL);
    if (is_new && json_object_object_length(object) >= JSON_MEMBERS_MAX) {
        (void)json_object_put(value);
        return TREE_TOO_MANY_MEMBERS;
    }
    tree_must_succeed(json_object_object_add(object, name, value));
    return TREE_WITHIN;
}

void tree_insert(struct json_object *array, size_t index, struct json_object *value)
{
    tree_must_succeed(json_object_array_add(array, value));
    /* json-c 0.16 cannot insert: what was added last changes its place, owned as before. */
    struct array_list *list = json_object_get_array(array);
    memmove(&list->array[index + 1], &list->array[index], (list->length - index - 1) * sizeof(list->array[0]));
    list->array[index] = value;
}

void tree_remove_element(struct json_object *array, size_t index)
{
    tree_must_succeed(json_object_array_del_idx(array, index, 1));
}

/* --- copying --- */

static struct json_object *copy_number(struct text digits, struct arena *arena)
{
    struct json_object *copy = tree_made(json_object_new_int64(0));
    json_number_attach(copy, arena_string(arena, digits));
    return copy;
}

/* A copy of one value, a container without what is in it. */
static enum tree_excess copy_value(struct json_object *source, struct tree_budget *budget, struct arena *arena,
                                   struct json_object **copy)
{
    struct text digits = json_number_digits(source);
    enum tree_excess excess = TREE_WITHIN;
    switch (json_object_get_type(source)) {
    case json_type_null:
        *copy = NULL;
        break;
    case json_type_boolean:
        *copy = tree_made(json_object_new_boolean(json_object_get_boolean(source)));
        break;
    case json_type_int:
    case json_type_double:
        excess = charge_bytes(budget, digits.length);
        if (excess == TREE_WITHIN) {
            *copy = copy_number(digits, arena);
        }
        break;
    case json_type_string:
        excess = charge_bytes(budget, (size_t)json_object_get_string_len(source));
        if (excess == TREE_WITHIN) {
            *copy = tree_made(
                json_object_new_string_len(json_object_get_string(source), json_object_get_string_len(source)));
        }
        break;
    case json_type_object:
        *copy = tree_new_object();
        break;
    case json_type_array:
        /* Of just the size: json-c's default has room for 32. */
        *copy = tree_made(json_object_new_array_ext((int)json_object_array_length(source)));
        break;
    }
    return excess;
}

/* Copies one child, without what is in it, into its place. */
static enum tree_excess copy_child(const struct tree_child *child, struct json_object *into, struct tree_budget *budget,
                                   struct arena *arena, struct json_object **copy)
{
    enum tree_excess excess = copy_value(child->value, budget, arena, copy);
    if (excess != TREE_WITHIN) {
        return excess;
    }
    if (child->name == NULL) {
        tree_must_succeed(json_object_array_add(into, *copy));
        return TREE_WITHIN;
    }
    excess = charge_bytes(budget, strlen(child->name));
    if (excess != TREE_WITHIN) {
        (void)json_object_put(*copy);
        return excess;
    }
    return tree_set_member(into, child->name, *copy);
}

enum tree_excess tree_copy(struct json_object *source, size_t depth, struct tree_budget *budget, struct arena *arena,
                           struct json_object **copy)
{
    struct {
        struct tree_children children;
        struct json_object *copy;
    } open[JSON_DEPTH_MAX];
    size_t count = 0;
    struct json_object *root = NULL;
    struct tree_child child = {.value = source};
    struct json_object *made_now = NULL;
    enum tree_excess excess = charge_value(budget, source, depth);
    if (excess == TREE_WITHIN) {
        excess = copy_value(source, budget, arena, &root);
        made_now = root;
    }
    while (excess == TREE_WITHIN) {
        /* child is what was copied last. */
        if (tree_is_container(child.value)) {
            open[count].children = tree_children_of(child.value);
            open[count++].copy = made_now;
        }
        while (count > 0 && !tree_next_child(&open[count - 1].children, &child)) {
            count--;
        }
        if (count == 0) {
            *copy = root;
            return TREE_WITHIN;
        }
        excess = charge_value(budget, child.value, depth + count);
        if (excess == TREE_WITHIN) {
            excess = copy_child(&child, open[count - 1].copy, budget, arena, &made_now);
        }
    }
    (void)json_object_put(root);
    return excess;
}

enum tree_excess tree_check_move(struct json_object *tree, size_t depth, struct tree_budget *budget)
{
    struct tree_children open[JSON_DEPTH_MAX];
    size_t count = 0;
    struct tree_child child = {.value = tree};
    enum tree_excess excess = charge_value(budget, tree, depth);
    while (excess == TREE_WITHIN) {
        if (tree_is_container(child.value)) {
            open[count++] = tree_children_of(child.value);
        }
        while (count > 0 && !tree_next_child(&open[count - 1], &child)) {
            count--;
        }
        if (count == 0) {
            break;
        }
        excess = charge_value(budget, child.value, depth + count);
    }
    return excess;
}

/* --- comparing --- */

/* What a container's type and size, or a scalar's value, say. */
static enum tree_excess equal_value(struct json_object *a, struct json_object *b, struct tree_budget *budget,
                                    bool *equal)
{
    if (json_is_number(a) && json_is_number(b)) {
        struct text left = json_number_digits(a);
        struct text right = json_number_digits(b);
        enum tree_excess excess = charge_bytes(budget, left.length + right.length);
        *equal = excess == TREE_WITHIN && json_digits_equal(left, right);
        return excess;
    }
    enum json_type type = json_object_get_type(a);
    *equal = type == json_object_get_type(b);
    if (!*equal) {
        return TREE_WITHIN;
    }
    if (type == json_type_object) {
        *equal = json_object_object_length(a) == json_object_object_length(b);
    } else if (type == json_type_array) {
        *equal = json_object_array_length(a) == json_object_array_length(b);
    } else if (type == json_type_boolean) {
        *equal = json_object_get_boolean(a) == json_object_get_boolean(b);
    } else if (type == json_type_string) {
        /* Without its length first, a long string would be compared with each of many short ones. */
        *equal =
            json_object_get_string_len(a) == json_object_get_string_len(b) &&
            memcmp(json_object_get_string(a), json_object_get_string(b), (size_t)json_object_get_string_len(a)) == 0;
    }
    return TREE_WITHIN;
}

/* The value in the same place of another container. */
static bool find_counterpart(const struct tree_child *child, struct json_object *container, struct json_object **value)
{
    if (child->name != NULL) {
        return json_object_object_get_ex(container, child->name, value);
    }
    *value = json_object_array_get_idx(container, child->index);
    return true;
}

enum tree_excess tree_equal(struct json_object *a, struct json_object *b, struct tree_budget *budget, bool *equal)
{
    struct {
        struct tree_children children;
        struct json_object *other;
    } open[JSON_DEPTH_MAX];
    size_t count = 0;
    struct tree_child child = {.value = a};
    struct json_object *other = b;
    enum tree_excess excess = equal_value(a, b, budget, equal);
    while (excess == TREE_WITHIN && *equal) {
        if (tree_is_container(child.value)) {
            if (count == JSON_DEPTH_MAX) {
                return TREE_TOO_DEEP;
            }
            open[count].children = tree_children_of(child.value);
            open[count++].other = other;
        }
        while (count > 0 && !tree_next_child(&open[count - 1].children, &child)) {
            count--;
        }
        if (count == 0) {
            break;
        }
        *equal = find_counterpart(&child, open[count - 1].other, &other);
        if (*equal) {
            excess = equal_value(child.value, other, budget, equal);
        }
    }
    return excess;
}

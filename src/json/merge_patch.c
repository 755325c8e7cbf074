/* Merge patch (RFC 7396, section 2), with the way through the patch on a stack instead of recursion. */
#include "json/patch.h"

#include "tree.h"

#include "json/parse.h"

#include <string.h>

/* An object of the patch and the object that it is merged into. */
struct level {
    struct tree_children members;
    struct json_object *target;
};

struct merge {
    struct level open[JSON_DEPTH_MAX];
    size_t depth; /* of open */
    struct tree_budget budget;
    struct arena *arena;
};

static enum tree_excess enter(struct merge *merge, struct json_object *patch, struct json_object *target)
{
    if (merge->depth == JSON_DEPTH_MAX) {
        return TREE_TOO_DEEP;
    }
    merge->open[merge->depth++] = (struct level){.members = tree_children_of(patch), .target = target};
    return TREE_WITHIN;
}

/* The name costs bytes here; the value was paid for as it was copied. */
static enum tree_excess set_member(struct merge *merge, struct json_object *object, const char *name,
                                   struct json_object *value)
{
    size_t length = strlen(name);
    if (length > merge->budget.bytes) {
        (void)json_object_put(value);
        return TREE_TOO_MANY_BYTES;
    }
    merge->budget.bytes -= length;
    return tree_set_member(object, name, value);
}

/* One member of a patch, which is not null, into the object. */
static enum tree_excess merge_member(struct merge *merge, struct json_object *object, const struct tree_child *member)
{
    struct json_object *target = NULL;
    if (!json_object_is_type(member->value, json_type_object)) {
        struct json_object *copy = NULL;
        enum tree_excess excess = tree_copy(member->value, merge->depth, &merge->budget, merge->arena, &copy);
        return excess != TREE_WITHIN ? excess : set_member(merge, object, member->name, copy);
    }
    (void)json_object_object_get_ex(object, member->name, &target);
    if (!json_object_is_type(target, json_type_object)) {
        if (merge->budget.values == 0) {
            return TREE_TOO_MANY_VALUES;
        }
        merge->budget.values--;
        target = tree_new_object();
        enum tree_excess excess = set_member(merge, object, member->name, target);
        if (excess != TREE_WITHIN) {
            return excess;
        }
    }
    return enter(merge, member->value, target);
}

static enum tree_excess merge_object(struct merge *merge, struct json_object *patch, struct json_object *target)
{
    enum tree_excess excess = enter(merge, patch, target);
    while (excess == TREE_WITHIN && merge->depth > 0) {
        struct level *level = &merge->open[merge->depth - 1];
        struct tree_child member;
        if (!tree_next_child(&level->members, &member)) {
            merge->depth--;
        } else if (member.value == NULL) {
            json_object_object_del(level->target, member.name);
        } else {
            excess = merge_member(merge, level->target, &member);
        }
    }
    return excess;
}

enum status json_merge_patch(struct json_object *target, struct json_object *patch, const char *pointer,
                             struct json_object **patched, struct faults *faults)
{
    struct merge merge = {.budget = {.values = JSON_VALUES_MAX, .bytes = JSON_PATCH_BYTES_MAX}, .arena = faults->arena};
    struct json_object *result = NULL;
    enum tree_excess excess = TREE_WITHIN;
    if (!json_object_is_type(patch, json_type_object)) {
        excess = tree_copy(patch, 0, &merge.budget, merge.arena, &result);
    } else if (json_object_is_type(target, json_type_object)) {
        excess = tree_copy(target, 0, &merge.budget, merge.arena, &result);
    } else {
        result = tree_new_object();
    }
    if (excess == TREE_WITHIN && json_object_is_type(patch, json_type_object)) {
        excess = merge_object(&merge, patch, result);
    }
    if (excess != TREE_WITHIN) {
        (void)json_object_put(result);
        tree_excess_fault(excess, pointer, faults);
        return STATUS_INVALID;
    }
    tree_keep(result, merge.arena);
    *patched = result;
    return STATUS_OK;
}

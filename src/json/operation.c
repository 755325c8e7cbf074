/* Reads the operations of a JSON patch: every fault of every one, none stops the reading. */
#include "operation.h"

#include "pointer.h"

#include "json/patch.h"

#include <json-c/json.h>

static const struct {
    const char *name;
    bool has_from;
    bool has_value;
} kinds[OPERATION_KIND_COUNT] = {
    [OPERATION_ADD] = {.name = "add", .has_value = true},
    [OPERATION_REMOVE] = {.name = "remove"},
    [OPERATION_REPLACE] = {.name = "replace", .has_value = true},
    [OPERATION_MOVE] = {.name = "move", .has_from = true},
    [OPERATION_COPY] = {.name = "copy", .has_from = true},
    [OPERATION_TEST] = {.name = "test", .has_value = true},
};

static struct text string_of(struct json_object *value)
{
    return (struct text){.data = json_object_get_string(value), .length = (size_t)json_object_get_string_len(value)};
}

static const char *member_pointer(const struct operation *operation, const char *name, struct faults *faults)
{
    return fault_pointer(faults->arena, operation->pointer, text_of(name));
}

/* A member that is a string, or an absent slice and a fault. */
static struct text read_string(struct json_object *object, const struct operation *operation, const char *name,
                               struct faults *faults)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(object, name, &value)) {
        faults_add(faults, FAULT_IN_BODY, member_pointer(operation, name, faults), "required", "is required");
        return TEXT_ABSENT;
    }
    if (!json_object_is_type(value, json_type_string)) {
        faults_add(faults, FAULT_IN_BODY, member_pointer(operation, name, faults), "type", "must be a string");
        return TEXT_ABSENT;
    }
    return string_of(value);
}

static struct text read_pointer(struct json_object *object, const struct operation *operation, const char *name,
                                struct faults *faults)
{
    struct text pointer = read_string(object, operation, name, faults);
    if (pointer.data != NULL && !json_pointer_valid(pointer)) {
        faults_add(faults, FAULT_IN_BODY, member_pointer(operation, name, faults), "json_pointer",
                   "must be a JSON pointer: empty, or names with / before each, in which ~0 stands for ~ and ~1 for /");
        return TEXT_ABSENT;
    }
    return pointer;
}

static bool read_kind(struct json_object *object, struct operation *operation, struct faults *faults)
{
    const char *names[OPERATION_KIND_COUNT];
    struct text name = read_string(object, operation, "op", faults);
    if (name.data == NULL) {
        return false;
    }
    for (size_t i = 0; i < OPERATION_KIND_COUNT; i++) {
        names[i] = kinds[i].name;
        if (text_equal(name, text_of(names[i]))) {
            operation->kind = (enum operation_kind)i;
            return true;
        }
    }
    const char *pointer = member_pointer(operation, "op", faults);
    const char *nearest = text_nearest(name, names, OPERATION_KIND_COUNT);
    if (nearest != NULL) {
        faults_add(faults, FAULT_IN_BODY, pointer, "unknown_operation", "is not an operation; did you mean \"%s\"?",
                   nearest);
    } else {
        faults_add(faults, FAULT_IN_BODY, pointer, "unknown_operation",
                   "must be add, remove, replace, move, copy or test");
    }
    return false;
}

/* What no document could bear. */
static void check_places(const struct operation *operation, struct faults *faults)
{
    const char *pointer = member_pointer(operation, "path", faults);
    if (operation->kind == OPERATION_REMOVE && operation->path.length == 0) {
        faults_add(faults, FAULT_IN_BODY, pointer, "whole_document",
                   "must not be the whole document, which cannot be removed");
    }
    if (operation->kind == OPERATION_MOVE && operation->from.data != NULL &&
        json_pointer_inside(operation->path, operation->from)) {
        faults_add(faults, FAULT_IN_BODY, pointer, "own_child", "must not lie inside of what is moved");
    }
}

static void read_operation(struct json_object *object, struct operation *operation, struct faults *faults)
{
    if (!json_object_is_type(object, json_type_object)) {
        faults_add(faults, FAULT_IN_BODY, operation->pointer, "type",
                   "must be an object with the members \"op\" and \"path\"");
        return;
    }
    bool known = read_kind(object, operation, faults);
    operation->path = read_pointer(object, operation, "path", faults);
    if (!known) {
        return;
    }
    if (kinds[operation->kind].has_from) {
        operation->from = read_pointer(object, operation, "from", faults);
    }
    if (kinds[operation->kind].has_value && !json_object_object_get_ex(object, "value", &operation->value)) {
        faults_add(faults, FAULT_IN_BODY, member_pointer(operation, "value", faults), "required",
                   "is required; null is a value too");
    }
    if (operation->path.data != NULL) {
        check_places(operation, faults);
    }
}

enum status operations_read(struct json_object *patch, const char *pointer, struct operations *operations,
                            struct faults *faults)
{
    size_t before = faults->count;
    if (!json_object_is_type(patch, json_type_array)) {
        faults_add(faults, FAULT_IN_BODY, pointer, "type", "must be an array of operations");
        return STATUS_INVALID;
    }
    size_t count = json_object_array_length(patch);
    if (count > JSON_PATCH_OPERATIONS_MAX) {
        faults_add(faults, FAULT_IN_BODY, pointer, "too_many_operations", "must have at most %d operations",
                   JSON_PATCH_OPERATIONS_MAX);
        return STATUS_INVALID;
    }
    struct operation *item = arena_alloc(faults->arena, count * sizeof(*item));
    for (size_t i = 0; i < count; i++) {
        item[i].pointer = fault_pointer_index(faults->arena, pointer, i);
        read_operation(json_object_array_get_idx(patch, i), &item[i], faults);
    }
    *operations = (struct operations){.item = item, .count = count};
    return faults->count > before ? STATUS_INVALID : STATUS_OK;
}

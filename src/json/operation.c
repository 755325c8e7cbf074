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

struct reader {
    struct faults *faults;
    bool valid; /* no fault so far */
};

static void refuse(struct reader *reader, const char *pointer, const char *code, const char *detail)
{
    faults_add(reader->faults, FAULT_IN_BODY, pointer, code, "%s", detail);
    reader->valid = false;
}

static void refuse_member(struct reader *reader, const struct operation *operation, const char *name, const char *code,
                          const char *detail)
{
    refuse(reader, fault_pointer(reader->faults->arena, operation->pointer, text_of(name)), code, detail);
}

/* A member that is a string, or an absent slice and a fault. */
static struct text read_string(struct reader *reader, struct json_object *object, const struct operation *operation,
                               const char *name)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(object, name, &value)) {
        refuse_member(reader, operation, name, "required", "is required");
        return TEXT_ABSENT;
    }
    if (!json_object_is_type(value, json_type_string)) {
        refuse_member(reader, operation, name, "type", "must be a string");
        return TEXT_ABSENT;
    }
    return (struct text){.data = json_object_get_string(value), .length = (size_t)json_object_get_string_len(value)};
}

static struct text read_pointer(struct reader *reader, struct json_object *object, const struct operation *operation,
                                const char *name)
{
    struct text pointer = read_string(reader, object, operation, name);
    if (pointer.data != NULL && !json_pointer_valid(pointer)) {
        refuse_member(reader, operation, name, "json_pointer",
                      "must be a JSON pointer: empty, or names with / before each, in which ~0 stands for ~ and ~1 "
                      "for /");
        return TEXT_ABSENT;
    }
    return pointer;
}

static bool read_kind(struct reader *reader, struct json_object *object, struct operation *operation)
{
    const char *names[OPERATION_KIND_COUNT];
    struct text name = read_string(reader, object, operation, "op");
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
    const char *nearest = text_nearest(name, names, OPERATION_KIND_COUNT);
    const char *detail = "must be add, remove, replace, move, copy or test";
    if (nearest != NULL) {
        detail = arena_printf(reader->faults->arena, "is not an operation; did you mean \"%s\"?", nearest).data;
    }
    refuse_member(reader, operation, "op", "unknown_operation", detail);
    return false;
}

/* What no document could bear. */
static void check_places(struct reader *reader, const struct operation *operation)
{
    if (operation->kind == OPERATION_REMOVE && operation->path.length == 0) {
        refuse_member(reader, operation, "path", "whole_document",
                      "must not be the whole document, which cannot be removed");
    }
    if (operation->kind == OPERATION_MOVE && operation->from.data != NULL &&
        json_pointer_inside(operation->path, operation->from)) {
        refuse_member(reader, operation, "path", "own_child", "must not lie inside of what is moved");
    }
}

static void read_operation(struct reader *reader, struct json_object *object, struct operation *operation)
{
    if (!json_object_is_type(object, json_type_object)) {
        refuse(reader, operation->pointer, "type", "must be an object with the members \"op\" and \"path\"");
        return;
    }
    bool known = read_kind(reader, object, operation);
    operation->path = read_pointer(reader, object, operation, "path");
    if (!known) {
        return;
    }
    if (kinds[operation->kind].has_from) {
        operation->from = read_pointer(reader, object, operation, "from");
    }
    if (kinds[operation->kind].has_value && !json_object_object_get_ex(object, "value", &operation->value)) {
        refuse_member(reader, operation, "value", "required", "is required; null is a value too");
    }
    if (operation->path.data != NULL) {
        check_places(reader, operation);
    }
}

enum status operations_read(struct json_object *patch, const char *pointer, struct operations *operations,
                            struct faults *faults)
{
    struct reader reader = {.faults = faults, .valid = true};
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
        read_operation(&reader, json_object_array_get_idx(patch, i), &item[i]);
    }
    *operations = (struct operations){.item = item, .count = count};
    return reader.valid ? STATUS_OK : STATUS_INVALID;
}

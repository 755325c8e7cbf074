/* What patches must leave alone: the members that the server makes. */
#include "json/patch.h"

#include <json-c/json.h>

static bool is_servers(const struct schema *schema, struct text name)
{
    const int index = schema_find(schema, name);
    return index >= 0 && (schema->fields[index].flags & FIELD_SERVER) != 0;
}

void json_strip_merge_patch(const struct schema *schema, struct json_object *patch, const char *pointer,
                            struct faults *faults)
{
    if (!json_object_is_type(patch, json_type_object)) {
        return;
    }
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];

        if ((field->flags & FIELD_SERVER) != 0 && json_object_object_get_ex(patch, field->name, NULL)) {
            faults_add(faults, FAULT_IN_BODY, fault_pointer(faults->arena, pointer, text_of(field->name)), "read_only",
                       "is made by the server; leave it out");
            json_object_object_del(patch, field->name);
        }
    }
}

/* The string of a member; absent where it is none. */
static struct text string_member(struct json_object *object, const char *name)
{
    struct json_object *value = NULL;
    if (!json_object_object_get_ex(object, name, &value) || !json_object_is_type(value, json_type_string)) {
        return TEXT_ABSENT;
    }
    return (struct text){.data = json_object_get_string(value), .length = (size_t)json_object_get_string_len(value)};
}

/* A pointer into a member of the server's, or to it. Names of fields need no escapes. */
static void check_pointer(const struct schema *schema, struct json_object *operation, const char *member,
                          const char *place, struct faults *faults)
{
    struct text rest = string_member(operation, member);

    if (rest.length < 2 || rest.data[0] != '/') {
        return;
    }
    rest.data++;
    rest.length--;
    const struct text name = text_split(rest, '/', &rest);
    if (is_servers(schema, name)) {
        faults_add(faults, FAULT_IN_BODY, fault_pointer(faults->arena, place, text_of(member)), "read_only",
                   "%.*s is made by the server; an operation may only test it", TEXT_PRINT(name));
    }
}

void json_check_patch(const struct schema *schema, struct json_object *patch, const char *pointer,
                      struct faults *faults)
{
    const size_t count = json_object_is_type(patch, json_type_array) ? json_object_array_length(patch) : 0;

    for (size_t i = 0; i < count && i < JSON_PATCH_OPERATIONS_MAX; i++) {
        struct json_object *operation = json_object_array_get_idx(patch, i);
        if (!json_object_is_type(operation, json_type_object)) {
            continue;
        }
        const char *place = fault_pointer(faults->arena, pointer, arena_printf(faults->arena, "%zu", i));
        const struct text kind = string_member(operation, "op");
        if (!text_equal(kind, TEXT("test"))) {
            check_pointer(schema, operation, "path", place, faults);
        }
        if (text_equal(kind, TEXT("move"))) {
            check_pointer(schema, operation, "from", place, faults);
        }
    }
}

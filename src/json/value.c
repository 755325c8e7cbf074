/* Pieces of json-c's trees. */
#include "json/value.h"

#include <json-c/json.h>

bool json_is_object(const struct json_object *value)
{
    return json_object_is_type(value, json_type_object);
}

bool json_is_array(const struct json_object *value)
{
    return json_object_is_type(value, json_type_array);
}

size_t json_length(const struct json_object *array)
{
    return json_object_array_length(array);
}

struct json_object *json_item(const struct json_object *array, size_t index)
{
    return json_object_array_get_idx(array, index);
}

bool json_member(const struct json_object *object, const char *name, struct json_object **value)
{
    struct json_object *found = NULL;
    if (!json_object_object_get_ex(object, name, &found)) {
        return false;
    }
    *value = found;
    return true;
}

struct text json_string(struct json_object *value)
{
    if (!json_object_is_type(value, json_type_string)) {
        return TEXT_ABSENT;
    }
    return (struct text){.data = json_object_get_string(value), .length = (size_t)json_object_get_string_len(value)};
}

static bool is_known(const char *const *known, size_t count, struct text name)
{
    for (size_t i = 0; i < count; i++) {
        if (text_equal(name, text_of(known[i]))) {
            return true;
        }
    }
    return false;
}

void json_check_members(struct json_object *object, const char *const *known, size_t count, const char *pointer,
                        struct faults *faults)
{
    struct json_object_iterator end = json_object_iter_end(object);
    for (struct json_object_iterator at = json_object_iter_begin(object); !json_object_iter_equal(&at, &end);
         json_object_iter_next(&at)) {
        const struct text name = text_of(json_object_iter_peek_name(&at));
        const char *nearest = text_nearest(name, known, count);
        if (is_known(known, count, name)) {
            continue;
        }
        if (nearest != NULL) {
            faults_add(faults, FAULT_IN_BODY, fault_pointer(faults->arena, pointer, name), "unknown_member",
                       "is not a member here; did you mean \"%s\"?", nearest);
        } else {
            faults_add(faults, FAULT_IN_BODY, fault_pointer(faults->arena, pointer, name), "unknown_member",
                       "is not a member here; leave it out");
        }
    }
}

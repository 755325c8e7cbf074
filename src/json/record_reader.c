/* Records from JSON: the type of each member by its field's kind, then the field's own rule. */
#include "json/record.h"

#include "attributes.h"

#include "json/parse.h"

#include <json-c/json.h>

/* A string's characters in the arena, or an absent slice and a fault. */
static struct text read_string(struct json_object *value, const char *pointer, struct faults *faults)
{
    if (!json_object_is_type(value, json_type_string)) {
        faults_add(faults, FAULT_IN_BODY, pointer, "type", "must be a string");
        return TEXT_ABSENT;
    }
    struct text text = {.data = json_object_get_string(value), .length = (size_t)json_object_get_string_len(value)};
    return arena_copy(faults->arena, text);
}

/* A number's digits in the arena, or an absent slice and a fault. */
static struct text read_number(struct json_object *value, const char *pointer, struct faults *faults)
{
    struct text digits = json_number_digits(value);
    if (digits.data == NULL) {
        faults_add(faults, FAULT_IN_BODY, pointer, "type", "must be a number");
    }
    return arena_copy(faults->arena, digits);
}

static struct text read_price(struct json_object *value, const char *pointer, struct faults *faults)
{
    if (json_object_is_type(value, json_type_string)) {
        return read_string(value, pointer, faults);
    }
    if (json_number_digits(value).data != NULL) {
        return read_number(value, pointer, faults);
    }
    faults_add(faults, FAULT_IN_BODY, pointer, "type", "must be a string or a number");
    return TEXT_ABSENT;
}

/* The value as it is carried, or an absent slice and at least one fault. */
static struct text read_value(const struct field *field, struct json_object *value, const char *pointer,
                              struct faults *faults)
{
    struct text text = TEXT_ABSENT;
    switch (field->kind) {
    case FIELD_ATTRIBUTES:
        return json_read_attributes(value, pointer, faults);
    case FIELD_IMAGES:
        return json_read_images(value, pointer, faults);
    case FIELD_PRICE:
        text = read_price(value, pointer, faults);
        break;
    case FIELD_INTEGER:
        text = read_number(value, pointer, faults);
        break;
    case FIELD_UUID:
    case FIELD_LINE:
    case FIELD_PROSE:
    case FIELD_SKU:
    case FIELD_SLUG:
    case FIELD_CURRENCY:
    case FIELD_STATUS:
    case FIELD_TIMESTAMP:
        text = read_string(value, pointer, faults);
        break;
    }
    if (text.data != NULL && !field_check(field, &text, pointer, faults)) {
        return TEXT_ABSENT;
    }
    return text;
}

static void fault_unknown(const struct schema *schema, struct text name, const char *pointer, struct faults *faults)
{
    const char *names[FIELDS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < schema->count; i++) {
        if ((schema->fields[i].flags & FIELD_SERVER) == 0) {
            names[count++] = schema->fields[i].name;
        }
    }
    const char *nearest = text_nearest(name, names, count);
    if (nearest != NULL) {
        faults_add(faults, FAULT_IN_BODY, pointer, "unknown_member", "is not a field of a %s; did you mean \"%s\"?",
                   schema->name, nearest);
    } else {
        faults_add(faults, FAULT_IN_BODY, pointer, "unknown_member", "is not a field of a %s; leave it out",
                   schema->name);
    }
}

/* True where null is something to say: a value, or in a patch that the member is to go (RFC 7396). */
static bool takes_null(const struct field *field, bool is_patch)
{
    return (field->flags & FIELD_NULLABLE) != 0 || (is_patch && (field->flags & FIELD_REQUIRED) == 0);
}

/* The id in a body may repeat that of the path. */
static bool repeats(const struct field *field, struct json_object *value, struct text own_id)
{
    return own_id.data != NULL && field->kind == FIELD_UUID && json_object_is_type(value, json_type_string) &&
           text_equal_ignoring_case(text_of(json_object_get_string(value)), own_id);
}

static void read_member(const struct schema *schema, struct text name, struct json_object *value, bool is_patch,
                        const char *pointer, struct text own_id, struct record *record, struct faults *faults)
{
    int index = schema_find(schema, name);
    if (index < 0) {
        fault_unknown(schema, name, pointer, faults);
        return;
    }
    const struct field *field = &schema->fields[index];
    struct text text = TEXT_ABSENT;
    if ((field->flags & FIELD_SERVER) != 0) {
        if (!repeats(field, value, own_id)) {
            faults_add(faults, FAULT_IN_BODY, pointer, "read_only", "%s",
                       own_id.data != NULL && field->kind == FIELD_UUID
                           ? "must be the id of the path; it may be left out"
                           : "is made by the server; leave it out");
        }
        return;
    }
    if (value != NULL) {
        text = read_value(field, value, pointer, faults);
    } else if (!takes_null(field, is_patch)) {
        faults_add(faults, FAULT_IN_BODY, pointer, "null", "must not be null");
    }
    /* Given even where it is faulty: it shall not be reported as missing too. */
    record_set(record, (size_t)index, text);
}

static void read_members(const struct schema *schema, struct json_object *object, bool is_patch, const char *pointer,
                         struct text own_id, struct record *record, struct faults *faults)
{
    *record = (struct record){0};
    if (!json_object_is_type(object, json_type_object)) {
        faults_add(faults, FAULT_IN_BODY, pointer, "type", "must be an object");
        return;
    }
    struct json_object_iterator end = json_object_iter_end(object);
    for (struct json_object_iterator at = json_object_iter_begin(object); !json_object_iter_equal(&at, &end);
         json_object_iter_next(&at)) {
        struct text name = text_of(json_object_iter_peek_name(&at));
        const char *place = fault_pointer(faults->arena, pointer, name);
        read_member(schema, name, json_object_iter_peek_value(&at), is_patch, place, own_id, record, faults);
    }
}

void json_read_record(const struct schema *schema, struct json_object *object, const char *pointer,
                      struct record *record, struct faults *faults)
{
    read_members(schema, object, false, pointer, TEXT_ABSENT, record, faults);
}

void json_read_record_of(const struct schema *schema, struct json_object *object, const char *pointer,
                         struct text own_id, struct record *record, struct faults *faults)
{
    read_members(schema, object, false, pointer, own_id, record, faults);
}

void json_read_flat_patch(const struct schema *schema, struct json_object *object, const char *pointer,
                          struct record *record, struct faults *faults)
{
    read_members(schema, object, true, pointer, TEXT_ABSENT, record, faults);
}

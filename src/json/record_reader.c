/* Records from JSON: the type of each member by its field's kind, then the field's own rule. */
#include "json/record.h"

#include "attributes.h"
#include "number.h"

#include "json/parse.h"

#include <json-c/json.h>

static struct text string_of(struct json_object *value)
{
    return (struct text){.data = json_object_get_string(value), .length = (size_t)json_object_get_string_len(value)};
}

/* A string's characters in the arena, or an absent slice and a fault. */
static struct text read_string(struct json_object *value, const char *pointer, struct faults *faults)
{
    if (!json_object_is_type(value, json_type_string)) {
        faults_add(faults, FAULT_IN_BODY, pointer, "type", "must be a string");
        return TEXT_ABSENT;
    }
    return arena_copy(faults->arena, string_of(value));
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
    case FIELD_CHOICES:
        return json_read_choices(field, value, pointer, faults);
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
    case FIELD_ENDPOINT:
    case FIELD_CHOICE:
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

/* True where the value says what the original carries; a UUID may be written in another case. */
static bool unchanged(const struct field *field, struct json_object *value, struct text original)
{
    if (value == NULL || original.data == NULL) {
        return value == NULL && original.data == NULL;
    }
    if (field->kind == FIELD_INTEGER) {
        struct text digits = json_number_digits(value);
        return digits.data != NULL && json_digits_equal(digits, original);
    }
    return json_object_is_type(value, json_type_string) && text_equal_ignoring_case(string_of(value), original);
}

/* A member that the server makes: refused, or to be as in the original where there is one. */
static struct text read_server_member(const struct field *field, struct json_object *value, const char *pointer,
                                      const struct text *original, struct faults *faults)
{
    if (original == NULL) {
        faults_add(faults, FAULT_IN_BODY, pointer, "read_only", "is made by the server; leave it out");
        return TEXT_ABSENT;
    }
    if (!unchanged(field, value, *original)) {
        faults_add(faults, FAULT_IN_BODY, pointer, "read_only", "is made by the server and cannot be changed");
        return TEXT_ABSENT;
    }
    return arena_copy(faults->arena, *original);
}

/* original is NULL for a record that is new; of one that is known in part only those fields count that are given. */
static void read_member(const struct schema *schema, struct text name, struct json_object *value, const char *pointer,
                        const struct record *original, struct record *record, struct faults *faults)
{
    int index = schema_find(schema, name);
    if (index < 0) {
        fault_unknown(schema, name, pointer, faults);
        return;
    }
    const struct field *field = &schema->fields[index];
    struct text text = TEXT_ABSENT;
    if ((field->flags & FIELD_SERVER) != 0) {
        const bool known = original != NULL && record_has(original, (size_t)index);
        text = read_server_member(field, value, pointer, known ? &original->value[index] : NULL, faults);
    } else if (value != NULL) {
        text = read_value(field, value, pointer, faults);
    } else if ((field->flags & FIELD_NULLABLE) == 0) {
        faults_add(faults, FAULT_IN_BODY, pointer, "null", "must not be null");
    }
    /* Given even where it is faulty: it shall not be reported as missing too. */
    record_set(record, (size_t)index, text);
}

/* False, with a fault, where it is no object. */
static bool read_members(const struct schema *schema, struct json_object *object, const char *pointer,
                         const struct record *original, struct record *record, struct faults *faults)
{
    *record = (struct record){0};
    if (!json_object_is_type(object, json_type_object)) {
        faults_add(faults, FAULT_IN_BODY, pointer, "type", "must be an object");
        return false;
    }
    struct json_object_iterator end = json_object_iter_end(object);
    for (struct json_object_iterator at = json_object_iter_begin(object); !json_object_iter_equal(&at, &end);
         json_object_iter_next(&at)) {
        struct text name = text_of(json_object_iter_peek_name(&at));
        const char *place = fault_pointer(faults->arena, pointer, name);
        read_member(schema, name, json_object_iter_peek_value(&at), place, original, record, faults);
    }
    return true;
}

void json_read_record(const struct schema *schema, struct json_object *object, const char *pointer,
                      struct record *record, struct faults *faults)
{
    (void)read_members(schema, object, pointer, NULL, record, faults);
}

void json_read_record_of(const struct schema *schema, struct json_object *object, const char *pointer,
                         struct text own_id, struct record *record, struct faults *faults)
{
    const int id = schema_find(schema, TEXT("id"));
    struct record original = {0};

    if (id >= 0 && own_id.data != NULL) {
        record_set(&original, (size_t)id, own_id);
    }
    (void)read_members(schema, object, pointer, &original, record, faults);
}

/* A field whose member is gone. */
static void read_gone(const struct field *field, size_t index, const char *pointer, const char *currency_default,
                      struct record *record, struct faults *faults)
{
    const char *value = field->kind == FIELD_CURRENCY ? currency_default : field->default_value;
    if ((field->flags & FIELD_SERVER) != 0) {
        faults_add(faults, FAULT_IN_BODY, fault_pointer(faults->arena, pointer, text_of(field->name)), "read_only",
                   "is made by the server and cannot be removed");
    } else if ((field->flags & FIELD_REQUIRED) != 0) {
        faults_add(faults, FAULT_IN_BODY, fault_pointer(faults->arena, pointer, text_of(field->name)), "required",
                   "is required");
    } else if ((field->flags & FIELD_NULLABLE) != 0) {
        record_set(record, index, TEXT_ABSENT);
    } else if (value != NULL) {
        record_set(record, index, arena_copy(faults->arena, text_of(value)));
    }
}

void json_read_edited_record(const struct schema *schema, struct json_object *object, const char *pointer,
                             const struct record *original, const char *currency_default, struct record *record,
                             struct faults *faults)
{
    if (!read_members(schema, object, pointer, original, record, faults)) {
        return;
    }
    for (size_t i = 0; i < schema->count; i++) {
        if (!record_has(record, i)) {
            read_gone(&schema->fields[i], i, pointer, currency_default, record, faults);
        }
    }
}

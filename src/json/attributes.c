/* Reads attributes and images. What they may be stands in domain/attribute.h. */
#include "attributes.h"

#include "json/parse.h"
#include "json/writer.h"

#include "base/strbuf.h"
#include "domain/attribute.h"
#include "domain/field.h"

#include <json-c/json.h>
#include <stdarg.h>

/* No valid value takes more, were every character of it escaped in the long form. */
#define STRING_SIZE_MAX ((size_t)ATTRIBUTE_STRING_MAX * 6 + 3)
#define ATTRIBUTE_SIZE_MAX (ATTRIBUTE_KEY_MAX + 4 + ATTRIBUTE_STRINGS_MAX * STRING_SIZE_MAX + 2)
#define VALUE_SIZE_MAX (ATTRIBUTES_MAX * ATTRIBUTE_SIZE_MAX + 2)

/* The rule of a string in the attributes. */
static const struct field attribute_string = {
    .name = "attribute", .kind = FIELD_PROSE, .max_length = ATTRIBUTE_STRING_MAX};

/* One value on its way from json-c to text. */
struct part_reader {
    struct faults *faults;
    struct strbuf out;
    bool valid; /* no fault so far */
};

static void add_fault(struct part_reader *reader, const char *pointer, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static void add_fault(struct part_reader *reader, const char *pointer, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct text detail = arena_vprintf(reader->faults->arena, format, arguments);
    va_end(arguments);
    faults_add(reader->faults, FAULT_IN_BODY, pointer, code, "%s", detail.data);
    reader->valid = false;
}

static struct text string_of(struct json_object *value)
{
    return (struct text){.data = json_object_get_string(value), .length = (size_t)json_object_get_string_len(value)};
}

static void read_attribute_string(struct part_reader *reader, struct json_object *value, const char *pointer)
{
    struct text text = string_of(value);
    if (field_check(&attribute_string, &text, pointer, reader->faults)) {
        json_write_string(&reader->out, text);
    } else {
        reader->valid = false;
    }
}

static void read_attribute_array(struct part_reader *reader, struct json_object *array, const char *pointer)
{
    size_t count = json_object_array_length(array);
    if (count > ATTRIBUTE_STRINGS_MAX) {
        add_fault(reader, pointer, "too_many", "must have at most %d strings", ATTRIBUTE_STRINGS_MAX);
        return;
    }
    strbuf_append_char(&reader->out, '[');
    for (size_t i = 0; i < count; i++) {
        struct json_object *element = json_object_array_get_idx(array, i);
        const char *place = fault_pointer_index(reader->faults->arena, pointer, i);
        if (i > 0) {
            strbuf_append_char(&reader->out, ',');
        }
        if (json_object_is_type(element, json_type_string)) {
            read_attribute_string(reader, element, place);
        } else {
            add_fault(reader, place, "type", "must be a string");
        }
    }
    strbuf_append_char(&reader->out, ']');
}

static void read_attribute_number(struct part_reader *reader, struct json_object *value, const char *pointer)
{
    struct text digits = json_number_digits(value);
    if (attribute_number_valid(digits)) {
        strbuf_append_text(&reader->out, digits);
    } else {
        add_fault(reader, pointer, "attribute_number", "must have at most %d digits before and after the point",
                  ATTRIBUTE_NUMBER_DIGITS);
    }
}

static void read_attribute(struct part_reader *reader, struct json_object *value, const char *pointer)
{
    switch (json_object_get_type(value)) {
    case json_type_string:
        read_attribute_string(reader, value, pointer);
        break;
    case json_type_int:
    case json_type_double:
        read_attribute_number(reader, value, pointer);
        break;
    case json_type_boolean:
        strbuf_append_text(&reader->out, json_object_get_boolean(value) ? TEXT("true") : TEXT("false"));
        break;
    case json_type_array:
        read_attribute_array(reader, value, pointer);
        break;
    case json_type_null:
    case json_type_object:
        add_fault(reader, pointer, "type", "must be a string, a number, a boolean or an array of strings");
        break;
    }
}

/* What was written, moved into the arena; absent after a fault. Ends the reader. */
static struct text finish(struct part_reader *reader)
{
    struct text text = TEXT_ABSENT;
    if (reader->valid && !reader->out.overflowed) {
        text = arena_copy(reader->faults->arena, strbuf_text(&reader->out));
    }
    strbuf_free(&reader->out);
    return text;
}

struct text json_read_attributes(struct json_object *value, const char *pointer, struct faults *faults)
{
    struct part_reader reader = {.faults = faults, .valid = true};
    strbuf_init(&reader.out, VALUE_SIZE_MAX);
    if (!json_object_is_type(value, json_type_object)) {
        add_fault(&reader, pointer, "type", "must be an object");
        return finish(&reader);
    }
    if (json_object_object_length(value) > ATTRIBUTES_MAX) {
        add_fault(&reader, pointer, "too_many", "must have at most %d keys", ATTRIBUTES_MAX);
        return finish(&reader);
    }
    strbuf_append_char(&reader.out, '{');
    bool first = true;
    struct json_object_iterator end = json_object_iter_end(value);
    for (struct json_object_iterator at = json_object_iter_begin(value); !json_object_iter_equal(&at, &end);
         json_object_iter_next(&at)) {
        const char *key = json_object_iter_peek_name(&at);
        const char *place = fault_pointer(faults->arena, pointer, text_of(key));
        if (attribute_key_valid(text_of(key))) {
            json_write_key(&reader.out, &first, key);
        } else {
            add_fault(&reader, place, "attribute_key",
                      "must have a name of a-z, 0-9 and _, a letter first, of at most %d characters",
                      ATTRIBUTE_KEY_MAX);
        }
        read_attribute(&reader, json_object_iter_peek_value(&at), place);
    }
    strbuf_append_char(&reader.out, '}');
    return finish(&reader);
}

struct text json_read_images(struct json_object *value, const char *pointer, struct faults *faults)
{
    struct part_reader reader = {.faults = faults, .valid = true};
    strbuf_init(&reader.out, VALUE_SIZE_MAX);
    if (!json_object_is_type(value, json_type_array)) {
        add_fault(&reader, pointer, "type", "must be an array");
        return finish(&reader);
    }
    size_t count = json_object_array_length(value);
    if (count > IMAGES_MAX) {
        add_fault(&reader, pointer, "too_many", "must have at most %d URLs", IMAGES_MAX);
        return finish(&reader);
    }
    strbuf_append_char(&reader.out, '[');
    for (size_t i = 0; i < count; i++) {
        struct json_object *element = json_object_array_get_idx(value, i);
        const char *place = fault_pointer_index(faults->arena, pointer, i);
        if (i > 0) {
            strbuf_append_char(&reader.out, ',');
        }
        if (!json_object_is_type(element, json_type_string)) {
            add_fault(&reader, place, "type", "must be a string");
        } else if (!image_url_valid(string_of(element))) {
            add_fault(&reader, place, "url", "must be an absolute https URL of at most %d bytes", IMAGE_URL_MAX);
        } else {
            json_write_string(&reader.out, string_of(element));
        }
    }
    strbuf_append_char(&reader.out, ']');
    return finish(&reader);
}

struct text json_read_choices(const struct field *field, struct json_object *value, const char *pointer,
                              struct faults *faults)
{
    struct part_reader reader = {.faults = faults, .valid = true};
    strbuf_init(&reader.out, VALUE_SIZE_MAX);
    if (!json_object_is_type(value, json_type_array)) {
        add_fault(&reader, pointer, "type", "must be an array");
        return finish(&reader);
    }
    size_t count = json_object_array_length(value);
    if (count == 0 || count > field->max_length) {
        add_fault(&reader, pointer, count == 0 ? "too_few" : "too_many", "must have 1 to %zu values",
                  field->max_length);
        return finish(&reader);
    }
    strbuf_append_char(&reader.out, '[');
    for (size_t i = 0; i < count; i++) {
        struct json_object *element = json_object_array_get_idx(value, i);
        const char *place = fault_pointer_index(faults->arena, pointer, i);
        if (i > 0) {
            strbuf_append_char(&reader.out, ',');
        }
        if (!json_object_is_type(element, json_type_string)) {
            add_fault(&reader, place, "type", "must be a string");
        } else if (field_check_choice(field, string_of(element), place, faults)) {
            json_write_string(&reader.out, string_of(element));
        } else {
            reader.valid = false;
        }
    }
    strbuf_append_char(&reader.out, ']');
    return finish(&reader);
}

/* Parameters as the OpenAPI document has them. */
#include "openapi.h"

#include "domain/attribute.h"
#include "domain/cursor.h"
#include "domain/price.h"

static void write_names(struct document *document, const struct parameter *parameter)
{
    document_array(document, "enum");
    for (size_t i = 0; i < parameter->choice_count; i++) {
        document_text(document, NULL, parameter->choices[i]);
    }
    document_end_array(document);
}

static void write_field_names(struct document *document, const struct schema *schema)
{
    document_array(document, "enum");
    for (size_t i = 0; i < schema->count; i++) {
        document_text(document, NULL, schema->fields[i].name);
    }
    document_end_array(document);
}

/* An array whose members the caller describes; sent with commas between them. */
static void open_list(struct document *document, const struct parameter *parameter)
{
    document_text(document, "type", "array");
    document_integer(document, "minItems", 1);
    if (parameter->most > 0) {
        document_integer(document, "maxItems", parameter->most);
    }
    document_object(document, "items");
}

/* One parameter object for all parameters of a family: a form that is taken apart has a parameter for each member. */
static void write_family(struct document *document, const struct parameter *parameter)
{
    document_text(document, "type", "object");
    document_integer(document, "maxProperties", parameter->most);
    document_object(document, "patternProperties");
    {
        char pattern[128];
        (void)snprintf(pattern, sizeof pattern, "^%.*s\\.[a-z][a-z0-9_]{0,%d}$",
                       (int)text_of(parameter->name).length - 1, parameter->name, ATTRIBUTE_KEY_MAX - 1);
        document_object(document, pattern);
    }
    document_text(document, "type", "string");
    document_integer(document, "maxLength", ATTRIBUTE_STRING_MAX);
    document_text(document, "pattern", "^[^\\u0000]*$");
    document_end_object(document);
    document_end_object(document);
    document_bool(document, "additionalProperties", false);
}

/* The same for names that are a column's. */
static void write_columns(struct document *document, const struct parameter *parameter)
{
    document_text(document, "type", "object");
    document_integer(document, "maxProperties", parameter->most);
    document_object(document, "patternProperties");
    document_object(document, "^map\\..+$");
    document_text(document, "type", "string");
    document_array(document, "anyOf");
    document_object(document, NULL);
    write_names(document, parameter);
    document_end_object(document);
    document_object(document, NULL);
    document_format(document, "pattern", "^attr\\.[a-z][a-z0-9_]{0,%d}$", ATTRIBUTE_KEY_MAX - 1);
    document_end_object(document);
    document_end_array(document);
    document_end_object(document);
    document_end_object(document);
    document_bool(document, "additionalProperties", false);
}

static bool is_list(enum parameter_kind kind)
{
    return kind == PARAMETER_FIELD_LIST || kind == PARAMETER_FIELDS;
}

void document_parameter_members(struct document *document, const struct parameter *parameter)
{
    switch (parameter->kind) {
    case PARAMETER_FIELD:
        document_field_members(document, parameter->schema, parameter->field, FIELD_IN_PARAMETER);
        break;
    case PARAMETER_FIELD_LIST:
        open_list(document, parameter);
        document_field_members(document, parameter->schema, parameter->field, FIELD_IN_PARAMETER);
        document_end_object(document);
        break;
    case PARAMETER_DECIMAL:
        document_text(document, "type", "string");
        document_format(document, "pattern", "^(0|[1-9][0-9]{0,%d})(\\.[0-9]{1,%d})?$", PRICE_DIGITS_BEFORE - 1,
                        PRICE_DIGITS_AFTER);
        break;
    case PARAMETER_WHOLE:
        document_text(document, "type", "integer");
        document_integer(document, "minimum", parameter->least);
        document_integer(document, "maximum", parameter->most);
        break;
    case PARAMETER_SWITCH:
        document_text(document, "type", "boolean");
        break;
    case PARAMETER_CHOICE:
        document_text(document, "type", "string");
        write_names(document, parameter);
        break;
    case PARAMETER_FIELDS:
        open_list(document, parameter);
        document_text(document, "type", "string");
        write_field_names(document, parameter->schema);
        document_end_object(document);
        break;
    case PARAMETER_INSTANT:
        document_text(document, "type", "string");
        document_text(document, "format", "date-time");
        break;
    case PARAMETER_TEXT:
        document_text(document, "type", "string");
        document_integer(document, "minLength", 1);
        document_text(document, "pattern", "^[^\\u0000]*$");
        if (parameter->most > 0) {
            document_integer(document, "maxLength", parameter->most);
        }
        break;
    case PARAMETER_PLACE:
        document_text(document, "type", "string");
        document_text(document, "pattern", "^(0|[1-9][0-9]{0,18})\\.(0|[1-9][0-9]{0,17})$");
        break;
    case PARAMETER_CURSOR:
        document_text(document, "type", "string");
        document_integer(document, "maxLength", CURSOR_TEXT_SIZE - 1);
        document_text(document, "pattern", "^[A-Za-z0-9_-]+$");
        break;
    case PARAMETER_FAMILY:
        write_family(document, parameter);
        break;
    case PARAMETER_COLUMNS:
        write_columns(document, parameter);
        break;
    }
    if (parameter->default_value != NULL) {
        const bool raw = parameter->kind == PARAMETER_WHOLE || parameter->kind == PARAMETER_SWITCH;

        if (is_list(parameter->kind)) {
            document_array(document, "default");
            document_text(document, NULL, parameter->default_value);
            document_end_array(document);
        } else {
            document_value(document, "default", parameter->default_value, raw);
        }
    }
}

void document_parameter(struct document *document, const struct parameter *parameter, const char *in)
{
    document_object(document, NULL);
    document_text(document, "name", parameter->name);
    document_text(document, "in", in);
    if (in[0] == 'p') {
        document_bool(document, "required", true);
    }
    document_text(document, "description", parameter->prose);
    if (is_list(parameter->kind)) {
        document_text(document, "style", "form");
        document_bool(document, "explode", false);
    } else if (parameter->kind == PARAMETER_FAMILY || parameter->kind == PARAMETER_COLUMNS) {
        document_text(document, "style", "form");
        document_bool(document, "explode", true);
    }
    document_object(document, "schema");
    document_parameter_members(document, parameter);
    document_end_object(document);
    if (parameter->example != NULL) {
        document_text(document, "example", parameter->example);
    }
    document_end_object(document);
}

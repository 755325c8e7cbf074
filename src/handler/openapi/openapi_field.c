/* Fields as JSON Schema: the rules of domain/field.c, said in patterns and bounds. */
#include "openapi.h"

#include "domain/attribute.h"
#include "domain/currency.h"
#include "domain/price.h"
#include "domain/product.h"

#define PATTERN_LINE "^(?=.*\\S)[^\\u0000-\\u001F\\u007F-\\u009F]*$"
#define PATTERN_PROSE "^[^\\u0000-\\u0008\\u000B-\\u001F\\u007F-\\u009F]*$"
#define PATTERN_SKU "^[A-Za-z0-9][A-Za-z0-9._-]*$"
#define PATTERN_SLUG "^[a-z0-9]+(-[a-z0-9]+)*$"
#define PATTERN_ENDPOINT(s) "^[Hh][Tt][Tt][Pp]" s "://[A-Za-z0-9\\[][!-~]*$"
#define PATTERN_URL "^[Hh][Tt][Tt][Pp][Ss]://[!-~]+$"

/* --- pieces --- */

static void write_type(struct document *document, const char *type, bool nullable)
{
    if (!nullable) {
        document_text(document, "type", type);
        return;
    }
    document_array(document, "type");
    document_text(document, NULL, type);
    document_text(document, NULL, "null");
    document_end_array(document);
}

static void write_length(struct document *document, size_t least, size_t most)
{
    if (least > 0) {
        document_integer(document, "minLength", (int64_t)least);
    }
    if (most > 0) {
        document_integer(document, "maxLength", (int64_t)most);
    }
}

static void write_string(struct document *document, const struct field *field, bool nullable, size_t least,
                         const char *pattern)
{
    write_type(document, "string", nullable);
    write_length(document, least, field->max_length);
    document_text(document, "pattern", pattern);
}

static void write_formatted(struct document *document, const char *format, bool nullable)
{
    write_type(document, "string", nullable);
    document_text(document, "format", format);
}

/* --- kinds --- */

/* What goes out has the scale that came in; what comes in may be a number too, whose value has the same bounds. */
static void write_price(struct document *document, enum field_use use, bool nullable)
{
    const bool number_too = use == FIELD_IN_REQUEST || use == FIELD_IN_PATCH;

    if (number_too) {
        document_array(document, "type");
        document_text(document, NULL, "string");
        document_text(document, NULL, "number");
        document_end_array(document);
        document_integer(document, "exclusiveMinimum", 0);
        document_format(document, "pattern", "^(?!0(\\.0+)?$)(0|[1-9][0-9]{0,%d})(\\.[0-9]{1,%d})?$",
                        PRICE_DIGITS_BEFORE - 1, PRICE_DIGITS_AFTER);
        return;
    }
    write_type(document, "string", nullable);
    document_format(document, "pattern", "^(0|[1-9][0-9]{0,%d})(\\.[0-9]{1,%d})?$", PRICE_DIGITS_BEFORE - 1,
                    PRICE_DIGITS_AFTER);
}

static void write_currencies(struct document *document, bool nullable)
{
    write_type(document, "string", nullable);
    document_array(document, "enum");
    for (size_t i = 0; i < currency_count(); i++) {
        document_slice(document, NULL, currency_at(i));
    }
    if (nullable) {
        document_raw(document, NULL, TEXT("null"));
    }
    document_end_array(document);
}

static void write_statuses(struct document *document, bool nullable)
{
    write_type(document, "string", nullable);
    document_array(document, "enum");
    for (size_t i = 0; i < product_status_count; i++) {
        document_text(document, NULL, product_statuses[i]);
    }
    if (nullable) {
        document_raw(document, NULL, TEXT("null"));
    }
    document_end_array(document);
}

static void write_attribute_string(struct document *document)
{
    document_text(document, "type", "string");
    write_length(document, 0, ATTRIBUTE_STRING_MAX);
    document_text(document, "pattern", PATTERN_PROSE);
}

/* In a merge patch an attribute of null is taken away (RFC 7396). */
static void write_attributes(struct document *document, bool nullable, bool patch)
{
    write_type(document, "object", nullable);
    document_integer(document, "maxProperties", ATTRIBUTES_MAX);
    document_object(document, "propertyNames");
    document_format(document, "pattern", "^[a-z][a-z0-9_]{0,%d}$", ATTRIBUTE_KEY_MAX - 1);
    document_end_object(document);
    document_object(document, "additionalProperties");
    document_array(document, "anyOf");
    document_object(document, NULL);
    write_attribute_string(document);
    document_end_object(document);
    document_object(document, NULL);
    document_array(document, "type");
    document_text(document, NULL, "number");
    document_text(document, NULL, "boolean");
    if (patch) {
        document_text(document, NULL, "null");
    }
    document_end_array(document);
    document_end_object(document);
    document_object(document, NULL);
    document_text(document, "type", "array");
    document_integer(document, "maxItems", ATTRIBUTE_STRINGS_MAX);
    document_object(document, "items");
    write_attribute_string(document);
    document_end_object(document);
    document_end_object(document);
    document_end_array(document);
    document_end_object(document);
}

static void write_images(struct document *document, bool nullable)
{
    write_type(document, "array", nullable);
    document_integer(document, "maxItems", IMAGES_MAX);
    document_object(document, "items");
    document_text(document, "type", "string");
    document_text(document, "format", "uri");
    document_text(document, "pattern", PATTERN_URL);
    document_integer(document, "maxLength", IMAGE_URL_MAX);
    document_end_object(document);
}

/* http is for addresses that are allowed by name. */
static void write_endpoint(struct document *document, const struct field *field, bool nullable)
{
    write_type(document, "string", nullable);
    document_text(document, "format", "uri");
    document_text(document, "pattern",
                  document->config->webhook_allow.count == 0 ? PATTERN_ENDPOINT("[Ss]") : PATTERN_ENDPOINT("[Ss]?"));
    document_integer(document, "maxLength", (int64_t)field->max_length);
}

static void write_choices(struct document *document, const struct field *field, bool nullable)
{
    write_type(document, "string", nullable);
    document_array(document, "enum");
    for (size_t i = 0; i < field->choice_count; i++) {
        document_text(document, NULL, field->choices[i]);
    }
    if (nullable) {
        document_raw(document, NULL, TEXT("null"));
    }
    document_end_array(document);
}

static void write_choice_list(struct document *document, const struct field *field, bool nullable)
{
    write_type(document, "array", nullable);
    document_integer(document, "minItems", 1);
    document_integer(document, "maxItems", (int64_t)field->max_length);
    document_object(document, "items");
    write_choices(document, field, false);
    document_end_object(document);
}

static void write_integer(struct document *document, bool nullable)
{
    write_type(document, "integer", nullable);
    document_integer(document, "minimum", 0);
    document_integer(document, "maximum", INT32_MAX);
}

static void write_kind(struct document *document, const struct field *field, enum field_use use, bool nullable)
{
    switch (field->kind) {
    case FIELD_UUID:
        write_formatted(document, "uuid", nullable);
        break;
    case FIELD_LINE:
        write_string(document, field, nullable, 1, PATTERN_LINE);
        break;
    case FIELD_PROSE:
        write_string(document, field, nullable, 0, PATTERN_PROSE);
        break;
    case FIELD_SKU:
        write_string(document, field, nullable, 1, PATTERN_SKU);
        break;
    case FIELD_SLUG:
        write_string(document, field, nullable, 1, PATTERN_SLUG);
        break;
    case FIELD_PRICE:
        write_price(document, use, nullable);
        break;
    case FIELD_CURRENCY:
        write_currencies(document, nullable);
        break;
    case FIELD_STATUS:
        write_statuses(document, nullable);
        break;
    case FIELD_ATTRIBUTES:
        write_attributes(document, nullable, use == FIELD_IN_PATCH);
        break;
    case FIELD_IMAGES:
        write_images(document, nullable);
        break;
    case FIELD_ENDPOINT:
        write_endpoint(document, field, nullable);
        break;
    case FIELD_CHOICE:
        write_choices(document, field, nullable);
        break;
    case FIELD_CHOICES:
        write_choice_list(document, field, nullable);
        break;
    case FIELD_INTEGER:
        write_integer(document, nullable);
        break;
    case FIELD_TIMESTAMP:
        write_formatted(document, "date-time", nullable);
        break;
    }
}

/* --- the whole --- */

static bool is_raw(const struct field *field)
{
    return field->kind == FIELD_INTEGER || field->kind == FIELD_ATTRIBUTES || field->kind == FIELD_IMAGES ||
           field->kind == FIELD_CHOICES;
}

static bool is_nullable(const struct field *field, enum field_use use)
{
    if (use == FIELD_IN_PATCH) {
        return (field->flags & (FIELD_REQUIRED | FIELD_SERVER)) == 0;
    }
    return use != FIELD_IN_PARAMETER && (field->flags & FIELD_NULLABLE) != 0;
}

void document_field_members(struct document *document, const struct schema *schema, size_t field, enum field_use use)
{
    const struct field *rule = &schema->fields[field];
    const char *given = rule->kind == FIELD_CURRENCY ? document->config->currency : rule->default_value;

    write_kind(document, rule, use, is_nullable(rule, use));
    if (use == FIELD_IN_REQUEST && given != NULL) {
        document_value(document, "default", given, is_raw(rule));
    }
    if ((rule->flags & FIELD_SERVER) != 0 && use != FIELD_IN_PARAMETER) {
        document_bool(document, "readOnly", true);
    }
    if (use != FIELD_IN_PARAMETER) {
        document_text(document, "description", rule->prose);
        document_array(document, "examples");
        document_value(document, NULL, rule->example, is_raw(rule));
        document_end_array(document);
    }
}

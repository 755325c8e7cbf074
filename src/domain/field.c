/* The rules of the kinds of fields, and records. */
#include "domain/field.h"

#include "base/utf8.h"
#include "base/uuid.h"
#include "domain/currency.h"
#include "domain/price.h"
#include "domain/product.h"
#include "domain/timestamp.h"
#include "domain/webhook_target.h"

#include <inttypes.h>
#include <stdarg.h>

#define SKU_MAX 64
#define INTEGER_MAX INT32_MAX

void record_set(struct record *record, size_t field, struct text value)
{
    record->value[field] = value;
    record->given |= UINT32_C(1) << field;
}

int64_t record_version(const struct record *record, size_t field)
{
    uint64_t version = 0;

    return text_to_u64(record->value[field], &version) ? (int64_t)version : 0;
}

/* Most names differ in their first letter already. */
int schema_find(const struct schema *schema, struct text name)
{
    for (size_t i = 0; name.length > 0 && i < schema->count; i++) {
        const char *known = schema->fields[i].name;
        if (known[0] == name.data[0] && text_equal(text_of(known), name)) {
            return (int)i;
        }
    }
    return -1;
}

/* Adds a fault in the body. Always false, so that a check can end with it. */
static bool refuse(struct faults *faults, const char *pointer, const char *code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static bool refuse(struct faults *faults, const char *pointer, const char *code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    struct text detail = arena_vprintf(faults->arena, format, arguments);
    va_end(arguments);
    faults_add(faults, FAULT_IN_BODY, pointer, code, "%s", detail.data);
    return false;
}

/* --- text --- */

/* True for the control characters that the field may have. */
static bool control_allowed(const struct field *field, uint32_t code_point)
{
    return field->kind == FIELD_PROSE && (code_point == '\n' || code_point == '\t');
}

static bool check_controls(const struct field *field, struct text value, const char *pointer, struct faults *faults)
{
    struct text rest = value;
    for (;;) {
        const size_t printable = text_printable_prefix(rest);
        rest = (struct text){.data = rest.data + printable, .length = rest.length - printable};
        if (rest.length == 0) {
            break;
        }
        uint32_t code_point;
        size_t length = utf8_decode(rest, &code_point);
        if (length == 0) {
            break;
        }
        if (utf8_is_control(code_point) && !control_allowed(field, code_point)) {
            const char *allowed = field->kind == FIELD_PROSE ? " other than line feed and tab" : "";
            return refuse(faults, pointer, "control_character", "must have no control characters%s, has U+%04" PRIX32,
                          allowed, code_point);
        }
        rest = (struct text){.data = rest.data + length, .length = rest.length - length};
    }
    return true;
}

static bool check_length(const struct field *field, struct text value, const char *pointer, struct faults *faults)
{
    size_t count = utf8_count(value);
    if (field->max_length > 0 && count > field->max_length) {
        return refuse(faults, pointer, "too_long", "must be at most %zu characters, has %zu", field->max_length, count);
    }
    return true;
}

static bool check_line(const struct field *field, struct text *value, const char *pointer, struct faults *faults)
{
    struct text trimmed = utf8_trim(*value);
    if (trimmed.length == 0) {
        return refuse(faults, pointer, "blank", "must not be blank");
    }
    if (!check_length(field, trimmed, pointer, faults) || !check_controls(field, trimmed, pointer, faults)) {
        return false;
    }
    *value = trimmed;
    return true;
}

static bool check_prose(const struct field *field, struct text value, const char *pointer, struct faults *faults)
{
    return check_length(field, value, pointer, faults) && check_controls(field, value, pointer, faults);
}

/* --- words --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_alphanumeric(char c)
{
    return is_digit(c) || is_lower(c) || (c >= 'A' && c <= 'Z');
}

static bool sku_valid(struct text sku)
{
    if (sku.length == 0 || sku.length > SKU_MAX || !is_alphanumeric(sku.data[0])) {
        return false;
    }
    for (size_t i = 1; i < sku.length; i++) {
        char c = sku.data[i];
        if (!is_alphanumeric(c) && c != '.' && c != '_' && c != '-') {
            return false;
        }
    }
    return true;
}

static bool slug_valid(struct text slug)
{
    char before = '-'; /* a hyphen may not stand first, last or behind another */
    for (size_t i = 0; i < slug.length; i++) {
        char c = slug.data[i];
        if (!is_lower(c) && !is_digit(c) && (c != '-' || before == '-')) {
            return false;
        }
        before = c;
    }
    return before != '-';
}

static bool integer_valid(struct text integer)
{
    uint64_t value;
    bool leading_zero = integer.length > 1 && integer.data[0] == '0';
    return !leading_zero && text_to_u64(integer, &value) && value <= INTEGER_MAX;
}

static bool check_uuid(struct text *value, const char *pointer, struct faults *faults)
{
    char normal[UUID_TEXT_LENGTH + 1];
    if (!uuid_normalise(*value, normal)) {
        return refuse(faults, pointer, "uuid", "must be a UUID: 32 hexadecimal digits in groups of 8-4-4-4-12");
    }
    *value = arena_copy(faults->arena, text_of(normal));
    return true;
}

static bool check_price(struct text value, const char *pointer, struct faults *faults)
{
    enum price_fault fault = price_check(value);
    return fault == PRICE_OK || refuse(faults, pointer, price_fault_code(fault), "%s", price_fault_detail(fault));
}

static bool check_status(struct text value, const char *pointer, struct faults *faults)
{
    struct text list = TEXT("");
    for (size_t i = 0; i < product_status_count; i++) {
        if (text_equal(text_of(product_statuses[i]), value)) {
            return true;
        }
        list = arena_printf(faults->arena, "%.*s%s%s", TEXT_PRINT(list), i > 0 ? ", " : "", product_statuses[i]);
    }
    return refuse(faults, pointer, "status", "must be one of %.*s", TEXT_PRINT(list));
}

static bool check_endpoint(struct text value, const char *pointer, struct faults *faults)
{
    const char *fault = webhook_url_fault(value, NULL);
    return fault == NULL || refuse(faults, pointer, "url", "%s", fault);
}

bool field_check_choice(const struct field *field, struct text value, const char *pointer, struct faults *faults)
{
    struct text list = TEXT("");
    for (size_t i = 0; i < field->choice_count; i++) {
        if (text_equal(text_of(field->choices[i]), value)) {
            return true;
        }
        list = arena_printf(faults->arena, "%.*s%s%s", TEXT_PRINT(list), i > 0 ? ", " : "", field->choices[i]);
    }
    const char *nearest = text_nearest(value, field->choices, field->choice_count);
    return nearest != NULL ? refuse(faults, pointer, "unknown_value", "must be one of %.*s; did you mean \"%s\"?",
                                    TEXT_PRINT(list), nearest)
                           : refuse(faults, pointer, "unknown_value", "must be one of %.*s", TEXT_PRINT(list));
}

bool field_check(const struct field *field, struct text *value, const char *pointer, struct faults *faults)
{
    int64_t micros;
    switch (field->kind) {
    case FIELD_UUID:
        return check_uuid(value, pointer, faults);
    case FIELD_LINE:
        return check_line(field, value, pointer, faults);
    case FIELD_PROSE:
        return check_prose(field, *value, pointer, faults);
    case FIELD_SKU:
        return sku_valid(*value) ||
               refuse(faults, pointer, "sku",
                      "must be 1 to %d letters, digits, points, underscores and hyphens, of ASCII, and begin with a "
                      "letter or digit",
                      SKU_MAX);
    case FIELD_SLUG:
        return check_length(field, *value, pointer, faults) &&
               (slug_valid(*value) ||
                refuse(faults, pointer, "slug",
                       "must be words of a-z and 0-9 with single hyphens between, such as green-tea"));
    case FIELD_PRICE:
        return check_price(*value, pointer, faults);
    case FIELD_CURRENCY:
        return currency_known(*value) ||
               refuse(faults, pointer, "currency", "must be a code of ISO 4217 in capitals, such as EUR");
    case FIELD_STATUS:
        return check_status(*value, pointer, faults);
    case FIELD_INTEGER:
        return integer_valid(*value) ||
               refuse(faults, pointer, "integer", "must be a whole number from 0 to %d", INTEGER_MAX);
    case FIELD_TIMESTAMP:
        return timestamp_to_micros(*value, &micros) ||
               refuse(faults, pointer, "timestamp", "must be a time in UTC such as 2026-11-23T09:15:02.123456Z");
    case FIELD_ENDPOINT:
        return check_endpoint(*value, pointer, faults);
    case FIELD_CHOICE:
        return field_check_choice(field, *value, pointer, faults);
    case FIELD_ATTRIBUTES:
    case FIELD_IMAGES:
    case FIELD_CHOICES:
        return true;
    }
    return true;
}

/* --- records --- */

void record_complete(const struct schema *schema, struct record *record, const char *currency_default,
                     struct faults *faults)
{
    for (size_t i = 0; i < schema->count; i++) {
        const struct field *field = &schema->fields[i];
        if ((field->flags & FIELD_SERVER) != 0 || record_has(record, i)) {
            continue;
        }
        if ((field->flags & FIELD_REQUIRED) != 0) {
            faults_add(faults, FAULT_IN_BODY, fault_pointer(faults->arena, "", text_of(field->name)), "required",
                       "is required");
            continue;
        }
        record->value[i] = text_of(field->kind == FIELD_CURRENCY ? currency_default : field->default_value);
    }
}

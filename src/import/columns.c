/* The columns of CSV, and its records as objects. */
#include "file_internal.h"

#include "base/utf8.h"
#include "domain/attribute.h"
#include "domain/product.h"
#include "json/parse.h"
#include "json/writer.h"

#include <string.h>

#define ATTRIBUTE_PREFIX TEXT("attr.")
#define TRAILER TEXT("# cursor=")

/* --- names --- */

static char fold(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    if (c == ' ' || c == '-') {
        return '_';
    }
    return c;
}

/* As names are compared; in the arena. */
static struct text folded(struct arena *arena, struct text name)
{
    const struct text trimmed = text_trim_ows(name);
    char *copy = arena_string(arena, trimmed);

    for (size_t i = 0; i < trimmed.length; i++) {
        copy[i] = fold(copy[i]);
    }
    return (struct text){.data = copy, .length = trimmed.length};
}

static bool field_target(struct arena *arena, struct text name, struct target *target)
{
    const int field = schema_find(&product_schema, name);

    if (field >= 0) {
        const bool passed = (product_schema.fields[field].flags & FIELD_SERVER) != 0 && field != PRODUCT_ID;
        *target = (struct target){.kind = passed ? TARGET_NOTHING : TARGET_FIELD,
                                  .field = (size_t)field,
                                  .member = product_schema.fields[field].name};
        return true;
    }
    if (text_starts_with(name, ATTRIBUTE_PREFIX) &&
        attribute_key_valid(
            (struct text){name.data + ATTRIBUTE_PREFIX.length, name.length - ATTRIBUTE_PREFIX.length})) {
        *target = (struct target){.kind = TARGET_ATTRIBUTE, .member = arena_string(arena, name)};
        return true;
    }
    if (text_equal(name, TEXT("category"))) {
        *target = (struct target){.kind = TARGET_CATEGORY, .member = "category"};
        return true;
    }
    if (name.length == 0 || text_equal(name, TEXT("_error"))) {
        *target = (struct target){.kind = TARGET_NOTHING};
        return true;
    }
    return false;
}

bool import_field_known(struct text field)
{
    struct arena *arena = arena_new(256);
    struct target target;
    const bool known = field_target(arena, field, &target);

    arena_free(arena);
    return known;
}

bool import_target_of(const struct import_file *file, struct text column, struct target *target)
{
    const struct text name = folded(file->arena, column);

    for (size_t i = 0; i < file->options.map_count; i++) {
        if (text_equal(folded(file->arena, file->options.maps[i].column), name)) {
            return field_target(file->arena, file->options.maps[i].field, target);
        }
    }
    return name.length > 0 && field_target(file->arena, name, target);
}

/* What is compressed, or in another encoding than UTF-8. */
static bool is_plain(struct text name)
{
    const size_t length = utf8_valid_prefix(name);

    for (size_t i = 0; i < length; i++) {
        const char c = name.data[i];

        if ((c >= '\0' && c < ' ' && c != '\t' && c != '\r' && c != '\n') || c == '\x7f') {
            return false;
        }
    }
    return length == name.length;
}

static bool refuse_encoding(struct import_file *file, const struct csv_record *record)
{
    bool plain = true;

    for (size_t i = 0; i < record->count && plain; i++) {
        plain = is_plain(record->values[i].text);
    }
    if (!plain) {
        faults_add(
            &file->faults, FAULT_IN_BODY, "", "encoding",
            "the first record, which names the columns, is no text in UTF-8: send the file as plain CSV in UTF-8, "
            "neither compressed nor in another encoding such as UTF-16");
        file->stopped = true;
    }
    return !plain;
}

static void refuse_column(struct import_file *file, struct text column)
{
    const char *names[PRODUCT_FIELD_COUNT + 1];
    const char *shown =
        arena_string(file->arena, (struct text){column.data, column.length < 100 ? column.length : 100});
    const char *nearest;

    for (size_t i = 0; i < PRODUCT_FIELD_COUNT; i++) {
        names[i] = product_schema.fields[i].name;
    }
    names[PRODUCT_FIELD_COUNT] = "category";
    nearest = text_nearest(folded(file->arena, column), names, PRODUCT_FIELD_COUNT + 1);
    faults_add(
        &file->faults, FAULT_IN_BODY, "", "unknown_column",
        "the column \"%s\" is no field of a product%s%s%s; say what it is with map.<column>=<field>, or leave it "
        "out with map.<column>=",
        shown, nearest != NULL ? ", did you mean \"" : "", nearest != NULL ? nearest : "",
        nearest != NULL ? "\"?" : "");
}

static void check_repeated(struct import_file *file, const struct csv_record *record, size_t column)
{
    const struct target *target = &file->targets[column];

    for (size_t i = 0; i < column && target->kind != TARGET_NOTHING; i++) {
        if (file->targets[i].kind != TARGET_NOTHING && strcmp(file->targets[i].member, target->member) == 0) {
            faults_add(&file->faults, FAULT_IN_BODY, "", "repeated_column", "two columns are %s: \"%.*s\" and \"%.*s\"",
                       target->member, TEXT_PRINT(record->values[i].text), TEXT_PRINT(record->values[column].text));
            return;
        }
    }
}

/* A map that no column needs is a slip. */
static void check_maps(struct import_file *file, const struct csv_record *record)
{
    for (size_t m = 0; m < file->options.map_count; m++) {
        const struct text wanted = folded(file->arena, file->options.maps[m].column);
        bool found = false;

        for (size_t i = 0; i < record->count && !found; i++) {
            found = text_equal(folded(file->arena, record->values[i].text), wanted);
        }
        if (!found) {
            faults_add(&file->faults, FAULT_IN_PARAMETER,
                       arena_printf(file->arena, "map.%.*s", TEXT_PRINT(file->options.maps[m].column)).data,
                       "no_such_column", "names a column that the file does not have");
        }
    }
}

static bool take_names(struct import_file *file, const struct csv_record *record)
{
    if (refuse_encoding(file, record)) {
        return false;
    }
    file->shopify = file->options.map_count == 0 ? shopify_recognise(file, record) : NULL;
    file->target_count = record->count;
    if (file->shopify != NULL) {
        file->format = IMPORT_SHOPIFY;
        return true;
    }
    file->targets = arena_alloc(file->arena, record->count * sizeof *file->targets);
    for (size_t i = 0; i < record->count; i++) {
        if (!import_target_of(file, record->values[i].text, &file->targets[i])) {
            refuse_column(file, record->values[i].text);
        }
        check_repeated(file, record, i);
    }
    check_maps(file, record);
    if (record->flaw != NULL) {
        faults_add(&file->faults, FAULT_IN_BODY, "", "columns", "the first record, which names the columns, %s",
                   record->flaw);
    }
    file->stopped = file->faults.count > 0;
    return !file->stopped;
}

/* --- values --- */

void import_write_raw(struct strbuf *out, bool *first, const char *name, struct text json)
{
    json_write_key(out, first, name);
    strbuf_append_text(out, json);
}

void import_write_member(struct strbuf *out, bool *first, const char *name, struct text value)
{
    json_write_member(out, first, name, value);
}

static bool is_json(struct text value)
{
    struct arena *own = arena_new(1024);
    struct faults faults;
    bool valid;

    faults_init(&faults, own);
    valid = json_check(value, &faults) == STATUS_OK;
    arena_free(own);
    return valid;
}

void import_write_attribute(struct strbuf *out, bool *first, const char *name, struct text value)
{
    const bool may_be =
        value.length > 0 && (strchr("[\"-tf", value.data[0]) != NULL || (value.data[0] >= '0' && value.data[0] <= '9'));

    if (may_be && is_json(value)) {
        import_write_raw(out, first, name, value);
    } else {
        import_write_member(out, first, name, value);
    }
}

static bool ends_address(char c)
{
    return c == ' ' || c == '|' || c == '\n' || c == '\r' || c == '\t';
}

/* Addresses with spaces or | between them. */
static void write_addresses(struct strbuf *out, bool *first, struct text value)
{
    bool first_address = true;

    json_write_key(out, first, "images");
    strbuf_append_char(out, '[');
    for (size_t at = 0; at < value.length;) {
        size_t end = at;
        while (end < value.length && !ends_address(value.data[end])) {
            end++;
        }
        if (end > at) {
            strbuf_append_text(out, first_address ? TEXT("") : TEXT(","));
            json_write_string(out, (struct text){.data = value.data + at, .length = end - at});
            first_address = false;
        }
        at = end + 1;
    }
    strbuf_append_char(out, ']');
}

/* Nothing, for a field that cannot be null or empty, is as if the column were not there. */
static bool is_given(const struct field *field, const struct csv_value *value)
{
    if (value->text.length > 0 || (value->quoted && field->kind == FIELD_PROSE)) {
        return true;
    }
    return (field->flags & FIELD_NULLABLE) != 0;
}

static void write_field(struct strbuf *out, bool *first, const struct target *target, const struct csv_value *value)
{
    const struct field *field = &product_schema.fields[target->field];
    const struct text text = value->text;

    if (!is_given(field, value)) {
        return;
    }
    if (text.length == 0 && !(value->quoted && field->kind == FIELD_PROSE)) {
        import_write_member(out, first, target->member, TEXT_ABSENT);
    } else if (field->kind == FIELD_IMAGES && text.data[0] != '[') {
        write_addresses(out, first, text);
    } else if ((field->kind == FIELD_ATTRIBUTES || field->kind == FIELD_IMAGES) && is_json(text)) {
        import_write_raw(out, first, target->member, text);
    } else {
        import_write_member(out, first, target->member, text);
    }
}

static void write_value(struct strbuf *out, bool *first, const struct target *target, const struct csv_value *value)
{
    switch (target->kind) {
    case TARGET_FIELD:
        write_field(out, first, target, value);
        break;
    case TARGET_ATTRIBUTE:
        if (value->text.length > 0 || value->quoted) {
            import_write_attribute(out, first, target->member, value->text);
        } else {
            import_write_member(out, first, target->member, TEXT_ABSENT);
        }
        break;
    case TARGET_CATEGORY:
        if (value->text.length > 0) {
            import_write_member(out, first, target->member, value->text);
        }
        break;
    case TARGET_NOTHING:
    default:
        break;
    }
}

/* --- records --- */

static struct text flaw_of(const struct import_file *file, const struct csv_record *record)
{
    if (record->flaw != NULL) {
        return text_of(record->flaw);
    }
    return record->count == file->target_count ? TEXT_ABSENT
                                               : TEXT("does not have as many values as there are columns");
}

static struct text encoding_flaw(const struct csv_record *record)
{
    for (size_t i = 0; i < record->count; i++) {
        if (utf8_valid_prefix(record->values[i].text) < record->values[i].text.length) {
            return TEXT("is not UTF-8; send the file in UTF-8");
        }
    }
    return TEXT_ABSENT;
}

bool import_take_record(void *context, const struct csv_record *record)
{
    struct import_file *file = context;
    const size_t most = record->count < file->target_count ? record->count : file->target_count;
    struct text flaw;
    bool first = true;

    if (file->target_count == 0) {
        return take_names(file, record);
    }
    if (!record->values[0].quoted && text_starts_with(record->values[0].text, TRAILER)) {
        return true;
    }
    if (file->shopify != NULL) {
        return shopify_take_record(file, record);
    }
    strbuf_clear(&file->object, IMPORT_LINE_MAX);
    strbuf_append_char(&file->object, '{');
    for (size_t i = 0; i < most; i++) {
        write_value(&file->object, &first, &file->targets[i], &record->values[i]);
    }
    strbuf_append_char(&file->object, '}');
    flaw = flaw_of(file, record);
    if (flaw.data == NULL) {
        flaw = encoding_flaw(record);
    }
    return import_emit(file, record->line, strbuf_text(&file->object), flaw);
}

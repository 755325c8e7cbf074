/* JSON bodies: json-c reads all that the check takes, a record that is written is valid and says the same, and every
 * fault points at something that is there. */
#include "fuzz.h"

#include "base/utf8.h"
#include "domain/category.h"
#include "domain/product.h"
#include "json/parse.h"
#include "json/record.h"

#include <json-c/json.h>
#include <string.h>

#define TEXT_MAX ((size_t)16 * 1024 * 1024)

static bool valid_utf8(const char *string)
{
    return utf8_valid_prefix(text_of(string)) == strlen(string);
}

static void check_faults(const struct faults *faults)
{
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault *fault = &faults->item[i];
        must_hold(fault->place == FAULT_IN_BODY);
        must_hold(fault->where[0] == '\0' || fault->where[0] == '/');
        must_hold(fault->code[0] != '\0' && fault->detail[0] != '\0');
        must_hold(valid_utf8(fault->where) && valid_utf8(fault->detail));
    }
}

static struct json_object *parse_valid(struct text text, struct arena *arena)
{
    struct faults faults;
    struct json_object *document = NULL;
    faults_init(&faults, arena);
    must_hold(json_parse(text, &faults, &document) == STATUS_OK);
    must_hold(faults.count == 0);
    return document;
}

/* The document, written by json-c with the digits that it was given, is a document again, and the same. */
static void check_serialised(struct json_object *document, struct arena *arena)
{
    struct text text = text_of(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN));
    struct json_object *again = parse_valid(text, arena);
    must_hold(text_equal(text, text_of(json_object_to_json_string_ext(again, JSON_C_TO_STRING_PLAIN))));
}

/* What was written for a field says what the record carries. */
static void check_field(const struct field *field, struct text value, struct json_object *object)
{
    struct json_object *written = NULL;
    must_hold(json_object_object_get_ex(object, field->name, &written));
    if (value.data == NULL) {
        must_hold(written == NULL);
    } else if (field->kind == FIELD_INTEGER) {
        must_hold(text_equal(json_number_digits(written), value));
    } else if (field->kind == FIELD_ATTRIBUTES || field->kind == FIELD_IMAGES) {
        must_hold(json_object_is_type(written, field->kind == FIELD_ATTRIBUTES ? json_type_object : json_type_array));
    } else {
        must_hold(json_object_is_type(written, json_type_string));
        must_hold(text_equal(text_of(json_object_get_string(written)), value));
    }
}

static void check_record(const struct schema *schema, struct json_object *document, struct arena *arena)
{
    struct faults faults;
    struct record record;
    struct strbuf out;
    faults_init(&faults, arena);
    json_read_record(schema, document, "", &record, &faults);
    check_faults(&faults);
    strbuf_init(&out, TEXT_MAX);
    json_write_record(&out, schema, &record);
    must_hold(!out.overflowed);
    struct json_object *written = parse_valid(strbuf_text(&out), arena);
    for (size_t i = 0; i < schema->count; i++) {
        must_hold(record_has(&record, i) || record.value[i].data == NULL);
        check_field(&schema->fields[i], record.value[i], written);
    }
    strbuf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *arena = arena_new((size_t)64 * 1024);
    struct faults faults;
    struct json_object *document = NULL;
    struct text text = fuzz_text(data, size);
    faults_init(&faults, arena);
    enum status status = json_check(text, &faults);
    check_faults(&faults);
    if (status == STATUS_OK) {
        must_hold(faults.count == 0);
        document = parse_valid(text, arena);
        check_serialised(document, arena);
        check_record(&product_schema, document, arena);
        check_record(&category_schema, document, arena);
    } else {
        must_hold(status == STATUS_INVALID && faults.count == 1);
        must_hold(json_parse(text, &faults, &document) == STATUS_INVALID && document == NULL);
    }
    arena_free(arena);
    return 0;
}

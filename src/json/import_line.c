/* Lines of imports: the members of the object by their names. */
#include "json/import_line.h"

#include "attributes.h"
#include "tree.h"

#include "base/uuid.h"
#include "json/parse.h"
#include "json/patch.h"
#include "json/record.h"
#include "json/writer.h"

#include <string.h>

#define ATTRIBUTE_PREFIX "attr."
#define ERROR_MEMBER "_error"

/* What a line is read into. */
struct line_reader {
    struct import_object *line;
    struct json_object *product;    /* the members that are a product's */
    struct json_object *attributes; /* those of attr. */
    struct faults *faults;
};

static bool starts_with(const char *name, const char *prefix)
{
    return strncmp(name, prefix, strlen(prefix)) == 0;
}

static void read_id(struct line_reader *reader, struct json_object *value)
{
    char normal[UUID_TEXT_LENGTH + 1];
    struct text text = TEXT_ABSENT;

    if (value == NULL) {
        return;
    }
    if (json_object_is_type(value, json_type_string)) {
        text =
            (struct text){.data = json_object_get_string(value), .length = (size_t)json_object_get_string_len(value)};
    }
    if (uuid_normalise(text, normal)) {
        reader->line->id = arena_copy(reader->faults->arena, text_of(normal));
    } else {
        faults_add(reader->faults, FAULT_IN_BODY, "/id", "uuid", "must be a UUID, or be left out");
    }
}

static void read_category(struct line_reader *reader, struct json_object *value)
{
    struct text text = TEXT_ABSENT;

    if (value == NULL) {
        return;
    }
    if (json_object_is_type(value, json_type_string)) {
        text =
            (struct text){.data = json_object_get_string(value), .length = (size_t)json_object_get_string_len(value)};
    }
    if (text.length > 0) {
        reader->line->category = arena_copy(reader->faults->arena, text);
    } else {
        faults_add(reader->faults, FAULT_IN_BODY, "/category", "type", "must be the slug or the name of a category");
    }
}

/* Members of the server are in exports, and say nothing here. */
static bool is_passed_over(const char *name)
{
    const int field = schema_find(&product_schema, text_of(name));

    return strcmp(name, ERROR_MEMBER) == 0 || (field >= 0 && (product_schema.fields[field].flags & FIELD_SERVER) != 0);
}

static void read_member(struct line_reader *reader, const char *name, struct json_object *value)
{
    if (strcmp(name, "id") == 0) {
        read_id(reader, value);
    } else if (strcmp(name, "category") == 0) {
        read_category(reader, value);
    } else if (starts_with(name, ATTRIBUTE_PREFIX)) {
        (void)tree_set_member(reader->attributes, name + strlen(ATTRIBUTE_PREFIX), json_object_get(value));
    } else if (!is_passed_over(name)) {
        (void)tree_set_member(reader->product, name, json_object_get(value));
    }
}

static bool is_end_of_export(struct json_object *object)
{
    return json_object_object_length(object) == 2 && json_object_object_get_ex(object, "cursor", NULL) &&
           json_object_object_get_ex(object, "count", NULL);
}

void json_read_import_object(struct json_object *object, struct import_object *line, struct faults *faults)
{
    struct line_reader reader = {.line = line, .faults = faults};
    struct tree_children members;
    struct tree_child member;

    *line = (struct import_object){0};
    if (!json_object_is_type(object, json_type_object)) {
        faults_add(faults, FAULT_IN_BODY, "", "type", "must be an object with the members of a product");
        return;
    }
    if (is_end_of_export(object)) {
        line->is_end = true;
        return;
    }
    reader.product = tree_new_object();
    reader.attributes = tree_new_object();
    tree_keep(reader.product, faults->arena);
    tree_keep(reader.attributes, faults->arena);
    members = tree_children_of(object);
    while (tree_next_child(&members, &member)) {
        read_member(&reader, member.name, member.value);
    }
    json_read_record(&product_schema, reader.product, "", &line->input, faults);
    line->attributes = json_object_object_length(reader.attributes) > 0 ? reader.attributes : NULL;
}

bool json_merge_attributes(struct text attributes, struct json_object *given, struct text *merged,
                           struct faults *faults)
{
    const struct text base = attributes.data != NULL ? attributes : TEXT("{}");
    struct json_object *target = NULL;
    struct json_object *patched = NULL;
    const size_t before = faults->count;

    if (json_parse(base, faults, &target) != STATUS_OK ||
        json_merge_patch(target, given, "/attributes", &patched, faults) != STATUS_OK) {
        return false;
    }
    const struct text value = json_read_attributes(patched, "/attributes", faults);
    if (faults->count > before) {
        return false;
    }
    *merged = value;
    return true;
}

/* --- failed lines --- */

static void write_fault(struct strbuf *out, const struct fault *fault)
{
    bool first = true;

    strbuf_append_char(out, '{');
    json_write_member(out, &first, "pointer", text_of(fault->where));
    json_write_member(out, &first, "code", text_of(fault->code));
    json_write_member(out, &first, "detail", text_of(fault->detail));
    strbuf_append_char(out, '}');
}

static void write_verdict(struct strbuf *out, bool *first, const struct import_verdict *verdict)
{
    bool first_part = true;

    json_write_key(out, first, ERROR_MEMBER);
    strbuf_append_char(out, '{');
    json_write_member_i64(out, &first_part, "line", (int64_t)verdict->line);
    json_write_key(out, &first_part, "faults");
    strbuf_append_char(out, '[');
    for (size_t i = 0; i < verdict->fault_count; i++) {
        strbuf_append_text(out, i > 0 ? TEXT(",") : TEXT(""));
        write_fault(out, &verdict->faults[i]);
    }
    strbuf_append_text(out, TEXT("]}"));
}

/* json-c keeps the digits of numbers as they came. */
static void write_name(struct strbuf *out, bool *first, const char *name)
{
    strbuf_append_text(out, *first ? TEXT("") : TEXT(","));
    json_write_string(out, text_of(name));
    strbuf_append_char(out, ':');
    *first = false;
}

void json_write_import_error(struct strbuf *out, struct json_object *object, struct text content,
                             const struct import_verdict *verdict)
{
    struct tree_children members;
    struct tree_child member;
    bool first = true;

    strbuf_append_char(out, '{');
    if (object != NULL && json_object_is_type(object, json_type_object)) {
        members = tree_children_of(object);
        while (tree_next_child(&members, &member)) {
            if (strcmp(member.name, ERROR_MEMBER) != 0) {
                write_name(out, &first, member.name);
                strbuf_append_text(out, text_of(json_object_to_json_string_ext(
                                            member.value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)));
            }
        }
    } else {
        json_write_member(out, &first, "_line", content);
    }
    write_verdict(out, &first, verdict);
    strbuf_append_char(out, '}');
}

/* Patches of documents: what comes out is a document within the bounds, what went in is as it was, and a patched product
 * is read or refused with faults that point somewhere. The first byte is m for a merge patch, anything else for a JSON
 * patch; then the document up to the first newline; then the patch. */
#include "fuzz.h"

#include "base/utf8.h"
#include "domain/product.h"
#include "json/parse.h"
#include "json/patch.h"
#include "json/record.h"

#include <json-c/json.h>
#include <string.h>

#define TEXT_MAX ((size_t)16 * 1024 * 1024)

typedef enum status patch_function(struct json_object *target, struct json_object *patch, const char *pointer,
                                   struct json_object **patched, struct faults *faults);

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

static bool parse(struct text text, struct arena *arena, struct json_object **document)
{
    struct faults faults;
    faults_init(&faults, arena);
    return json_parse(text, &faults, document) == STATUS_OK;
}

static struct text written(struct json_object *document, struct arena *arena)
{
    return arena_copy(arena, text_of(json_object_to_json_string_ext(document, JSON_C_TO_STRING_PLAIN)));
}

/* Applies the patch; the inputs stay as they are. True where there is a result, whose text is a document of its own. */
static bool apply(patch_function *function, struct json_object *target, struct json_object *patch, struct arena *arena,
                  struct json_object **patched)
{
    struct faults faults;
    struct json_object *again = NULL;
    struct text target_text = written(target, arena);
    struct text patch_text = written(patch, arena);
    faults_init(&faults, arena);
    enum status status = function(target, patch, "", patched, &faults);
    check_faults(&faults);
    must_hold(text_equal(written(target, arena), target_text));
    must_hold(text_equal(written(patch, arena), patch_text));
    if (status != STATUS_OK) {
        must_hold(status == STATUS_INVALID || (status == STATUS_CONFLICT && function == json_patch));
        must_hold(faults.count > 0);
        must_hold(status == STATUS_INVALID || faults.count == 1);
        return false;
    }
    must_hold(faults.count == 0);
    struct text text = written(*patched, arena);
    must_hold(parse(text, arena, &again));
    must_hold(text_equal(written(again, arena), text));
    return true;
}

/* Applying a merge patch once more changes nothing, whatever it was. */
static void check_idempotent(struct json_object *patched, struct json_object *patch, struct arena *arena)
{
    struct json_object *again = NULL;
    if (apply(json_merge_patch, patched, patch, arena, &again)) {
        must_hold(text_equal(written(again, arena), written(patched, arena)));
    }
}

/* The document is equal to itself, and stays so when it is moved into the place of another. */
static void check_equal_to_itself(struct json_object *document, struct arena *arena)
{
    struct text text = written(document, arena);
    const char *self = arena_string(arena, text);
    struct json_object *patch = NULL;
    struct json_object *patched = NULL;
    struct json_object *nothing = NULL;
    struct text test = arena_printf(arena,
                                    "[{\"op\":\"add\",\"path\":\"\",\"value\":{\"a\":[0],\"b\":%s}},"
                                    "{\"op\":\"copy\",\"from\":\"/b\",\"path\":\"/a/0\"},"
                                    "{\"op\":\"move\",\"from\":\"/a/0\",\"path\":\"\"},"
                                    "{\"op\":\"test\",\"path\":\"\",\"value\":%s}]",
                                    self, self);
    /* A deep or large one does not fit into the patch. */
    if (parse(test, arena, &patch) && apply(json_patch, nothing, patch, arena, &patched)) {
        must_hold(text_equal(written(patched, arena), text));
    }
}

static void check_record(struct json_object *patched, struct arena *arena)
{
    const struct record original = {
        .value =
            {
                [PRODUCT_ID] = TEXT("01930000-0000-7000-8000-00000000000a"),
                [PRODUCT_VERSION] = TEXT("3"),
                [PRODUCT_CREATED_AT] = TEXT("2026-11-23T09:15:02.123456Z"),
                [PRODUCT_UPDATED_AT] = TEXT("2026-11-23T09:16:00.000001Z"),
            },
    };
    struct faults faults;
    struct record record;
    struct strbuf out;
    struct json_object *document = NULL;
    faults_init(&faults, arena);
    json_read_edited_record(&product_schema, patched, "", &original, "USD", &record, &faults);
    check_faults(&faults);
    for (size_t i = 0; i < product_schema.count; i++) {
        bool server = (product_schema.fields[i].flags & FIELD_SERVER) != 0;
        bool required = (product_schema.fields[i].flags & FIELD_REQUIRED) != 0;
        if (faults.count == 0) {
            must_hold(record_has(&record, i));
            must_hold(!server || text_equal(record.value[i], original.value[i]));
            must_hold(!required || record.value[i].data != NULL);
        }
    }
    strbuf_init(&out, TEXT_MAX);
    json_write_record(&out, &product_schema, &record);
    must_hold(!out.overflowed);
    must_hold(parse(strbuf_text(&out), arena, &document));
    strbuf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct arena *arena = arena_new((size_t)64 * 1024);
    patch_function *function = data[0] == 'm' ? json_merge_patch : json_patch;
    struct text patch_text;
    struct text target_text = text_split(fuzz_text(data + 1, size - 1), '\n', &patch_text);
    struct json_object *target = NULL;
    struct json_object *patch = NULL;
    struct json_object *patched = NULL;
    if (parse(target_text, arena, &target) && parse(patch_text, arena, &patch) &&
        apply(function, target, patch, arena, &patched)) {
        if (function == json_merge_patch) {
            check_idempotent(patched, patch, arena);
        }
        check_equal_to_itself(patched, arena);
        check_record(patched, arena);
    }
    arena_free(arena);
    return 0;
}

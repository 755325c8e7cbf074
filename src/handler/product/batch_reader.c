/* The operations of a batch: {"op":"create","product":{…}}, {"op":"update","id":"…","if_match":"…","patch":{…}},
 * {"op":"upsert","sku":"…","if_match":"…","product":{…}} and {"op":"delete","id":"…","if_match":"…"}. */
#include "batch_reader.h"

#include "../input.h"
#include "../patch.h"
#include "base/uuid.h"
#include "json/record.h"
#include "json/value.h"

#include <string.h>

const struct batch_shape batch_shapes[] = {
    [BATCH_CREATE] = {"create", {"op", "product"}, 2},
    [BATCH_UPDATE] = {"update", {"op", "id", "if_match", "patch"}, 4},
    [BATCH_UPSERT] = {"upsert", {"op", "sku", "if_match", "product"}, 4},
    [BATCH_DELETE] = {"delete", {"op", "id", "if_match"}, 3},
};

#define SHAPES (sizeof batch_shapes / sizeof batch_shapes[0])

const size_t batch_shape_count = SHAPES;

static void require(struct faults *faults, const char *pointer)
{
    faults_add(faults, FAULT_IN_BODY, pointer, "required", "is required");
}

static bool read_kind(struct json_object *object, enum batch_kind *kind, struct faults *faults)
{
    struct json_object *value = NULL;
    const char *names[SHAPES];
    const char *nearest;
    struct text name;

    if (!json_member(object, "op", &value)) {
        require(faults, "/op");
        return false;
    }
    name = json_string(value);
    for (size_t i = 0; i < SHAPES; i++) {
        names[i] = batch_shapes[i].op;
        if (text_equal(name, text_of(batch_shapes[i].op))) {
            *kind = (enum batch_kind)i;
            return true;
        }
    }
    nearest = name.data != NULL ? text_nearest(name, names, SHAPES) : NULL;
    faults_add(faults, FAULT_IN_BODY, "/op", "unknown_operation", "must be create, update, upsert or delete%s%s%s",
               nearest != NULL ? "; did you mean \"" : "", nearest != NULL ? nearest : "",
               nearest != NULL ? "\"?" : "");
    return false;
}

static void read_id(struct json_object *object, struct batch_operation *operation, struct faults *faults)
{
    char normal[UUID_TEXT_LENGTH + 1];
    struct json_object *value = NULL;

    if (!json_member(object, "id", &value)) {
        require(faults, "/id");
    } else if (!uuid_normalise(json_string(value), normal)) {
        faults_add(faults, FAULT_IN_BODY, "/id", "uuid", "must be a UUID");
    } else {
        operation->id = arena_copy(faults->arena, text_of(normal));
    }
}

/* As the header If-Match, or the bare digits of a version. */
static void read_if_match(struct json_object *object, struct batch_operation *operation, struct faults *faults)
{
    struct expectation *expectation = &operation->expectation;
    struct json_object *value = NULL;
    uint64_t version = 0;
    struct text list;

    if (!json_member(object, "if_match", &value)) {
        return;
    }
    list = json_string(value);
    if (text_to_u64(list, &version) && version > 0 && version <= INT64_MAX) {
        expectation->match = true;
        expectation->versions[0] = (int64_t)version;
        expectation->version_count = 1;
        return;
    }
    if (!input_expectation(list, expectation)) {
        faults_add(faults, FAULT_IN_BODY, "/if_match", "malformed",
                   "must be a string with an entity tag, such as \"\\\"3\\\"\", or a version");
    }
}

static void read_product(struct json_object *object, struct batch_operation *operation, struct faults *faults)
{
    struct json_object *value = NULL;

    if (json_member(object, "product", &value)) {
        json_read_record(&product_schema, value, "/product", &operation->input, faults);
    } else {
        require(faults, "/product");
    }
}

/* The product may leave the sku out, or repeat it; it decides on the letter case. */
static void read_sku(struct json_object *object, struct batch_operation *operation, struct faults *faults)
{
    struct json_object *value = NULL;
    struct text sku = TEXT_ABSENT;

    if (!json_member(object, "sku", &value)) {
        require(faults, "/sku");
        return;
    }
    sku = json_string(value);
    if (sku.data == NULL) {
        faults_add(faults, FAULT_IN_BODY, "/sku", "type", "must be a string");
        return;
    }
    if (!field_check(&product_schema.fields[PRODUCT_SKU], &sku, "/sku", faults)) {
        return;
    }
    operation->sku = sku;
    if (!record_has(&operation->input, PRODUCT_SKU)) {
        record_set(&operation->input, PRODUCT_SKU, sku);
    } else if (faults->count == 0 && !text_equal_ignoring_case(operation->input.value[PRODUCT_SKU], sku)) {
        faults_add(faults, FAULT_IN_BODY, "/product/sku", "other_sku",
                   "must be the sku of the operation; it may be left out");
    }
}

/* An object is a merge patch, an array a JSON patch. */
static void read_patch(struct exchange *exchange, struct json_object *object, struct batch_operation *operation,
                       struct faults *faults)
{
    struct patch *patch = arena_alloc(faults->arena, sizeof *patch);

    *patch = (struct patch){.pointer = "/patch", .currency = exchange->app->config->currency};
    operation->patch = patch;
    if (!json_member(object, "patch", &patch->document)) {
        require(faults, "/patch");
    } else if (json_is_array(patch->document)) {
        patch->is_json_patch = true;
    } else if (!json_is_object(patch->document)) {
        faults_add(faults, FAULT_IN_BODY, "/patch", "type", "must be an object (merge patch) or an array (JSON patch)");
    }
}

static void read_operation(struct exchange *exchange, struct json_object *object, struct batch_operation *operation,
                           struct faults *faults)
{
    if (!json_is_object(object)) {
        faults_add(faults, FAULT_IN_BODY, "", "type", "must be an object");
        return;
    }
    if (!read_kind(object, &operation->kind, faults)) {
        return;
    }
    json_check_members(object, batch_shapes[operation->kind].members, batch_shapes[operation->kind].count, "", faults);
    switch (operation->kind) {
    case BATCH_UPDATE:
        read_id(object, operation, faults);
        read_if_match(object, operation, faults);
        read_patch(exchange, object, operation, faults);
        break;
    case BATCH_DELETE:
        read_id(object, operation, faults);
        read_if_match(object, operation, faults);
        break;
    case BATCH_UPSERT:
        read_product(object, operation, faults);
        read_sku(object, operation, faults);
        read_if_match(object, operation, faults);
        break;
    case BATCH_CREATE:
    case BATCH_MERGE: /* of no client */
    default:
        read_product(object, operation, faults);
        break;
    }
}

static void give_faults(struct batch_operation *operation, const struct faults *found)
{
    struct fault *given;

    if (found->count > 0) {
        given = arena_alloc(found->arena, found->count * sizeof *given);
        memcpy(given, found->item, found->count * sizeof *given);
        operation->given_faults = given;
        operation->given_fault_count = found->count;
    }
}

void batch_read(struct exchange *exchange, struct json_object *document, struct batch *batch, struct faults *faults)
{
    const size_t count = json_is_array(document) ? json_length(document) : 0;
    struct faults found;

    if (!json_is_array(document) || count == 0 || count > BATCH_OPERATIONS_MAX) {
        faults_add(faults, FAULT_IN_BODY, "", json_is_array(document) ? "out_of_range" : "type",
                   "must be an array of 1 to %d operations", BATCH_OPERATIONS_MAX);
        return;
    }
    batch->count = count;
    batch->operations = arena_alloc(exchange->scope.arena, count * sizeof *batch->operations);
    for (size_t i = 0; i < count; i++) {
        faults_init(&found, exchange->scope.arena);
        read_operation(exchange, json_item(document, i), &batch->operations[i], &found);
        give_faults(&batch->operations[i], &found);
    }
}

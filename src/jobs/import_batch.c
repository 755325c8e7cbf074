/* Lines to operations, and what came of them. */
#include "import_batch.h"

#include "catalog/product_batch.h"
#include "json/import_line.h"
#include "json/parse.h"
#include "json/record.h"
#include "json/writer.h"

#include <string.h>

#define ERROR_BYTES_MAX (8 * IMPORT_LINE_MAX)
#define DIFFERENCE_BYTES_MAX ((size_t)2048) /* of one */
#define VALUE_SHOWN_MAX 200

/* One line on its way. */
struct item {
    const struct import_line *line;
    struct json_object *document; /* NULL: it is none, or null */
    struct import_object object;
    const struct fault *faults; /* of the reading */
    size_t fault_count;
    struct text difference; /* what an update would change, as members; absent: it is no update */
};

struct import_batch {
    const struct job_tools *tools;
    struct scope *scope;
    const struct import *import;
    struct item *items; /* one for each operation, and those that are passed over between them */
    size_t item_count;
    struct batch_operation *operations;
    struct item **item_of; /* of each operation */
    struct import_move move;
    struct strbuf differences;
};

/* --- reading --- */

static void keep_faults(struct item *item, const struct faults *found)
{
    struct fault *kept;

    if (found->count > 0) {
        kept = arena_alloc(found->arena, found->count * sizeof *kept);
        memcpy(kept, found->item, found->count * sizeof *kept);
        item->faults = kept;
        item->fault_count = found->count;
    }
}

static void read_item(struct import_batch *batch, struct item *item, struct faults *faults)
{
    faults_init(faults, batch->scope->arena);
    if (json_parse(item->line->content, faults, &item->document) == STATUS_OK) {
        json_read_import_object(item->document, &item->object, faults);
    } else {
        item->document = NULL;
    }
    if (item->line->flaw.data != NULL) {
        faults_init(faults, batch->scope->arena);
        faults_add(faults, FAULT_IN_BODY, "", "line", "%.*s", TEXT_PRINT(item->line->flaw));
    }
    if (batch->import->options.mode == IMPORT_UPDATE && faults->count == 0 && !item->object.is_end &&
        item->object.id.data == NULL && item->object.input.value[PRODUCT_SKU].data == NULL) {
        faults_add(faults, FAULT_IN_BODY, "", "required", "must have an id or a sku, which says what it changes");
    }
    keep_faults(item, faults);
}

/* --- categories --- */

static void set_category(struct import_batch *batch, struct item *item, struct text id)
{
    struct faults faults;

    if (id.data != NULL) {
        record_set(&item->object.input, PRODUCT_CATEGORY_ID, id);
        return;
    }
    faults_init(&faults, batch->scope->arena);
    for (size_t i = 0; i < item->fault_count; i++) {
        faults_add(&faults, item->faults[i].place, item->faults[i].where, item->faults[i].code, "%s",
                   item->faults[i].detail);
    }
    faults_add(&faults, FAULT_IN_BODY, "/category", "unknown_category", "is neither slug nor name of a category");
    keep_faults(item, &faults);
    record_set(&item->object.input, PRODUCT_CATEGORY_ID, TEXT_ABSENT); /* given: it is not to be missed too */
}

static bool names_category(const struct item *item)
{
    return item->object.category.data != NULL && !record_has(&item->object.input, PRODUCT_CATEGORY_ID);
}

/* Of products that are made of lines that name none, where the import does. */
static void set_default_category(const struct import_batch *batch, struct item *item)
{
    const struct import_options *options = &batch->import->options;

    if (options->category_id.data != NULL && !record_has(&item->object.input, PRODUCT_CATEGORY_ID) &&
        item->object.category.data == NULL) {
        record_set(&item->object.input, PRODUCT_CATEGORY_ID, options->category_id);
    }
}

static enum status find_categories(struct import_batch *batch)
{
    struct text *names = arena_alloc(batch->scope->arena, (batch->item_count + 1) * sizeof *names);
    struct text *ids = arena_alloc(batch->scope->arena, (batch->item_count + 1) * sizeof *ids);
    size_t *place = arena_alloc(batch->scope->arena, (batch->item_count + 1) * sizeof *place);
    enum status status = STATUS_OK;
    size_t count = 0;

    for (size_t i = 0; i < batch->item_count; i++) {
        const struct text name = batch->items[i].object.category;
        size_t at = 0;

        if (!names_category(&batch->items[i])) {
            continue;
        }
        while (at < count && !text_equal(names[at], name)) {
            at++;
        }
        names[at] = name;
        place[i] = at;
        count = at == count ? count + 1 : count;
    }
    if (count > 0) {
        status = import_store_categories(batch->tools->pg, batch->scope, names, count, ids);
    }
    for (size_t i = 0; status == STATUS_OK && i < batch->item_count; i++) {
        if (names_category(&batch->items[i])) {
            set_category(batch, &batch->items[i], ids[place[i]]);
        }
    }
    return status;
}

/* --- differences --- */

static bool wants_difference(const struct import_batch *batch)
{
    return batch->import->options.dry_run;
}

static void write_shown(struct strbuf *out, enum field_kind kind, struct text value)
{
    if (value.length <= VALUE_SHOWN_MAX) {
        json_write_value(out, kind, value);
    } else {
        json_write_string(out, TEXT("(too long to be shown)"));
    }
}

/* {"price":["1.00","2.00"]}: what every field that differs is, and would be. */
static struct text difference_of(struct import_batch *batch, const struct record *current, const struct record *edited)
{
    struct strbuf out;
    struct text text;
    bool first = true;

    strbuf_init(&out, DIFFERENCE_BYTES_MAX);
    strbuf_append_char(&out, '{');
    for (size_t i = 0; i < product_schema.count; i++) {
        const struct field *field = &product_schema.fields[i];

        if ((field->flags & FIELD_SERVER) == 0 && !text_equal(current->value[i], edited->value[i])) {
            json_write_key(&out, &first, field->name);
            strbuf_append_char(&out, '[');
            write_shown(&out, field->kind, current->value[i]);
            strbuf_append_char(&out, ',');
            write_shown(&out, field->kind, edited->value[i]);
            strbuf_append_char(&out, ']');
        }
    }
    strbuf_append_char(&out, '}');
    text = out.overflowed ? TEXT("{}") : arena_copy(batch->scope->arena, strbuf_text(&out));
    strbuf_free(&out);
    return text;
}

static void add_difference(struct import_batch *batch, const struct item *item, const struct batch_operation *operation)
{
    struct strbuf *out = &batch->differences;
    bool first = true;

    if (!wants_difference(batch) || !operation->written ||
        batch->import->created + batch->import->updated + batch->move.created + batch->move.updated >
            IMPORT_DIFFERENCES_MAX) {
        return;
    }
    strbuf_append_text(out, out->length > 0 ? TEXT(",") : TEXT(""));
    strbuf_append_char(out, '{');
    json_write_member_i64(out, &first, "line", (int64_t)item->line->line);
    json_write_member(out, &first, "change", operation->result.created ? TEXT("created") : TEXT("updated"));
    json_write_member(out, &first, "id", operation->result.created ? item->object.id : operation->result.id);
    json_write_member(out, &first, "sku", operation->sku);
    json_write_key(out, &first, "fields");
    /* What is created now may have been there when the batch was tried before. */
    strbuf_append_text(out,
                       !operation->result.created && item->difference.data != NULL ? item->difference : TEXT("{}"));
    strbuf_append_char(out, '}');
}

/* --- operations --- */

/* What the operations' edit needs of each. */
struct merge {
    struct import_batch *batch;
    struct item *item;
};

static enum status merge_attributes(const struct item *item, const struct record *current, struct record *edited,
                                    struct faults *faults)
{
    const bool whole = record_has(&item->object.input, PRODUCT_ATTRIBUTES);
    struct text merged = TEXT_ABSENT;

    if (item->object.attributes == NULL) {
        return STATUS_OK;
    }
    if (!json_merge_attributes(whole ? item->object.input.value[PRODUCT_ATTRIBUTES]
                                     : current->value[PRODUCT_ATTRIBUTES],
                               item->object.attributes, &merged, faults)) {
        return STATUS_INVALID;
    }
    record_set(edited, PRODUCT_ATTRIBUTES, merged);
    return STATUS_OK;
}

/* A product_edit: what is given takes the place of what is there. */
static enum status merge_line(void *context, struct scope *scope, const struct record *current, struct record *edited,
                              struct faults *faults)
{
    const struct merge *merge = context;
    struct item *item = merge->item;
    const size_t before = faults->count;
    enum status status;

    (void)scope;
    for (size_t i = 0; i < product_schema.count; i++) {
        if (record_has(&item->object.input, i) && (product_schema.fields[i].flags & FIELD_SERVER) == 0) {
            record_set(edited, i, item->object.input.value[i]);
        }
    }
    status = merge_attributes(item, current, edited, faults);
    if (status == STATUS_OK && wants_difference(merge->batch)) {
        item->difference = difference_of(merge->batch, current, edited);
    }
    return faults->count > before ? STATUS_INVALID : status;
}

/* A product that is made has no others to begin with. */
static void complete_attributes(struct import_batch *batch, struct item *item)
{
    static const struct record nothing;
    struct record made = item->object.input;
    struct faults faults;

    faults_init(&faults, batch->scope->arena);
    if (item->fault_count == 0 && merge_attributes(item, &nothing, &made, &faults) == STATUS_OK) {
        item->object.input = made;
    }
    if (faults.count > 0) {
        keep_faults(item, &faults);
    }
}

static void make_operation(struct import_batch *batch, struct item *item, struct batch_operation *operation)
{
    struct merge *merge = arena_alloc(batch->scope->arena, sizeof *merge);
    struct item *original = arena_alloc(batch->scope->arena, sizeof *original);

    /* The edit goes by what was given, the making by what that comes to alone. */
    *original = *item;
    complete_attributes(batch, item);
    set_default_category(batch, item);
    *merge = (struct merge){.batch = batch, .item = original};
    *operation = (struct batch_operation){
        .kind = BATCH_MERGE,
        .id = item->object.id,
        .sku = item->object.input.value[PRODUCT_SKU],
        .only_there = batch->import->options.mode == IMPORT_UPDATE,
        .expectation = {.absent = batch->import->options.mode == IMPORT_CREATE},
        .input = item->object.input,
        .patch = merge,
        .given_faults = item->faults,
        .given_fault_count = item->fault_count,
    };
}

/* --- what came of them --- */

static void add_reason(const struct batch_operation *operation, struct faults *faults)
{
    switch (operation->status) {
    case STATUS_NOT_FOUND:
        faults_add(faults, FAULT_IN_BODY, operation->id.data != NULL ? "/id" : "/sku", "not_found",
                   "is of no product, and mode=update makes none");
        break;
    case STATUS_GONE:
        faults_add(faults, FAULT_IN_BODY, "/id", "gone", "is of a product that was deleted; restore it first");
        break;
    case STATUS_STALE:
        faults_add(faults, FAULT_IN_BODY, operation->id.data != NULL ? "/id" : "/sku", "exists",
                   "is of a product that is there already, and mode=create changes none");
        break;
    case STATUS_OK:
    case STATUS_INVALID:
    case STATUS_CONFLICT:
    case STATUS_KEY_REUSED:
    case STATUS_IN_PROGRESS:
    case STATUS_TOO_LARGE:
    case STATUS_UNAVAILABLE:
    case STATUS_READ_ONLY:
    case STATUS_DEADLINE:
    case STATUS_UNCERTAIN:
    case STATUS_INTERNAL:
    default:
        faults_add(faults, FAULT_IN_BODY, "", status_name(operation->status), "cannot be done");
        break;
    }
}

static void add_error(struct import_batch *batch, const struct item *item, const struct batch_operation *operation)
{
    struct import_error *error = &batch->move.errors[batch->move.error_count++];
    struct import_verdict verdict = {
        .line = item->line->line, .faults = operation->faults, .fault_count = operation->fault_count};
    struct faults reason;
    struct strbuf out;

    if (operation->fault_count == 0) {
        faults_init(&reason, batch->scope->arena);
        add_reason(operation, &reason);
        verdict.faults = reason.item;
        verdict.fault_count = reason.count;
    }
    strbuf_init(&out, ERROR_BYTES_MAX);
    json_write_import_error(&out, item->document, item->line->content, &verdict);
    *error = (struct import_error){.number = item->line->number,
                                   .content = arena_copy(batch->scope->arena, strbuf_text(&out))};
    strbuf_free(&out);
}

/* The line behind the last operation that is done with: what is passed over behind it goes with it. */
static uint64_t end_of(const struct import_batch *batch, size_t operations)
{
    const struct item *last = &batch->items[batch->item_count - 1];
    const struct item *next = batch->item_of[operations];

    return next != NULL ? next->line->number - 1 : last->line->number;
}

/* All is known of the operations, and nothing is written yet. */
static void reckon(void *context, const struct batch *done, struct strbuf *out)
{
    struct import_batch *batch = context;
    struct import_move *move = &batch->move;

    (void)out;
    move->to = end_of(batch, done->count);
    move->created = move->updated = move->unchanged = 0;
    move->error_count = 0;
    move->errors = arena_alloc(batch->scope->arena, (done->count + 1) * sizeof *move->errors);
    strbuf_clear(&batch->differences, 0);
    for (size_t i = 0; i < done->count; i++) {
        const struct batch_operation *operation = &done->operations[i];
        const struct item *item = ((const struct merge *)operation->patch)->item;

        if (operation->status != STATUS_OK) {
            add_error(batch, item, operation);
        } else if (!operation->written) {
            move->unchanged++;
        } else if (operation->result.created) {
            move->created++;
            add_difference(batch, item, operation);
        } else {
            move->updated++;
            add_difference(batch, item, operation);
        }
    }
    move->differences =
        batch->differences.length > 0 ? arena_copy(batch->scope->arena, strbuf_text(&batch->differences)) : TEXT_ABSENT;
}

/* --- the whole --- */

static struct batch batch_of(struct import_batch *batch, size_t count)
{
    const bool checking = batch->import->checking;

    return (struct batch){
        .operations = batch->operations,
        .count = count,
        /* What was checked and is faulty all the same met a change of others: it stops there. */
        .atomic = !checking && batch->import->options.on_error == IMPORT_ABORT,
        .edit = merge_line,
        .render = reckon,
        .context = batch,
        .cuts = true,
        .move = checking ? NULL : &batch->move,
    };
}

/* Nothing but what is passed over. */
static enum status move_on(struct import_batch *batch)
{
    const enum status status = import_store_move(batch->tools->pg, batch->scope, &batch->move);

    return status == STATUS_STALE ? STATUS_IN_PROGRESS : status;
}

static enum status carry_out(struct import_batch *batch, size_t count)
{
    const struct change_options options = {.dry_run = batch->import->checking};
    struct batch operations = batch_of(batch, count);
    struct text ignored = TEXT_ABSENT;
    bool replayed = false;
    enum status status;

    if (count == 0) {
        batch->move.to = end_of(batch, 0);
        return move_on(batch);
    }
    status = catalog_product_batch(batch->tools->catalog, batch->scope, &options, &operations, &ignored, &replayed);
    if (status == STATUS_INVALID) {
        /* All or nothing: those that fail are noted, and nothing else is done. */
        reckon(batch, &operations, NULL);
        batch->move.created = batch->move.updated = batch->move.unchanged = 0;
        return move_on(batch);
    }
    return status == STATUS_OK && batch->import->checking ? move_on(batch) : status;
}

enum status import_batch_run(const struct job_tools *tools, struct scope *scope, const struct job_hold *hold,
                             const struct import *import, const struct staged_lines *lines)
{
    struct import_batch batch = {.tools = tools, .scope = scope, .import = import};
    struct faults *faults = arena_alloc(scope->arena, sizeof *faults);
    enum status status;
    size_t count = 0;

    batch.items = arena_alloc(scope->arena, lines->count * sizeof *batch.items);
    batch.item_count = lines->count;
    batch.operations = arena_alloc(scope->arena, lines->count * sizeof *batch.operations);
    batch.item_of = arena_alloc(scope->arena, (lines->count + 1) * sizeof(struct item *));
    batch.move = (struct import_move){.hold = *hold, .from = import->place};
    strbuf_init(&batch.differences, 2 * DIFFERENCE_BYTES_MAX * IMPORT_DIFFERENCES_MAX);
    for (size_t i = 0; i < lines->count; i++) {
        batch.items[i].line = &lines->lines[i];
        read_item(&batch, &batch.items[i], faults);
    }
    status = find_categories(&batch);
    for (size_t i = 0; status == STATUS_OK && i < lines->count; i++) {
        if (!batch.items[i].object.is_end) {
            make_operation(&batch, &batch.items[i], &batch.operations[count]);
            batch.item_of[count++] = &batch.items[i];
        }
    }
    if (status == STATUS_OK) {
        status = carry_out(&batch, count);
    }
    strbuf_free(&batch.differences);
    return status;
}

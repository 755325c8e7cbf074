/* What a batch makes of the products: a decision for each operation in its order, as if those before were done. */
#include "batch_run.h"

#include "catalog_internal.h"
#include "product_change_internal.h"

#include <string.h>

/* --- one operation --- */

/* Adds the operation to those that are about a product or a sku; false where another is already. */
static bool touch(struct batch_run *run, size_t number, struct text key, const char *pointer)
{
    struct batch_entry *entry = batch_table_find(&run->touched, key, true);

    if (entry->value != NULL && entry->value != &run->batch->operations[number]) {
        run->batch->cut = number < run->batch->cut ? number : run->batch->cut;
        faults_add(&run->faults, FAULT_IN_BODY, pointer, "repeated",
                   "is what operation %zu of this batch is about; send it in a batch of its own",
                   (size_t)((struct batch_operation *)entry->value - run->batch->operations));
        return false;
    }
    entry->value = &run->batch->operations[number];
    return true;
}

static change_decision decision_of(enum batch_kind kind, bool is_there)
{
    switch (kind) {
    case BATCH_UPDATE:
        return decide_edit;
    case BATCH_MERGE:
        return is_there ? decide_edit : decide_put;
    case BATCH_DELETE:
        return decide_delete;
    case BATCH_CREATE:
    case BATCH_UPSERT:
    default:
        return decide_put;
    }
}

static bool is_about_another(struct batch_run *run, size_t number, const struct stored_product *now)
{
    const struct batch_operation *operation = &run->batch->operations[number];

    if (operation->kind == BATCH_MERGE && operation->sku.data != NULL && !touch(run, number, operation->sku, "/sku")) {
        return false;
    }
    if (now != NULL) {
        return touch(run, number, now->record.value[PRODUCT_ID], operation->kind == BATCH_UPSERT ? "/sku" : "/id");
    }
    if (operation->kind == BATCH_MERGE) {
        return operation->id.data == NULL || touch(run, number, operation->id, "/id");
    }
    return operation->kind != BATCH_UPSERT || touch(run, number, operation->sku, "/sku");
}

static void keep_row(struct batch_run *run, struct batch_operation *operation, const struct product_write *write,
                     const struct stored_product *now)
{
    struct product_view view = {0};

    operation->status = catalog_render(run->catalog, run->scope, write->record, &view);
    if (operation->status == STATUS_OK) {
        operation->result.id = write->record->value[PRODUCT_ID];
        operation->result.view = view;
        operation->result.created = now == NULL;
        operation->written = true;
        run->rows[run->row_count] = (struct batch_row){.write = *write, .insert = now == NULL};
        run->rows[run->row_count].write.json = view.json;
        run->row_count++;
    }
}

/* Nothing is to be changed: the answer is the product as it is. */
static void leave_row(struct batch_run *run, struct batch_operation *operation, const struct stored_product *now)
{
    operation->result.id = now->record.value[PRODUCT_ID];
    operation->status = catalog_render(run->catalog, run->scope, &now->record, &operation->result.view);
}

/* Faults of the product stand in the operation's member that makes it so; those of a patch itself stand there already. */
static void place_faults(struct batch_run *run, size_t first, const char *member)
{
    for (size_t i = first; i < run->faults.count; i++) {
        struct fault *fault = &run->faults.item[i];
        if (!text_starts_with(text_of(fault->where), text_of(member))) {
            fault->where = arena_printf(run->scope->arena, "%s%s", member, fault->where).data;
        }
    }
}

/* Whether the input is a whole product, or to be made one. */
static bool makes(const struct batch_operation *operation, const struct stored_product *now)
{
    switch (operation->kind) {
    case BATCH_CREATE:
    case BATCH_UPSERT:
        return true;
    case BATCH_MERGE:
        return now == NULL && !operation->only_there;
    case BATCH_UPDATE:
    case BATCH_DELETE:
    default:
        return false;
    }
}

static const char *member_of(const struct batch_operation *operation)
{
    if (operation->kind == BATCH_MERGE) {
        return "";
    }
    return makes(operation, NULL) ? "/product" : "/patch";
}

static void decide(struct batch_run *run, size_t number)
{
    struct batch_operation *operation = &run->batch->operations[number];
    struct batch_intent *intent = &run->intents[number];
    const struct change_options options = {.expectation = operation->expectation};
    struct record *input = arena_alloc(run->scope->arena, sizeof *input);
    const size_t given = run->faults.count;
    const bool merges = operation->kind == BATCH_MERGE;
    struct stored_product *there = merges ? batch_find_product(run, operation) : NULL;
    const bool whole = makes(operation, there);
    struct change change = {
        .catalog = run->catalog,
        .scope = run->scope,
        .options = &options,
        .id = merges ? operation->id : TEXT_ABSENT,
        .may_create = whole,
        .decide = decision_of(operation->kind, there != NULL),
        .input = input,
        .edit = run->batch->edit,
        .context = operation->patch,
        .in_batch = true,
        .faults = &run->faults,
        .result = &operation->result,
    };

    *input = operation->input;
    if (whole && (given == 0 || input->given != 0)) {
        record_complete(&product_schema, input, run->catalog->options.currency, &run->faults);
        place_faults(run, given, member_of(operation));
    }
    if (run->faults.count > 0) {
        operation->status = STATUS_INVALID;
        intent->write.record = whole ? input : NULL;
        return;
    }
    intent->now = batch_find_product(run, operation);
    if (!is_about_another(run, number, intent->now)) {
        operation->status = STATUS_INVALID;
        return;
    }
    operation->status = change_decide(&change, intent->now, &intent->write);
    place_faults(run, 0, member_of(operation));
}

/* What the constraints of the database would say of this row alone. The sku of one that will be written is its own from
 * here on. */
static void check_constraints(struct batch_run *run, struct batch_operation *operation,
                              const struct batch_intent *intent)
{
    const struct record *record = intent->write.record;
    const struct text sku = record->value[PRODUCT_SKU];
    const struct text category = record->value[PRODUCT_CATEGORY_ID];
    const struct text own = intent->now != NULL ? intent->now->record.value[PRODUCT_ID] : TEXT_ABSENT;
    /* An upsert with faults has not been looked for: whoever has the sku is the product that is meant. */
    const bool owns_any = operation->kind == BATCH_UPSERT && operation->status != STATUS_OK;
    const struct batch_entry *holder = sku.data != NULL ? batch_table_find(&run->skus, sku, false) : NULL;
    const char *member = member_of(operation);

    if (category.data != NULL && batch_table_find(&run->categories, category, false) == NULL) {
        faults_add(&run->faults, FAULT_IN_BODY, arena_printf(run->scope->arena, "%s/category_id", member).data,
                   "unknown_category", "must be the id of a category");
        operation->status = STATUS_INVALID;
    }
    if (holder != NULL && !owns_any && !text_equal(((struct batch_claim *)holder->value)->id, own)) {
        faults_add(&run->faults, FAULT_IN_BODY,
                   operation->kind == BATCH_UPSERT ? "/sku" : arena_printf(run->scope->arena, "%s/sku", member).data,
                   "taken", "is the sku of another product");
        operation->status = operation->status == STATUS_OK ? STATUS_CONFLICT : operation->status;
    }
    if (operation->status == STATUS_OK && sku.data != NULL && holder == NULL) {
        batch_claim_sku(run, sku, intent->now, record->value[PRODUCT_ID]);
    }
}

static void settle(struct batch_run *run, size_t number)
{
    struct batch_operation *operation = &run->batch->operations[number];
    const struct batch_intent *intent = &run->intents[number];

    if (intent->write.record != NULL && !intent->write.deleted) {
        check_constraints(run, operation, intent);
    }
    if (operation->status == STATUS_OK && intent->write.record != NULL) {
        keep_row(run, operation, &intent->write, intent->now);
    } else if (operation->status == STATUS_OK) {
        leave_row(run, operation, intent->now);
    }
}

/* A step of one operation: the faults that it finds are added to the operation's. */
static void take_step(struct batch_run *run, size_t number, void (*step)(struct batch_run *run, size_t number))
{
    struct batch_operation *operation = &run->batch->operations[number];
    struct fault *faults;

    run->faults.count = operation->fault_count;
    run->faults.truncated = false;
    if (operation->fault_count > 0) {
        memcpy(run->faults.item, operation->faults, operation->fault_count * sizeof *operation->faults);
    }
    step(run, number);
    if (run->faults.count > operation->fault_count) {
        faults = arena_alloc(run->scope->arena, run->faults.count * sizeof *faults);
        memcpy(faults, run->faults.item, run->faults.count * sizeof *faults);
        operation->faults = faults;
        operation->fault_count = run->faults.count;
    }
}

/* --- all of them --- */

static bool is_ours(enum status status)
{
    return status == STATUS_READ_ONLY || status == STATUS_UNAVAILABLE || status == STATUS_DEADLINE ||
           status == STATUS_INTERNAL || status == STATUS_TOO_LARGE || status == STATUS_UNCERTAIN;
}

/* Takes a step of every operation; what is no fault of an operation is one of the whole. */
static enum status step_all(struct batch_run *run, void (*step)(struct batch_run *run, size_t number))
{
    for (size_t i = 0; i < run->batch->count; i++) {
        take_step(run, i, step);
        if (is_ours(run->batch->operations[i].status)) {
            return run->batch->operations[i].status;
        }
    }
    return STATUS_OK;
}

/* Decides on every operation. Faults that were found before are of that time of the way only. */
enum status batch_decide(struct batch_run *run)
{
    enum status status;
    bool all_good = true;

    run->batch->cut = run->batch->count;
    for (size_t i = 0; i < run->batch->count; i++) {
        struct batch_operation *operation = &run->batch->operations[i];
        operation->result = (struct change_result){0};
        operation->written = false;
        operation->faults = operation->given_faults;
        operation->fault_count = operation->given_fault_count;
    }
    status = step_all(run, decide);
    if (status == STATUS_OK) {
        status = batch_look_up_late(run);
    }
    if (status == STATUS_OK) {
        status = step_all(run, settle);
    }
    for (size_t i = 0; status == STATUS_OK && i < run->batch->count; i++) {
        all_good = all_good && run->batch->operations[i].status == STATUS_OK;
    }
    return status == STATUS_OK && run->batch->atomic && !all_good ? STATUS_INVALID : status;
}

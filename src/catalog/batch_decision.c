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

    if (entry->value != NULL) {
        faults_add(&run->faults, FAULT_IN_BODY, pointer, "repeated",
                   "is what operation %zu of this batch is about; send it in a batch of its own",
                   (size_t)((struct batch_operation *)entry->value - run->batch->operations));
        return false;
    }
    entry->value = &run->batch->operations[number];
    return true;
}

/* What the constraints of the database would say of this row alone. */
static enum status check_constraints(struct batch_run *run, const struct batch_operation *operation,
                                     const struct record *record, struct stored_product *now)
{
    const struct text sku = record->value[PRODUCT_SKU];
    const bool is_patch = operation->kind == BATCH_UPDATE;
    const struct batch_entry *holder;

    if (is_patch) {
        const enum status status = batch_look_up_late(run, record);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (batch_table_find(&run->categories, record->value[PRODUCT_CATEGORY_ID], false) == NULL) {
        return change_unknown_category(&run->faults);
    }
    holder = sku.data != NULL ? batch_table_find(&run->skus, sku, false) : NULL;
    if (holder != NULL &&
        (now == NULL || !text_equal(((struct batch_claim *)holder->value)->id, now->record.value[PRODUCT_ID]))) {
        return change_taken_sku(&run->faults);
    }
    if (sku.data != NULL && holder == NULL) {
        batch_claim_sku(run, sku, now, record->value[PRODUCT_ID]);
    }
    return STATUS_OK;
}

static change_decision decision_of(enum batch_kind kind)
{
    switch (kind) {
    case BATCH_UPDATE:
        return decide_edit;
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

    if (now != NULL) {
        return touch(run, number, now->record.value[PRODUCT_ID], operation->kind == BATCH_UPSERT ? "/sku" : "/id");
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
static void place_faults(struct batch_run *run, const char *member)
{
    for (size_t i = 0; i < run->faults.count; i++) {
        struct fault *fault = &run->faults.item[i];
        if (!text_starts_with(text_of(fault->where), text_of(member))) {
            fault->where = arena_printf(run->scope->arena, "%s%s", member, fault->where).data;
        }
    }
}

static void decide(struct batch_run *run, size_t number)
{
    struct batch_operation *operation = &run->batch->operations[number];
    const bool makes = operation->kind == BATCH_CREATE || operation->kind == BATCH_UPSERT;
    const struct change_options options = {.expectation = operation->expectation};
    struct record *input = arena_alloc(run->scope->arena, sizeof *input);
    struct stored_product *now = batch_find_product(run, operation);
    struct product_write write = {0};
    struct change change = {
        .catalog = run->catalog,
        .scope = run->scope,
        .options = &options,
        .may_create = makes,
        .decide = decision_of(operation->kind),
        .input = input,
        .edit = run->batch->edit,
        .context = operation->patch,
        .faults = &run->faults,
        .result = &operation->result,
    };

    *input = operation->input;
    if (!is_about_another(run, number, now)) {
        operation->status = STATUS_INVALID;
        return;
    }
    if (makes) {
        record_complete(&product_schema, input, run->catalog->options.currency, &run->faults);
    }
    operation->status = run->faults.count > 0 ? STATUS_INVALID : change_decide(&change, now, &write);
    if (operation->status == STATUS_OK && write.record != NULL && !write.deleted) {
        operation->status = check_constraints(run, operation, write.record, now);
    }
    if (operation->status != STATUS_OK) {
        place_faults(run, makes ? "/product" : "/patch");
    } else if (write.record != NULL) {
        keep_row(run, operation, &write, now);
    } else {
        leave_row(run, operation, now);
    }
}

/* Faults that are found now are of this time of the way only. */
static void decide_with_faults(struct batch_run *run, size_t number)
{
    struct batch_operation *operation = &run->batch->operations[number];
    struct fault *faults;

    operation->result = (struct change_result){0};
    operation->faults = operation->given_faults;
    operation->fault_count = operation->given_fault_count;
    operation->status = STATUS_INVALID;
    if (operation->fault_count > 0) {
        return;
    }
    run->faults.count = 0;
    run->faults.truncated = false;
    decide(run, number);
    if (run->faults.count > 0) {
        faults = arena_alloc(run->scope->arena, run->faults.count * sizeof *faults);
        memcpy(faults, run->faults.item, run->faults.count * sizeof *faults);
        operation->faults = faults;
        operation->fault_count = run->faults.count;
    }
}

/* --- all of them --- */

static bool is_ours(enum status status)
{
    return status == STATUS_UNAVAILABLE || status == STATUS_DEADLINE || status == STATUS_INTERNAL ||
           status == STATUS_TOO_LARGE || status == STATUS_UNCERTAIN;
}

enum status batch_decide(struct batch_run *run)
{
    bool all_good = true;

    for (size_t i = 0; i < run->batch->count; i++) {
        decide_with_faults(run, i);
        if (is_ours(run->batch->operations[i].status)) {
            return run->batch->operations[i].status;
        }
        all_good = all_good && run->batch->operations[i].status == STATUS_OK;
    }
    return run->batch->atomic && !all_good ? STATUS_INVALID : STATUS_OK;
}

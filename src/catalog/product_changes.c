/* The changes of products: what each makes of the product as it is. */
#include "catalog/product_change.h"

#include "catalog_internal.h"
#include "product_change_internal.h"

#include "base/uuid.h"

static struct text make_id(struct scope *scope)
{
    char made[UUID_TEXT_LENGTH + 1];

    uuid_make(made);
    return arena_copy(scope->arena, text_of(made));
}

/* Server-made values are the stored ones, then stamped for the new version. */
static enum status write_version(struct change *change, const struct stored_product *now, struct record *record,
                                 struct product_write *write)
{
    enum status status;

    record_set(record, PRODUCT_ID, now->record.value[PRODUCT_ID]);
    status = change_stamp(change, now, record);
    write->record = record;
    return status;
}

/* A copy of the product as it is, to be written as another version. */
static struct record *copy_of(struct change *change, const struct stored_product *now)
{
    struct record *record = arena_alloc(change->scope->arena, sizeof *record);

    *record = now->record;
    return record;
}

/* --- create --- */

enum status catalog_product_create(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct record *input, struct faults *faults, struct change_result *result)
{
    struct change change = {.catalog = catalog, .scope = scope, .options = options, .faults = faults, .result = result};

    *result = (struct change_result){0};
    record_complete(&product_schema, input, catalog->options.currency, faults);
    if (faults->count > 0) {
        change.input = input;
        return change_refuse(&change);
    }
    if (options->expectation.match && !options->expectation.any) {
        return STATUS_STALE; /* the collection has no version */
    }
    record_set(input, PRODUCT_ID, make_id(scope));
    return change_create(&change, input);
}

/* --- put --- */

enum status decide_put(struct change *change, const struct stored_product *now, struct product_write *write)
{
    enum status status;

    if (now == NULL) {
        record_set(change->input, PRODUCT_ID, change->id.data != NULL ? change->id : make_id(change->scope));
        write->record = change->input;
        write->type = "product.created";
        return change_stamp(change, NULL, change->input);
    }
    status = change_compare(change, now, change->input, &write->field_versions);
    if (status != STATUS_OK || write->field_versions.data == NULL) {
        return status;
    }
    write->type = "product.updated";
    return write_version(change, now, change->input, write);
}

static enum status put(struct change *change)
{
    *change->result = (struct change_result){0};
    record_complete(&product_schema, change->input, change->catalog->options.currency, change->faults);
    if (change->faults->count > 0) {
        return change_refuse(change);
    }
    change->decide = decide_put;
    change->may_create = true;
    return change_run(change);
}

enum status catalog_product_put(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                struct text id, struct record *input, struct faults *faults,
                                struct change_result *result)
{
    return put(&(struct change){.catalog = catalog,
                                .scope = scope,
                                .options = options,
                                .id = id,
                                .input = input,
                                .faults = faults,
                                .result = result});
}

enum status catalog_product_put_by_sku(struct catalog *catalog, struct scope *scope,
                                       const struct change_options *options, struct text sku, struct record *input,
                                       struct faults *faults, struct change_result *result)
{
    return put(&(struct change){.catalog = catalog,
                                .scope = scope,
                                .options = options,
                                .sku = sku,
                                .input = input,
                                .faults = faults,
                                .result = result});
}

/* --- edit --- */

enum status decide_edit(struct change *change, const struct stored_product *now, struct product_write *write)
{
    struct record *edited = copy_of(change, now);
    enum status status;

    status = change->edit(change->context, change->scope, &now->record, edited, change->faults);
    if (status == STATUS_INVALID && change->in_batch) {
        write->record = edited;
        return status;
    }
    if (status == STATUS_INVALID) {
        record_set(edited, PRODUCT_ID, now->record.value[PRODUCT_ID]);
        (void)change_add_references(change, edited);
    }
    if (status == STATUS_OK) {
        status = change_compare(change, now, edited, &write->field_versions);
    }
    if (status != STATUS_OK || write->field_versions.data == NULL) {
        return status;
    }
    write->type = "product.updated";
    return write_version(change, now, edited, write);
}

enum status catalog_product_edit(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                 struct text id, product_edit edit, void *context, struct faults *faults,
                                 struct change_result *result)
{
    *result = (struct change_result){0};
    return change_run(&(struct change){.catalog = catalog,
                                       .scope = scope,
                                       .options = options,
                                       .id = id,
                                       .decide = decide_edit,
                                       .edit = edit,
                                       .context = context,
                                       .faults = faults,
                                       .result = result});
}

/* --- delete and restore --- */

enum status decide_delete(struct change *change, const struct stored_product *now, struct product_write *write)
{
    write->type = "product.deleted";
    write->deleted = true;
    return write_version(change, now, copy_of(change, now), write);
}

enum status catalog_product_delete(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct text id, struct change_result *result)
{
    struct faults none;

    faults_init(&none, scope->arena);
    *result = (struct change_result){0};
    return change_run(&(struct change){.catalog = catalog,
                                       .scope = scope,
                                       .options = options,
                                       .id = id,
                                       .decide = decide_delete,
                                       .faults = &none,
                                       .result = result});
}

static enum status decide_restore(struct change *change, const struct stored_product *now, struct product_write *write)
{
    if (!now->deleted) {
        return STATUS_OK;
    }
    write->type = "product.restored";
    return write_version(change, now, copy_of(change, now), write);
}

enum status catalog_product_restore(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                    struct text id, struct faults *faults, struct change_result *result)
{
    *result = (struct change_result){0};
    return change_run(&(struct change){.catalog = catalog,
                                       .scope = scope,
                                       .options = options,
                                       .id = id,
                                       .restores = true,
                                       .decide = decide_restore,
                                       .faults = faults,
                                       .result = result});
}

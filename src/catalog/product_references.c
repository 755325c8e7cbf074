/* What only the database can tell of a product: whether its category exists, and whose its sku is. */
#include "product_change_internal.h"

#include "catalog_internal.h"

enum status change_unknown_category(struct faults *faults)
{
    faults_add(faults, FAULT_IN_BODY, "/category_id", "unknown_category", "must be the id of a category");
    return STATUS_INVALID;
}

enum status change_taken_sku(struct faults *faults)
{
    faults_add(faults, FAULT_IN_BODY, "/sku", "taken", "is the sku of another product");
    return STATUS_CONFLICT;
}

enum status change_add_references(struct change *change, const struct record *record)
{
    struct product_references references = {.category_exists = true};
    enum status status = STATUS_OK;

    /* Where the database cannot be asked, the faults that are known must do. */
    if (product_write_check(change->catalog->options.pg, change->scope, record, &references) != STATUS_OK) {
        return STATUS_OK;
    }
    if (!references.category_exists) {
        status = change_unknown_category(change->faults);
    }
    if (references.sku_taken) {
        const enum status taken = change_taken_sku(change->faults);
        status = status == STATUS_OK ? taken : status;
    }
    return status;
}

enum status change_refuse(struct change *change)
{
    const enum status status = change_replay(change);
    struct record wanted = *change->input;

    if (status == STATUS_OK || status == STATUS_KEY_REUSED) {
        return status;
    }
    record_set(&wanted, PRODUCT_ID, change->id);
    if (change->sku.data != NULL) {
        wanted.value[PRODUCT_SKU] = TEXT_ABSENT; /* whoever has it is the product that is meant */
    }
    (void)change_add_references(change, &wanted);
    return STATUS_INVALID;
}

/* A look that finds nothing any more comes too late, and what was found first is told. */
enum status change_explain(struct change *change, enum status status, const struct record *record)
{
    const enum status found = change_add_references(change, record);

    if (found != STATUS_OK) {
        return found;
    }
    return status == STATUS_NOT_FOUND ? change_unknown_category(change->faults) : change_taken_sku(change->faults);
}

/* What a batch is about: the products, skus and categories that its operations name, in one read. */
#include "batch_run.h"

#include "catalog_internal.h"

#define LOADED_BYTES_MAX ((size_t)32 << 20)

/* Every key that an operation names; a patch may name another sku, and another category, which is seen later. */
static void collect_keys(struct batch_run *run, struct batch_keys *keys)
{
    const size_t count = run->batch->count;
    struct text *ids = arena_alloc(run->scope->arena, count * sizeof *ids);
    struct text *skus = arena_alloc(run->scope->arena, count * sizeof *skus);
    struct text *categories = arena_alloc(run->scope->arena, count * sizeof *categories);

    *keys = (struct batch_keys){.ids = ids, .skus = skus, .categories = categories};
    for (size_t i = 0; i < count; i++) {
        const struct batch_operation *operation = &run->batch->operations[i];
        const struct text given = operation->input.value[PRODUCT_SKU];
        const struct text sku = operation->kind == BATCH_UPSERT || given.data == NULL ? operation->sku : given;
        if (operation->id.data != NULL) {
            ids[keys->id_count++] = operation->id;
        }
        if (sku.data != NULL) {
            skus[keys->sku_count++] = sku;
        }
        if (operation->input.value[PRODUCT_CATEGORY_ID].data != NULL) {
            categories[keys->category_count++] = operation->input.value[PRODUCT_CATEGORY_ID];
        }
    }
}

void batch_claim_sku(struct batch_run *run, struct text sku, struct stored_product *product, struct text id)
{
    struct batch_claim *claim = arena_alloc(run->scope->arena, sizeof *claim);

    *claim = (struct batch_claim){.product = product, .id = id};
    batch_table_find(&run->skus, sku, true)->value = claim;
}

static void note_found(struct batch_run *run, struct batch_found *found)
{
    for (size_t i = 0; i < found->product_count; i++) {
        struct stored_product *product = &found->products[i];
        const struct text sku = product->record.value[PRODUCT_SKU];
        batch_table_find(&run->ids, product->record.value[PRODUCT_ID], true)->value = product;
        if (sku.data != NULL && !product->deleted) {
            batch_claim_sku(run, sku, product, product->record.value[PRODUCT_ID]);
        }
    }
    for (size_t i = 0; i < found->category_count; i++) {
        (void)batch_table_find(&run->categories, found->categories[i], true);
    }
}

enum status batch_look_up(struct batch_run *run)
{
    /* Products by id and by sku, and as many again with the skus of patches. */
    const size_t most = 4 * run->batch->count;
    struct batch_keys keys;
    struct batch_found found;
    enum status status;

    batch_table_init(&run->ids, run->scope->arena, most);
    batch_table_init(&run->skus, run->scope->arena, most);
    batch_table_init(&run->touched, run->scope->arena, most);
    batch_table_init(&run->categories, run->scope->arena, most);
    run->intents = arena_alloc(run->scope->arena, run->batch->count * sizeof *run->intents);
    run->rows = arena_alloc(run->scope->arena, run->batch->count * sizeof *run->rows);
    run->row_count = 0;
    collect_keys(run, &keys);
    status = product_batch_load(run->catalog->options.pg, run->scope, &keys, LOADED_BYTES_MAX, &found);
    if (status == STATUS_OK) {
        note_found(run, &found);
    }
    return status;
}

enum status batch_look_up_late(struct batch_run *run)
{
    const size_t count = run->batch->count;
    struct text *skus = arena_alloc(run->scope->arena, count * sizeof *skus);
    struct text *categories = arena_alloc(run->scope->arena, count * sizeof *categories);
    struct batch_keys keys = {.skus = skus, .categories = categories};
    struct batch_found found;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count; i++) {
        const struct record *record = run->intents[i].write.record;
        if (record == NULL ||
            (run->batch->operations[i].kind != BATCH_UPDATE && run->batch->operations[i].kind != BATCH_MERGE)) {
            continue;
        }
        if (record->value[PRODUCT_SKU].data != NULL &&
            batch_table_find(&run->skus, record->value[PRODUCT_SKU], false) == NULL) {
            skus[keys.sku_count++] = record->value[PRODUCT_SKU];
        }
        if (record->value[PRODUCT_CATEGORY_ID].data != NULL &&
            batch_table_find(&run->categories, record->value[PRODUCT_CATEGORY_ID], false) == NULL) {
            categories[keys.category_count++] = record->value[PRODUCT_CATEGORY_ID];
        }
    }
    if (keys.sku_count + keys.category_count > 0) {
        status = product_batch_load(run->catalog->options.pg, run->scope, &keys, LOADED_BYTES_MAX, &found);
        if (status == STATUS_OK) {
            note_found(run, &found);
        }
    }
    return status;
}

struct stored_product *batch_find_product(struct batch_run *run, const struct batch_operation *operation)
{
    const struct batch_entry *entry = NULL;

    switch (operation->kind) {
    case BATCH_UPDATE:
    case BATCH_DELETE:
        entry = batch_table_find(&run->ids, operation->id, false);
        return entry != NULL ? entry->value : NULL;
    case BATCH_MERGE:
        if (operation->id.data != NULL) {
            entry = batch_table_find(&run->ids, operation->id, false);
            return entry != NULL ? entry->value : NULL;
        }
        if (operation->sku.data == NULL) {
            return NULL;
        }
        entry = batch_table_find(&run->skus, operation->sku, false);
        return entry != NULL ? ((struct batch_claim *)entry->value)->product : NULL;
    case BATCH_UPSERT:
        entry = batch_table_find(&run->skus, operation->sku, false);
        return entry != NULL ? ((struct batch_claim *)entry->value)->product : NULL;
    case BATCH_CREATE:
    default:
        return NULL;
    }
}

/* The way of a batch: what is kept for its key, the products that it is about in one read, a decision for each operation
 * in its order, the answer, and all that is to be written in one statement. Where another change comes first, the way is
 * gone again. */
#include "catalog/product_batch.h"

#include "batch_table.h"
#include "catalog_internal.h"
#include "product_change_internal.h"

#include "base/log.h"
#include "base/uuid.h"
#include "cache/product_cache.h"
#include "store/idempotency_store.h"
#include "store/product_batch_store.h"

#include <string.h>

/* Each time that others come first, one of them is done: the deadline is what ends it, as a rule. */
#define TRIES_MAX 100
#define TRY_BLOCK_BYTES ((size_t)64 * 1024)
#define LOADED_BYTES_MAX ((size_t)32 << 20)
#define ANSWER_BYTES_MAX ((size_t)16 << 20)

/* What an operation comes to, before it is known whether the sku and the category of it will do. */
struct intent {
    struct stored_product *now; /* NULL: there is no such product */
    struct product_write write; /* its record is NULL where nothing is to be written */
};

/* One time the way. */
struct run {
    struct catalog *catalog;
    struct scope *scope;
    const struct change_options *options;
    struct batch *batch;
    struct faults faults;       /* of the operation that is looked at */
    struct batch_table ids;     /* of products that there are: stored_product */
    struct batch_table skus;    /* of live ones, and of those that will be: a claim */
    struct batch_table touched; /* ids and skus that an operation before was about: its number */
    struct batch_table categories;
    struct intent *intents; /* one for each operation */
    struct batch_row *rows;
    size_t row_count;
};

/* Whose a sku is, or will be. */
struct claim {
    struct stored_product *product; /* NULL: of one that is yet to be made */
    struct text id;
};

/* --- what is there --- */

/* Every key that an operation names; a patch may name another sku, and another category, which is seen later. */
static void collect_keys(struct run *run, struct batch_keys *keys)
{
    const size_t count = run->batch->count;
    struct text *ids = arena_alloc(run->scope->arena, count * sizeof *ids);
    struct text *skus = arena_alloc(run->scope->arena, count * sizeof *skus);
    struct text *categories = arena_alloc(run->scope->arena, count * sizeof *categories);

    *keys = (struct batch_keys){.ids = ids, .skus = skus, .categories = categories};
    for (size_t i = 0; i < count; i++) {
        const struct batch_operation *operation = &run->batch->operations[i];
        const struct text sku = operation->kind == BATCH_UPSERT ? operation->sku : operation->input.value[PRODUCT_SKU];
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

static void claim_sku(struct run *run, struct text sku, struct stored_product *product, struct text id)
{
    struct claim *claim = arena_alloc(run->scope->arena, sizeof *claim);

    *claim = (struct claim){.product = product, .id = id};
    batch_table_find(&run->skus, sku, true)->value = claim;
}

static void note_found(struct run *run, struct batch_found *found)
{
    for (size_t i = 0; i < found->product_count; i++) {
        struct stored_product *product = &found->products[i];
        const struct text sku = product->record.value[PRODUCT_SKU];
        batch_table_find(&run->ids, product->record.value[PRODUCT_ID], true)->value = product;
        if (sku.data != NULL && !product->deleted) {
            claim_sku(run, sku, product, product->record.value[PRODUCT_ID]);
        }
    }
    for (size_t i = 0; i < found->category_count; i++) {
        (void)batch_table_find(&run->categories, found->categories[i], true);
    }
}

static enum status look(struct run *run)
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

/* --- one operation --- */

/* Adds the operation to those that are about a product or a sku; false where another is already. */
static bool touch(struct run *run, size_t number, struct text key, const char *pointer)
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

/* Finds the product that an operation is about; NULL where there is none. */
static struct stored_product *find_product(struct run *run, const struct batch_operation *operation)
{
    const struct batch_entry *entry = NULL;

    switch (operation->kind) {
    case BATCH_UPDATE:
    case BATCH_DELETE:
        entry = batch_table_find(&run->ids, operation->id, false);
        return entry != NULL ? entry->value : NULL;
    case BATCH_UPSERT:
        entry = batch_table_find(&run->skus, operation->sku, false);
        return entry != NULL ? ((struct claim *)entry->value)->product : NULL;
    case BATCH_CREATE:
    default:
        return NULL;
    }
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

static bool is_about_another(struct run *run, size_t number, const struct stored_product *now)
{
    const struct batch_operation *operation = &run->batch->operations[number];

    if (now != NULL) {
        return touch(run, number, now->record.value[PRODUCT_ID], operation->kind == BATCH_UPSERT ? "/sku" : "/id");
    }
    return operation->kind != BATCH_UPSERT || touch(run, number, operation->sku, "/sku");
}

static void keep_row(struct run *run, struct batch_operation *operation, const struct product_write *write,
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
static void leave_row(struct run *run, struct batch_operation *operation, const struct stored_product *now)
{
    operation->result.id = now->record.value[PRODUCT_ID];
    operation->status = catalog_render(run->catalog, run->scope, &now->record, &operation->result.view);
}

/* Faults of the product stand in the operation's member that makes it so; those of a patch itself stand there already. */
static void place_faults(struct run *run, size_t first, const char *member)
{
    for (size_t i = first; i < run->faults.count; i++) {
        struct fault *fault = &run->faults.item[i];
        if (!text_starts_with(text_of(fault->where), text_of(member))) {
            fault->where = arena_printf(run->scope->arena, "%s%s", member, fault->where).data;
        }
    }
}

static bool makes(const struct batch_operation *operation)
{
    return operation->kind == BATCH_CREATE || operation->kind == BATCH_UPSERT;
}

static const char *member_of(const struct batch_operation *operation)
{
    return makes(operation) ? "/product" : "/patch";
}

static void decide(struct run *run, size_t number)
{
    struct batch_operation *operation = &run->batch->operations[number];
    struct intent *intent = &run->intents[number];
    const struct change_options options = {.expectation = operation->expectation};
    struct record *input = arena_alloc(run->scope->arena, sizeof *input);
    const size_t given = run->faults.count;
    struct change change = {
        .catalog = run->catalog,
        .scope = run->scope,
        .options = &options,
        .may_create = makes(operation),
        .decide = decision_of(operation->kind),
        .input = input,
        .edit = run->batch->edit,
        .context = operation->patch,
        .in_batch = true,
        .faults = &run->faults,
        .result = &operation->result,
    };

    *input = operation->input;
    if (makes(operation) && (given == 0 || input->given != 0)) {
        record_complete(&product_schema, input, run->catalog->options.currency, &run->faults);
        place_faults(run, given, member_of(operation));
    }
    if (run->faults.count > 0) {
        operation->status = STATUS_INVALID;
        intent->write.record = makes(operation) ? input : NULL;
        return;
    }
    intent->now = find_product(run, operation);
    if (!is_about_another(run, number, intent->now)) {
        operation->status = STATUS_INVALID;
        return;
    }
    operation->status = change_decide(&change, intent->now, &intent->write);
    place_faults(run, 0, member_of(operation));
}

/* What patches have set may not have been looked up yet. */
static enum status look_up_late(struct run *run)
{
    const size_t count = run->batch->count;
    struct text *skus = arena_alloc(run->scope->arena, count * sizeof *skus);
    struct text *categories = arena_alloc(run->scope->arena, count * sizeof *categories);
    struct batch_keys keys = {.skus = skus, .categories = categories};
    struct batch_found found;
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count; i++) {
        const struct record *record = run->intents[i].write.record;
        if (record == NULL || run->batch->operations[i].kind != BATCH_UPDATE) {
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

/* What the constraints of the database would say of this row alone. The sku of one that will be written is its own from
 * here on. */
static void check_constraints(struct run *run, struct batch_operation *operation, const struct intent *intent)
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
    if (holder != NULL && !owns_any && !text_equal(((struct claim *)holder->value)->id, own)) {
        faults_add(&run->faults, FAULT_IN_BODY,
                   operation->kind == BATCH_UPSERT ? "/sku" : arena_printf(run->scope->arena, "%s/sku", member).data,
                   "taken", "is the sku of another product");
        operation->status = operation->status == STATUS_OK ? STATUS_CONFLICT : operation->status;
    }
    if (operation->status == STATUS_OK && sku.data != NULL && holder == NULL) {
        claim_sku(run, sku, intent->now, record->value[PRODUCT_ID]);
    }
}

static void settle(struct run *run, size_t number)
{
    struct batch_operation *operation = &run->batch->operations[number];
    const struct intent *intent = &run->intents[number];

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
static void take_step(struct run *run, size_t number, void (*step)(struct run *run, size_t number))
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
    return status == STATUS_UNAVAILABLE || status == STATUS_DEADLINE || status == STATUS_INTERNAL ||
           status == STATUS_TOO_LARGE || status == STATUS_UNCERTAIN;
}

/* Takes a step of every operation; what is no fault of an operation is one of the whole. */
static enum status step_all(struct run *run, void (*step)(struct run *run, size_t number))
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
static enum status decide_all(struct run *run)
{
    enum status status;
    bool all_good = true;

    for (size_t i = 0; i < run->batch->count; i++) {
        struct batch_operation *operation = &run->batch->operations[i];
        operation->result = (struct change_result){0};
        operation->faults = operation->given_faults;
        operation->fault_count = operation->given_fault_count;
    }
    status = step_all(run, decide);
    if (status == STATUS_OK) {
        status = look_up_late(run);
    }
    if (status == STATUS_OK) {
        status = step_all(run, settle);
    }
    for (size_t i = 0; status == STATUS_OK && i < run->batch->count; i++) {
        all_good = all_good && run->batch->operations[i].status == STATUS_OK;
    }
    return status == STATUS_OK && run->batch->atomic && !all_good ? STATUS_INVALID : status;
}

static enum status render(struct run *run, struct text *answer)
{
    struct strbuf out;
    enum status status;

    strbuf_init(&out, ANSWER_BYTES_MAX);
    run->batch->render(run->batch->context, run->batch, &out);
    status = out.overflowed ? STATUS_TOO_LARGE : STATUS_OK;
    *answer = status == STATUS_OK ? arena_copy(run->scope->arena, strbuf_text(&out)) : TEXT_ABSENT;
    strbuf_free(&out);
    return status;
}

static enum status write_rows(struct run *run, struct text answer)
{
    const struct idempotency idempotency = {.key = run->options->key, .request = run->options->request};
    struct product_cache *cache = run->catalog->options.cache;
    struct text *changed = arena_alloc(run->scope->arena, (run->row_count + 1) * sizeof *changed);
    size_t count = 0;
    enum status status;

    if (run->row_count == 0 && idempotency.key.data == NULL) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < run->row_count && !run->options->dry_run; i++) {
        if (!run->rows[i].insert) {
            changed[count++] = run->rows[i].write.record->value[PRODUCT_ID];
        }
    }
    product_cache_begin_write(cache, run->scope, changed, count);
    status = product_batch_write(run->catalog->options.pg, run->scope, run->rows, run->row_count, &idempotency, answer,
                                 run->options->dry_run);
    product_cache_end_write(cache, run->scope, change_outcome(status));
    return status;
}

/* The process that carried the batch out may have died before it told the cache. */
static void tell_cache(struct run *run, struct text changed)
{
    struct product_cache *cache = run->catalog->options.cache;
    struct text *ids = arena_alloc(run->scope->arena, BATCH_OPERATIONS_MAX * sizeof *ids);
    size_t count = 0;

    while (changed.data != NULL && count < BATCH_OPERATIONS_MAX) {
        ids[count++] = text_split(changed, ',', &changed);
    }
    product_cache_begin_write(cache, run->scope, ids, count);
    product_cache_end_write(cache, run->scope, CACHE_COMMITTED);
}

static enum status replay(struct run *run, struct text *answer)
{
    const struct idempotency idempotency = {.key = run->options->key, .request = run->options->request};
    struct kept_answer kept;
    enum status status = idempotency_store_find(run->catalog->options.pg, run->scope, &idempotency, &kept);

    if (status == STATUS_OK) {
        tell_cache(run, kept.changed);
        *answer = kept.body;
    }
    return status;
}

/* Once the way, from what is there to what is written. */
static enum status try_once(struct run *run, struct text *answer, bool *again)
{
    enum status status = look(run);

    if (status == STATUS_OK) {
        status = decide_all(run);
    }
    if (status == STATUS_OK) {
        status = render(run, answer);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = write_rows(run, *answer);
    /* Each of these was looked for before, and came into being since. */
    *again = status == STATUS_STALE || status == STATUS_CONFLICT || status == STATUS_NOT_FOUND;
    return status;
}

static void release_arena(void *arena)
{
    arena_free(arena);
}

/* The same in memory of its own, which stays only where it is the last time. */
static enum status try_apart(struct run *run, struct text *answer, bool *again)
{
    struct arena *outer = run->scope->arena;
    struct arena *own = arena_new(TRY_BLOCK_BYTES);
    enum status status;

    run->scope->arena = own;
    run->faults.arena = own;
    status = try_once(run, answer, again);
    run->scope->arena = outer;
    run->faults.arena = outer;
    if (*again) {
        arena_free(own);
    } else {
        arena_defer(outer, release_arena, own);
    }
    return status;
}

/* A failure may be the work of the first request with this key, which was not done yet when its answer was looked for.
 * Its answer then. Where that cannot be told, no such failure is either. */
static enum status find_first(struct run *run, enum status status, struct text *answer, bool *replayed)
{
    const enum status kept = replay(run, answer);

    *replayed = kept == STATUS_OK;
    if (kept == STATUS_NOT_FOUND || (status == STATUS_UNCERTAIN && kept != STATUS_OK && kept != STATUS_KEY_REUSED)) {
        return status;
    }
    return kept;
}

enum status catalog_product_batch(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                  struct batch *batch, struct text *answer, bool *replayed)
{
    struct run run = {.catalog = catalog, .scope = scope, .options = options, .batch = batch};
    const bool has_key = options->key.data != NULL && !options->dry_run;
    enum status status = has_key ? replay(&run, answer) : STATUS_NOT_FOUND;
    bool again = true;

    faults_init(&run.faults, scope->arena);
    *replayed = status == STATUS_OK;
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    if (options->expectation.match && !options->expectation.any) {
        return STATUS_STALE; /* a batch has no version */
    }
    for (int tries = 0; again && tries < TRIES_MAX; tries++) {
        again = false;
        status = tries == 0 ? try_once(&run, answer, &again) : try_apart(&run, answer, &again);
    }
    if (again) {
        log_warning("the products of a batch change faster than it can be carried out");
        status = STATUS_UNAVAILABLE;
    }
    if (has_key &&
        (again || status == STATUS_INVALID || status == STATUS_IN_PROGRESS || status == STATUS_UNCERTAIN)) {
        return find_first(&run, status, answer, replayed);
    }
    return status;
}

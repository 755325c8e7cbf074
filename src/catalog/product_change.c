/* The way of every change of a product: what is kept for its key, the product as it is, the expectation, the decision,
 * the write between the cache's marks. Where another change comes first, the way is gone again. */
#include "catalog/product_change.h"

#include "catalog_internal.h"
#include "field_versions.h"
#include "joint_insert.h"
#include "kept_answer.h"
#include "product_change_internal.h"

#include "base/log.h"
#include "cache/product_cache.h"
#include "store/product_write.h"

#include <string.h>

/* Each time that another change comes first, that one is done: where W workers change one product without a pause, one of
 * them loses W-1 of W times. */
#define TRIES_MAX 100
#define TRY_BLOCK_BYTES ((size_t)16 * 1024)

/* --- the expectation --- */

static enum status be_stale(struct change *change, const struct stored_product *now)
{
    return expectation_fail(change->scope->arena, &change->options->expectation, now != NULL ? now->version : 0,
                            now != NULL ? now->set_by : TEXT_ABSENT, change->result);
}

/* Whether the change may be made of the product as it is. */
static enum status check_expectation(struct change *change, const struct stored_product *now)
{
    const struct expectation *expectation = &change->options->expectation;

    if (expectation->absent && now != NULL && !now->deleted) {
        return be_stale(change, now);
    }
    if (!expectation->match) {
        return STATUS_OK;
    }
    if (now == NULL) {
        return be_stale(change, NULL);
    }
    if (expectation_names(expectation, now->version)) {
        return STATUS_OK;
    }
    /* Only an edit tells what it is to set. */
    change->merging = change->decide == decide_edit && expectation_merges(expectation, now->version);
    return change->merging ? STATUS_OK : be_stale(change, now);
}

/* --- what a write changes --- */

enum status change_compare(struct change *change, const struct stored_product *now, const struct record *edited,
                           struct text *field_versions)
{
    const struct text others = change->merging ? fields_set_after(change->scope->arena, now->set_by,
                                                                  expectation_newest(&change->options->expectation))
                                               : TEXT_ABSENT;

    return fields_compare(change->scope->arena, &product_schema, &now->record, edited, others, now->version + 1,
                          field_versions)
               ? STATUS_OK
               : be_stale(change, now);
}

enum status change_stamp(struct change *change, const struct stored_product *now, struct record *record)
{
    static const struct stamp stamp = {PRODUCT_VERSION, PRODUCT_CREATED_AT, PRODUCT_UPDATED_AT};

    return catalog_stamp(change->catalog, change->scope, &stamp, now != NULL ? &now->record : NULL, record);
}

/* --- kept answers --- */

static struct cache_marks marks_of(const struct change *change)
{
    return (struct cache_marks){.products = &change->result->id, .product_count = 1, .all_categories = true};
}

enum status change_replay(struct change *change)
{
    const struct cache_marks owed = marks_of(change);

    return kept_answer_find(change->catalog, change->scope, change->options, &owed, change->result);
}

static enum status settle(struct change *change, enum status status)
{
    const struct cache_marks owed = marks_of(change);

    return kept_answer_settle(change->catalog, change->scope, change->options, &owed, status, change->result);
}

/* --- the write --- */

/* Writes between the cache's marks. Nobody has ever read a product that is yet to be made: its insertion changes but the
 * lists of its category. */
static enum status write_marked(struct change *change, const struct product_write *write, bool insert,
                                struct cache_ticket *ticket)
{
    struct product_cache *cache = change->catalog->options.cache;
    struct pg *pg = change->catalog->options.pg;
    const struct text id = write->record->value[PRODUCT_ID];
    const struct text categories[] = {write->record->value[PRODUCT_CATEGORY_ID], change->category_before};
    const struct cache_marks marks = {
        .products = &id, .product_count = insert ? 0 : 1, .categories = categories, .category_count = insert ? 1 : 2};
    enum status status = catalog_begin_write(change->catalog, change->scope, &marks);

    if (status != STATUS_OK) {
        return status;
    }
    *ticket = product_cache_note(cache, id);
    status = insert ? product_write_insert(pg, change->scope, write) : product_write_update(pg, change->scope, write);
    product_cache_end_write(cache, change->scope, change_outcome(status));
    if (!insert) {
        *ticket = product_cache_written(cache);
    }
    return status;
}

/* With others, where that is possible: a key is a row of its own request. */
static enum status insert_marked(struct change *change, const struct product_write *write, struct cache_ticket *ticket)
{
    struct catalog *catalog = change->catalog;
    bool alone = change->scope->gatherer == NULL || write->idempotency.key.data != NULL;
    enum status status = STATUS_OK;

    if (!alone) {
        *ticket = product_cache_note(catalog->options.cache, write->record->value[PRODUCT_ID]);
        status = joint_insert(catalog, change->scope, write, &alone);
    }
    return alone ? write_marked(change, write, true, ticket) : status;
}

static enum status write_out(struct change *change, struct product_write *write, bool insert)
{
    struct pg *pg = change->catalog->options.pg;
    struct product_view view = {0};
    struct cache_ticket ticket = {0};
    enum status status = catalog_render(change->catalog, change->scope, write->record, &view);

    if (status != STATUS_OK) {
        return status;
    }
    write->json = view.json;
    write->dry_run = change->options->dry_run;
    write->idempotency = kept_answer_identity(change->options);
    if (write->dry_run) {
        status =
            insert ? product_write_insert(pg, change->scope, write) : product_write_update(pg, change->scope, write);
    } else {
        status = insert ? insert_marked(change, write, &ticket) : write_marked(change, write, false, &ticket);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *change->result = (struct change_result){.id = write->record->value[PRODUCT_ID], .view = view, .created = insert};
    if (write->dry_run || write->deleted) {
        return STATUS_OK;
    }
    if (insert) {
        catalog_keep_created(change->catalog, change->result->id, &view, &ticket);
    } else {
        catalog_keep(change->catalog, change->scope, change->result->id, &view, &ticket);
    }
    return STATUS_OK;
}

/* Nothing is to be changed: the answer is the product as it is. It is kept all the same: a retry that comes when others
 * have changed the product must not change it back. */
static enum status leave(struct change *change, const struct stored_product *now)
{
    struct product_write write = {.record = &now->record, .idempotency = kept_answer_identity(change->options)};
    enum status status = catalog_render(change->catalog, change->scope, &now->record, &change->result->view);

    change->result->id = now->record.value[PRODUCT_ID];
    if (status == STATUS_OK && kept_answer_wanted(change->options)) {
        write.json = change->result->view.json;
        status = product_write_keep(change->catalog->options.pg, change->scope, &write);
    }
    return status;
}

enum status change_create(struct change *change, struct record *record)
{
    struct product_write write = {.record = record, .type = "product.created"};
    enum status status = change_stamp(change, NULL, record);
    bool expired = true;

    /* No look at what is kept comes first: the row itself tells where there is one. One that has expired goes then. */
    for (int tries = 0; status == STATUS_OK && expired && tries < 2; tries++) {
        status = write_out(change, &write, true);
        expired = status == STATUS_IN_PROGRESS &&
                  strcmp(pg_constraint(change->catalog->options.pg), "idempotency_taken") == 0;
        status = settle(change, status);
        expired = expired && status == STATUS_IN_PROGRESS;
        status = expired && tries == 0 ? STATUS_OK : status;
    }
    return status == STATUS_NOT_FOUND || status == STATUS_CONFLICT ? change_explain(change, status, record) : status;
}

/* True where the row that a create would make came into being meanwhile: it is to be looked at again. */
static bool came_first(const struct change *change, enum status status)
{
    const char *constraint = pg_constraint(change->catalog->options.pg);

    return status == STATUS_CONFLICT && (strcmp(constraint, "product_pkey") == 0 ||
                                         (change->sku.data != NULL && strcmp(constraint, "product_sku_taken") == 0));
}

static enum status load(struct change *change, struct stored_product *now)
{
    struct pg *pg = change->catalog->options.pg;

    return change->sku.data != NULL ? product_write_load_by_sku(pg, change->scope, change->sku, now)
                                    : product_write_load(pg, change->scope, change->id, now);
}

enum status change_decide(struct change *change, const struct stored_product *now, struct product_write *write)
{
    enum status status;

    if (now != NULL && now->deleted && !change->restores) {
        return STATUS_GONE;
    }
    change->merging = false;
    status = now != NULL || change->may_create ? check_expectation(change, now) : STATUS_NOT_FOUND;
    return status == STATUS_OK ? change->decide(change, now, write) : status;
}

/* One time the way. STATUS_STALE with *again: another change came first. */
static enum status try_once(struct change *change, bool *again)
{
    struct stored_product now = {0};
    struct product_write write = {0};
    bool exists;
    enum status status = load(change, &now);

    if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
        return status;
    }
    exists = status == STATUS_OK;
    change->category_before = exists ? now.record.value[PRODUCT_CATEGORY_ID] : TEXT_ABSENT;
    status = change_decide(change, exists ? &now : NULL, &write);
    if (status != STATUS_OK) {
        return status;
    }
    status = write.record != NULL ? write_out(change, &write, !exists) : leave(change, &now);
    *again = status == STATUS_STALE || (!exists && came_first(change, status));
    return *again || (status != STATUS_NOT_FOUND && status != STATUS_CONFLICT)
               ? status
               : change_explain(change, status, write.record);
}

static void release_arena(void *arena)
{
    arena_free(arena);
}

/* The same in memory of its own, which stays only where it is the last time: a product may have megabytes. */
static enum status try_apart(struct change *change, bool *again)
{
    struct arena *outer = change->scope->arena;
    struct arena *own = arena_new(TRY_BLOCK_BYTES);
    enum status status;

    change->scope->arena = own;
    change->faults->arena = own;
    status = try_once(change, again);
    change->scope->arena = outer;
    change->faults->arena = outer;
    if (*again) {
        arena_free(own);
    } else {
        arena_defer(outer, release_arena, own);
    }
    return status;
}

enum status change_run(struct change *change)
{
    enum status status = change_replay(change);
    bool again = true;

    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    for (int tries = 0; again && tries < TRIES_MAX; tries++) {
        again = false;
        status = tries == 0 ? try_once(change, &again) : try_apart(change, &again);
    }
    if (again) {
        log_warning("product %.*s changes faster than a change of it can be made",
                    TEXT_PRINT(change->sku.data != NULL ? change->sku : change->id));
        return STATUS_UNAVAILABLE;
    }
    return settle(change, status);
}

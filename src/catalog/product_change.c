/* The way of every change of a product: what is kept for its key, the product as it is, the expectation, the decision,
 * the write between the cache's marks. Where another change comes first, the way is gone again. */
#include "catalog/product_change.h"

#include "catalog_internal.h"
#include "expectation.h"
#include "product_change_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "cache/product_cache.h"
#include "domain/timestamp.h"
#include "store/idempotency_store.h"
#include "store/product_write.h"

#include <inttypes.h>
#include <string.h>

/* Each time that another change comes first, that one is done: where W workers change one product without a pause, one of
 * them loses W-1 of W times. */
#define TRIES_MAX 100
#define TRY_BLOCK_BYTES ((size_t)16 * 1024)

/* --- the expectation --- */

static enum status be_stale(struct change *change, const struct stored_product *now)
{
    const int64_t base = expectation_newest(&change->options->expectation);

    change->result->current_version = now != NULL ? now->version : 0;
    change->result->changed = now != NULL && base > 0 && base < now->version
                                  ? fields_set_after(change->scope->arena, now->set_by, base)
                                  : TEXT_ABSENT;
    return STATUS_STALE;
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
    /* What was set since is known only since a version that there was; and only an edit tells what it is to set. */
    change->merging = expectation->disjoint && change->decide == decide_edit && expectation_newest(expectation) > 0 &&
                      expectation_newest(expectation) < now->version;
    return change->merging ? STATUS_OK : be_stale(change, now);
}

/* --- what a write changes --- */

enum status change_compare(struct change *change, const struct stored_product *now, const struct record *edited,
                           struct text *field_versions)
{
    struct text list = TEXT_ABSENT;
    const struct text others = change->merging ? fields_set_after(change->scope->arena, now->set_by,
                                                                  expectation_newest(&change->options->expectation))
                                               : TEXT_ABSENT;

    for (size_t i = 0; i < product_schema.count; i++) {
        const struct field *field = &product_schema.fields[i];
        if ((field->flags & FIELD_SERVER) != 0 || text_equal(now->record.value[i], edited->value[i])) {
            continue;
        }
        if (fields_have(others, field->name)) {
            return be_stale(change, now);
        }
        list = fields_add(change->scope->arena, list, field->name, now->version + 1);
    }
    *field_versions = list.data != NULL ? arena_printf(change->scope->arena, "{%.*s}", TEXT_PRINT(list)) : TEXT_ABSENT;
    return STATUS_OK;
}

enum status change_stamp(struct change *change, const struct stored_product *now, struct record *record)
{
    struct arena *arena = change->scope->arena;
    char *at = arena_alloc(arena, CLOCK_TEXT_SIZE);
    int64_t at_us = 0;
    int64_t before_us = 0;
    enum status status = pg_now(change->catalog->options.pg, change->scope, &at_us);

    if (status != STATUS_OK) {
        return status;
    }
    /* A product's changes are in the order of its versions, whatever the clocks say. */
    if (now != NULL && timestamp_to_micros(now->record.value[PRODUCT_UPDATED_AT], &before_us) && at_us <= before_us) {
        at_us = before_us + 1;
    }
    clock_format_micros(at_us, at);
    record_set(record, PRODUCT_UPDATED_AT, text_of(at));
    record_set(record, PRODUCT_CREATED_AT, now != NULL ? now->record.value[PRODUCT_CREATED_AT] : text_of(at));
    record_set(record, PRODUCT_VERSION, now != NULL ? arena_printf(arena, "%" PRId64, now->version + 1) : TEXT("1"));
    return STATUS_OK;
}

/* --- kept answers --- */

static bool has_key(const struct change *change)
{
    return change->options->key.data != NULL && !change->options->dry_run;
}

static struct idempotency idempotency_of(const struct change *change)
{
    return (struct idempotency){.key = change->options->key, .request = change->options->request};
}

/* The answer of the first request with this key. The process that made the change may have died before it told the
 * cache: what it owed is done first. */
static enum status replay(struct change *change)
{
    const struct idempotency idempotency = idempotency_of(change);
    struct kept_answer kept = {0};
    enum status status = idempotency_store_find(change->catalog->options.pg, change->scope, &idempotency, &kept);

    if (status != STATUS_OK) {
        return status;
    }
    status =
        product_cache_replay(change->catalog->options.cache, change->scope,
                             &(struct cache_marks){.products = &kept.id, .product_count = 1, .all_categories = true});
    if (status != STATUS_OK) {
        return status;
    }
    *change->result = (struct change_result){
        .id = kept.id,
        .view = {.version = kept.version, .json = kept.body},
        .created = kept.version == 1 && !kept.unchanged,
        .replayed = true,
    };
    return STATUS_OK;
}

enum status change_add_references(struct change *change, const struct record *record)
{
    struct product_references references = {.category_exists = true};

    /* Where the database cannot be asked, the faults that are known must do. */
    if (product_write_check(change->catalog->options.pg, change->scope, record, &references) != STATUS_OK) {
        return STATUS_OK;
    }
    if (!references.category_exists) {
        faults_add(change->faults, FAULT_IN_BODY, "/category_id", "unknown_category", "must be the id of a category");
    }
    if (references.sku_taken) {
        faults_add(change->faults, FAULT_IN_BODY, "/sku", "taken", "is the sku of another product");
    }
    return !references.category_exists ? STATUS_INVALID : references.sku_taken ? STATUS_CONFLICT : STATUS_OK;
}

enum status change_refuse(struct change *change)
{
    const enum status status = has_key(change) ? replay(change) : STATUS_INVALID;
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

/* A failure may be the work of the first request with this key, which was not done yet when its answer was looked for:
 * the product is gone because it deleted it, the sku taken because it took it. Its answer then. Where that cannot be told,
 * no such failure is either. */
static enum status settle(struct change *change, enum status status)
{
    enum status kept;

    if (!has_key(change)) {
        return status;
    }
    switch (status) {
    case STATUS_NOT_FOUND:
    case STATUS_GONE:
    case STATUS_INVALID:
    case STATUS_CONFLICT:
    case STATUS_STALE:
    case STATUS_IN_PROGRESS:
    case STATUS_UNCERTAIN:
        break;
    case STATUS_OK:
    case STATUS_KEY_REUSED:
    case STATUS_TOO_LARGE:
    case STATUS_UNAVAILABLE:
    case STATUS_DEADLINE:
    case STATUS_INTERNAL:
    default:
        return status;
    }
    kept = replay(change);
    if (status == STATUS_UNCERTAIN) {
        return kept == STATUS_OK || kept == STATUS_KEY_REUSED ? kept : status;
    }
    return kept == STATUS_NOT_FOUND ? status : kept;
}

/* --- the write --- */

enum cache_outcome change_outcome(enum status status)
{
    switch (status) {
    case STATUS_OK:
        return CACHE_COMMITTED;
    case STATUS_UNCERTAIN:
    case STATUS_INTERNAL:
        return CACHE_UNKNOWN;
    case STATUS_NOT_FOUND:
    case STATUS_GONE:
    case STATUS_INVALID:
    case STATUS_CONFLICT:
    case STATUS_STALE:
    case STATUS_KEY_REUSED:
    case STATUS_IN_PROGRESS:
    case STATUS_TOO_LARGE:
    case STATUS_UNAVAILABLE:
    case STATUS_DEADLINE:
    default:
        return CACHE_ROLLED_BACK;
    }
}

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
    enum status status = catalog_know_database(change->catalog, change->scope);

    if (status == STATUS_OK) {
        status = product_cache_begin_write(cache, change->scope, &marks);
    }
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
    write->idempotency = idempotency_of(change);
    if (write->dry_run) {
        status =
            insert ? product_write_insert(pg, change->scope, write) : product_write_update(pg, change->scope, write);
    } else {
        status = write_marked(change, write, insert, &ticket);
    }
    if (status != STATUS_OK) {
        return status;
    }
    *change->result = (struct change_result){.id = write->record->value[PRODUCT_ID], .view = view, .created = insert};
    if (!write->dry_run && !write->deleted) {
        catalog_keep(change->catalog, change->scope, change->result->id, &view, &ticket);
    }
    return STATUS_OK;
}

/* Nothing is to be changed: the answer is the product as it is. It is kept all the same: a retry that comes when others
 * have changed the product must not change it back. */
static enum status leave(struct change *change, const struct stored_product *now)
{
    struct product_write write = {.record = &now->record, .idempotency = idempotency_of(change)};
    enum status status = catalog_render(change->catalog, change->scope, &now->record, &change->result->view);

    change->result->id = now->record.value[PRODUCT_ID];
    if (status == STATUS_OK && has_key(change)) {
        write.json = change->result->view.json;
        status = product_write_keep(change->catalog->options.pg, change->scope, &write);
    }
    return status;
}

/* What a constraint found, and what the others would: all at once. A look that finds nothing any more comes too late,
 * and what was found first is told. */
static enum status explain(struct change *change, enum status status, const struct record *record)
{
    static const struct constraint_fault broken[] = {
        {STATUS_NOT_FOUND, STATUS_INVALID, "/category_id", "unknown_category", "must be the id of a category"},
        {STATUS_CONFLICT, STATUS_CONFLICT, "/sku", "taken", "is the sku of another product"},
    };
    const enum status found = change_add_references(change, record);

    return found != STATUS_OK ? found
                              : catalog_explain(status, broken, sizeof broken / sizeof broken[0], change->faults);
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
    return status == STATUS_NOT_FOUND || status == STATUS_CONFLICT ? explain(change, status, record) : status;
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
    return *again || (status != STATUS_NOT_FOUND && status != STATUS_CONFLICT) ? status
                                                                               : explain(change, status, write.record);
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
    enum status status = has_key(change) ? replay(change) : STATUS_NOT_FOUND;
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

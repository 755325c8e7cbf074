/* The way of every change of a product: what is kept for its key, the product as it is, the expectation, the decision,
 * the write between the cache's marks. Where another change comes first, the way is gone again. */
#include "catalog/product_change.h"

#include "catalog_internal.h"
#include "product_change_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "cache/product_cache.h"
#include "domain/timestamp.h"
#include "store/idempotency_store.h"
#include "store/product_write.h"

#include <string.h>

/* Others that come first so often in a row keep the product busy without an end. */
#define TRIES_MAX 8

/* --- the expectation --- */

static int64_t newest_expected(const struct expectation *expectation)
{
    int64_t newest = 0;

    for (size_t i = 0; i < expectation->version_count; i++) {
        newest = expectation->versions[i] > newest ? expectation->versions[i] : newest;
    }
    return newest;
}

static bool is_expected(const struct expectation *expectation, int64_t version)
{
    for (size_t i = 0; i < expectation->version_count; i++) {
        if (expectation->versions[i] == version) {
            return true;
        }
    }
    return expectation->any;
}

/* Names, with commas, of the fields that versions after that one set; absent where there are none. */
static struct text changed_since(struct arena *arena, const struct stored_product *now, int64_t version)
{
    struct text names = TEXT_ABSENT;
    struct text left = now->set_by;

    while (left.data != NULL) {
        struct text digits = TEXT_ABSENT;
        const struct text name = text_split(text_split(left, ',', &left), ':', &digits);
        uint64_t set_by = 0;
        if (text_to_u64(digits, &set_by) && (int64_t)set_by > version) {
            names =
                arena_printf(arena, "%.*s%s%.*s", TEXT_PRINT(names), names.data != NULL ? "," : "", TEXT_PRINT(name));
        }
    }
    return names;
}

static enum status be_stale(struct change *change, const struct stored_product *now)
{
    const int64_t base = newest_expected(&change->options->expectation);

    change->result->current_version = now != NULL ? now->version : 0;
    change->result->changed =
        now != NULL && base > 0 && base < now->version ? changed_since(change->scope->arena, now, base) : TEXT_ABSENT;
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
    if (is_expected(expectation, now->version)) {
        return STATUS_OK;
    }
    /* What a later change set is known only since a version that there was. */
    change->merging = expectation->disjoint && newest_expected(expectation) < now->version;
    return change->merging ? STATUS_OK : be_stale(change, now);
}

/* --- what a write changes --- */

static bool lists_name(struct text list, const char *name)
{
    while (list.data != NULL) {
        if (text_equal(text_split(list, ',', &list), text_of(name))) {
            return true;
        }
    }
    return false;
}

enum status change_compare(struct change *change, const struct stored_product *now, const struct record *edited,
                           struct text *field_versions)
{
    struct text list = TEXT_ABSENT;
    const struct text others =
        change->merging ? changed_since(change->scope->arena, now, newest_expected(&change->options->expectation))
                        : TEXT_ABSENT;

    for (size_t i = 0; i < product_schema.count; i++) {
        const struct field *field = &product_schema.fields[i];
        if ((field->flags & FIELD_SERVER) != 0 || text_equal(now->record.value[i], edited->value[i])) {
            continue;
        }
        if (lists_name(others, field->name)) {
            return be_stale(change, now);
        }
        list = arena_printf(change->scope->arena, "%.*s%s\"%s\":%lld", TEXT_PRINT(list), list.data != NULL ? "," : "",
                            field->name, (long long)(now->version + 1));
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
    record_set(record, PRODUCT_VERSION,
               now != NULL ? arena_printf(arena, "%lld", (long long)(now->version + 1)) : TEXT("1"));
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
        .created = kept.version == 1,
        .replayed = true,
    };
    return STATUS_OK;
}

enum status change_refuse(struct change *change)
{
    const enum status status = has_key(change) ? replay(change) : STATUS_INVALID;

    return status == STATUS_OK || status == STATUS_KEY_REUSED ? status : STATUS_INVALID;
}

/* Whether a failure may mean that the first request with this key has done its work already. */
static bool may_be_second(const struct change *change, enum status status)
{
    return has_key(change) && (status == STATUS_CONFLICT || status == STATUS_NOT_FOUND || status == STATUS_UNCERTAIN);
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
    enum status status = product_cache_begin_write(cache, change->scope, &marks);

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

/* Nothing is to be changed: the answer is the product as it is. */
static enum status leave(struct change *change, const struct stored_product *now)
{
    change->result->id = now->record.value[PRODUCT_ID];
    return catalog_render(change->catalog, change->scope, &now->record, &change->result->view);
}

static enum status explain(struct change *change, enum status status)
{
    static const struct constraint_fault broken[] = {
        {STATUS_NOT_FOUND, STATUS_INVALID, "/category_id", "unknown_category", "must be the id of a category"},
        {STATUS_CONFLICT, STATUS_CONFLICT, "/sku", "taken", "is the sku of another product"},
    };
    return catalog_explain(status, broken, sizeof broken / sizeof broken[0], change->faults);
}

enum status change_create(struct change *change, struct record *record)
{
    struct product_write write = {.record = record, .type = "product.created"};
    enum status status = change_stamp(change, NULL, record);
    enum status kept;

    if (status == STATUS_OK) {
        status = write_out(change, &write, true);
    }
    if (may_be_second(change, status)) {
        kept = replay(change);
        status = kept == STATUS_OK || kept == STATUS_KEY_REUSED ? kept : status;
    }
    return status == STATUS_NOT_FOUND || status == STATUS_CONFLICT ? explain(change, status) : status;
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
    if (write.record == NULL) {
        return leave(change, &now);
    }
    status = write_out(change, &write, !exists);
    *again = status == STATUS_STALE || (!exists && came_first(change, status));
    return *again || (status != STATUS_NOT_FOUND && status != STATUS_CONFLICT) ? status : explain(change, status);
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
        status = try_once(change, &again);
    }
    if (again) {
        log_warning("product %.*s changes faster than a change of it can be made", TEXT_PRINT(change->id));
        return STATUS_UNAVAILABLE;
    }
    if (has_key(change) && (status == STATUS_UNCERTAIN || status == STATUS_CONFLICT)) {
        const enum status kept = replay(change);
        return kept == STATUS_OK || kept == STATUS_KEY_REUSED ? kept : status;
    }
    return status;
}

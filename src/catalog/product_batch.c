/* The way of a batch: what is kept for its key, the products that it is about in one read, a decision for each operation
 * in its order, the answer, and all that is to be written in one statement. Where another change comes first, the way is
 * gone again. */
#include "catalog/product_batch.h"

#include "batch_run.h"
#include "catalog_internal.h"
#include "kept_answer.h"
#include "product_change_internal.h"

#include "base/log.h"
#include "cache/product_cache.h"
#include "store/product_batch_store.h"

/* Each time that others come first, one of them is done: the deadline is what ends it, as a rule. */
#define TRIES_MAX 100
#define TRY_BLOCK_BYTES ((size_t)64 * 1024)
#define ANSWER_BYTES_MAX ((size_t)16 << 20)

static enum status render(struct batch_run *run, struct text *answer)
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

static enum status write_rows(struct batch_run *run, struct text answer)
{
    const struct idempotency idempotency = kept_answer_identity(run->options);
    struct product_cache *cache = run->catalog->options.cache;
    struct text *changed = arena_alloc(run->scope->arena, (run->row_count + 1) * sizeof *changed);
    size_t count = 0;
    enum status status;

    if (run->row_count == 0 && idempotency.key.data == NULL && run->batch->move == NULL) {
        return STATUS_OK;
    }
    for (size_t i = 0; i < run->row_count && !run->options->dry_run; i++) {
        if (!run->rows[i].insert) {
            changed[count++] = run->rows[i].write.record->value[PRODUCT_ID];
        }
    }
    const struct cache_marks marks = {
        .products = changed, .product_count = count, .all_categories = run->row_count > 0 && !run->options->dry_run};
    status = catalog_begin_write(run->catalog, run->scope, &marks);
    if (status != STATUS_OK) {
        return status;
    }
    status = product_batch_write(run->catalog->options.pg, run->scope, run->rows, run->row_count, &idempotency, answer,
                                 run->options->dry_run, run->batch->move);
    product_cache_end_write(cache, run->scope, change_outcome(status));
    return status;
}

/* The process that carried the batch out may have died before it told the cache. */
static enum status tell_cache(struct batch_run *run, struct text changed)
{
    struct text *ids = arena_alloc(run->scope->arena, BATCH_OPERATIONS_MAX * sizeof *ids);
    size_t count = 0;

    while (changed.data != NULL && count < BATCH_OPERATIONS_MAX) {
        ids[count++] = text_split(changed, ',', &changed);
    }
    return product_cache_replay(run->catalog->options.cache, run->scope,
                                &(struct cache_marks){.products = ids, .product_count = count, .all_categories = true});
}

static enum status replay(struct batch_run *run, struct text *answer)
{
    const struct idempotency idempotency = kept_answer_identity(run->options);
    struct kept_answer kept;
    enum status status = idempotency_store_find(run->catalog->options.pg, run->scope, &idempotency, &kept);

    if (status == STATUS_OK) {
        status = tell_cache(run, kept.changed);
        *answer = kept.body;
    }
    return status;
}

/* Once the way, from what is there to what is written. */
static enum status try_once(struct batch_run *run, struct text *answer, bool *again)
{
    enum status status = batch_look_up(run);

    if (status == STATUS_OK) {
        status = batch_decide(run);
    }
    if (run->batch->cuts && run->batch->cut < run->batch->count && (status == STATUS_OK || status == STATUS_INVALID)) {
        run->batch->count = run->batch->cut;
        *again = true;
        return STATUS_STALE;
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
static enum status try_apart(struct batch_run *run, struct text *answer, bool *again)
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
static enum status find_first(struct batch_run *run, enum status status, struct text *answer, bool *replayed)
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
    struct batch_run run = {.catalog = catalog, .scope = scope, .options = options, .batch = batch};
    const bool has_key = kept_answer_wanted(options);
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
    if (has_key && (again || status == STATUS_INVALID || status == STATUS_IN_PROGRESS || status == STATUS_UNCERTAIN)) {
        return find_first(&run, status, answer, replayed);
    }
    return status;
}

/* A request that is about to insert its product has the worker begin with the next one that creates a product, if there is
 * one that waits; that does the same, and so on. The last of them inserts the products of all, and then all are answered, the
 * last first. Nobody waits for a request to come: those who join have come while the worker was busy. */
#include "joint_insert.h"

#include "base/clock.h"
#include "store/product_batch_store.h"

/* One that is gathered and has nothing to insert leaves room for another. But who sends faulty ones without a pause must not
 * keep the others waiting: so many are gathered for one insertion at most. */
#define GATHERINGS_MAX ((size_t)2 * GATHERED_MAX)

struct joint_insert {
    const struct product_write *write;
    enum status status;
    bool done;
    bool alone;
};

/* Whether the transaction was certainly undone for what one of its rows is. */
static bool was_refused(enum status status)
{
    switch (status) {
    case STATUS_CONFLICT:
    case STATUS_NOT_FOUND:
    case STATUS_STALE:
    case STATUS_INVALID:
    case STATUS_TOO_LARGE:
    case STATUS_IN_PROGRESS:
        return true;
    case STATUS_OK:
    case STATUS_GONE:
    case STATUS_KEY_REUSED:
    case STATUS_UNCERTAIN:
    case STATUS_READ_ONLY:
    case STATUS_UNAVAILABLE:
    case STATUS_DEADLINE:
    case STATUS_INTERNAL:
    default:
        return false;
    }
}

static enum status insert_all(struct catalog *catalog, struct scope *scope)
{
    const struct idempotency no_key = {.key = TEXT_ABSENT};
    struct batch_row rows[GATHERED_MAX];
    struct text categories[GATHERED_MAX];
    enum status status;

    for (size_t i = 0; i < catalog->waiting_count; i++) {
        rows[i] = (struct batch_row){.write = *catalog->waiting[i]->write, .insert = true};
        categories[i] = rows[i].write.record->value[PRODUCT_CATEGORY_ID];
    }
    const struct cache_marks marks = {.categories = categories, .category_count = catalog->waiting_count};
    status = catalog_begin_write(catalog, scope, &marks);
    if (status != STATUS_OK) {
        return status;
    }
    status = product_batch_write(catalog->options.pg, scope, rows, catalog->waiting_count, &no_key, TEXT_ABSENT, false,
                                 NULL);
    product_cache_end_write(catalog->options.cache, scope, change_outcome(status));
    return status;
}

/* Does what all wait for, and tells them. */
static void end_waiting(struct catalog *catalog, struct scope *scope)
{
    const enum status status = catalog->waiting_count > 1 ? insert_all(catalog, scope) : STATUS_OK;
    const bool alone = catalog->waiting_count == 1 || was_refused(status);

    for (size_t i = 0; i < catalog->waiting_count; i++) {
        catalog->waiting[i]->status = status;
        catalog->waiting[i]->alone = alone;
        catalog->waiting[i]->done = true;
    }
    catalog->waiting_count = 0;
}

enum status joint_insert(struct catalog *catalog, struct scope *scope, const struct product_write *write, bool *alone)
{
    struct joint_insert own = {.write = write};
    const int64_t began_ns = clock_monotonic_ns();

    catalog->gatherings = catalog->waiting_count > 0 ? catalog->gatherings : 0;
    catalog->waiting[catalog->waiting_count++] = &own;
    while (!own.done && catalog->waiting_count < GATHERED_MAX && catalog->gatherings++ < GATHERINGS_MAX &&
           scope->gatherer->gather(scope->gatherer, GATHER_CREATES)) {
    }
    /* The time of others is not its own, as little as where it waits in line for its worker. */
    scope->deadline_ns += clock_monotonic_ns() - began_ns;
    if (!own.done) {
        end_waiting(catalog, scope);
    }
    *alone = own.alone;
    return own.status;
}

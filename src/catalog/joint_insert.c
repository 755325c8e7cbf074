/* The last who comes inserts the products of all, and then all are answered, the last first. */
#include "joint_insert.h"

#include "base/gathering.h"
#include "store/product_batch_store.h"

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
    const size_t count = catalog->inserts.count;
    enum status status;

    for (size_t i = 0; i < count; i++) {
        const struct joint_insert *insert = catalog->inserts.waiting[i];

        rows[i] = (struct batch_row){.write = *insert->write, .insert = true};
        categories[i] = rows[i].write.record->value[PRODUCT_CATEGORY_ID];
    }
    const struct cache_marks marks = {.categories = categories, .category_count = count};
    status = catalog_begin_write(catalog, scope, &marks);
    if (status != STATUS_OK) {
        return status;
    }
    status = product_batch_write(catalog->options.pg, scope, rows, count, &no_key, TEXT_ABSENT, false, NULL);
    product_cache_end_write(catalog->options.cache, scope, change_outcome(status));
    return status;
}

/* Does what all wait for, and tells them. */
static void end_waiting(struct catalog *catalog, struct scope *scope)
{
    const bool joined = catalog->inserts.count > 1;
    const enum status status = joined ? insert_all(catalog, scope) : STATUS_OK;

    for (size_t i = 0; i < catalog->inserts.count; i++) {
        struct joint_insert *insert = catalog->inserts.waiting[i];

        insert->status = status;
        insert->alone = !joined || was_refused(status);
        insert->done = true;
    }
    catalog->inserts.count = 0;
}

enum status joint_insert(struct catalog *catalog, struct scope *scope, const struct product_write *write, bool *alone)
{
    struct joint_insert own = {.write = write};

    if (gathering_come(&catalog->inserts, scope, GATHER_CREATES, &own, &own.done)) {
        end_waiting(catalog, scope);
    }
    *alone = own.alone;
    return own.status;
}

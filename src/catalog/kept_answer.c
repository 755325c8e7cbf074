/* Answers that are kept for idempotency keys. */
#include "kept_answer.h"

#include "catalog_internal.h"

bool kept_answer_wanted(const struct change_options *options)
{
    return options->key.data != NULL && !options->dry_run;
}

struct idempotency kept_answer_identity(const struct change_options *options)
{
    return (struct idempotency){.key = options->key, .request = options->request};
}

enum status kept_answer_find(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                             const struct cache_marks *owed, struct change_result *result)
{
    const struct idempotency identity = kept_answer_identity(options);
    struct kept_answer kept = {0};
    enum status status;

    if (!kept_answer_wanted(options)) {
        return STATUS_NOT_FOUND;
    }
    status = idempotency_store_find(catalog->options.pg, scope, &identity, &kept);
    if (status != STATUS_OK) {
        return status;
    }
    *result = (struct change_result){
        .id = kept.id,
        .view = {.version = kept.version, .json = kept.body},
        .created = kept.version == 1 && !kept.unchanged,
        .replayed = true,
    };
    if (owed != NULL) {
        status = product_cache_replay(catalog->options.cache, scope, owed);
    }
    if (status != STATUS_OK) {
        *result = (struct change_result){0};
    }
    return status;
}

static bool may_be_of_the_first(enum status status)
{
    switch (status) {
    case STATUS_NOT_FOUND:
    case STATUS_GONE:
    case STATUS_INVALID:
    case STATUS_CONFLICT:
    case STATUS_STALE:
    case STATUS_IN_PROGRESS:
    case STATUS_UNCERTAIN:
        return true;
    case STATUS_OK:
    case STATUS_KEY_REUSED:
    case STATUS_TOO_LARGE:
    case STATUS_READ_ONLY:
    case STATUS_UNAVAILABLE:
    case STATUS_DEADLINE:
    case STATUS_INTERNAL:
    default:
        return false;
    }
}

enum status kept_answer_settle(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                               const struct cache_marks *owed, enum status status, struct change_result *result)
{
    enum status kept;

    if (!may_be_of_the_first(status)) {
        return status;
    }
    kept = kept_answer_find(catalog, scope, options, owed, result);
    if (status == STATUS_UNCERTAIN) {
        return kept == STATUS_OK || kept == STATUS_KEY_REUSED ? kept : status;
    }
    return kept == STATUS_NOT_FOUND ? status : kept;
}

/* The statements about kept answers. That they are kept stands in the statements of the writes themselves. */
#include "store/idempotency_store.h"

#include <string.h>

static enum status remove_expired(struct pg *pg, struct scope *scope, struct text key)
{
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "idempotency_expire",
                                 "DELETE FROM idempotency WHERE key = $1 AND created_at < now() - interval '24 hours'",
                                 false, &key, 1, &result);
    return status == STATUS_OK ? STATUS_NOT_FOUND : status;
}

enum status idempotency_store_find(struct pg *pg, struct scope *scope, const struct idempotency *idempotency,
                                   struct kept_answer *answer)
{
    static const char sql[] =
        "SELECT id, version, body, request = sha256(convert_to($2, 'UTF8')), created_at < now() - interval '24 hours', "
        "array_to_string(changed, ','), unchanged "
        "FROM idempotency WHERE key = $1";
    const struct text values[] = {idempotency->key, idempotency->request};
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "idempotency_find", sql, true, values, sizeof(values) / sizeof(values[0]), &result);

    if (status != STATUS_OK) {
        return status;
    }
    if (pg_rows(result) == 0) {
        return STATUS_NOT_FOUND;
    }
    if (pg_is_true(result, 0, 4)) {
        return remove_expired(pg, scope, idempotency->key);
    }
    if (!pg_is_true(result, 0, 3)) {
        return STATUS_KEY_REUSED;
    }
    uint64_t version = 0;
    (void)text_to_u64(pg_value(result, 0, 1), &version);
    *answer = (struct kept_answer){
        .id = pg_value(result, 0, 0),
        .version = (int64_t)version,
        .unchanged = pg_is_true(result, 0, 6),
        .changed = pg_value(result, 0, 5),
        .body = pg_value(result, 0, 2),
    };
    return STATUS_OK;
}

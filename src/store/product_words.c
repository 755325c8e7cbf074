/* Learning words: the statement of the job; migrations/0010_words.sql tells what it does. */
#include "store/product_words.h"

static const char sql[] = JOB_HELD " SELECT search_learn($3::integer) FROM held";

enum status product_words_learn(struct pg *pg, struct scope *scope, const struct job_hold *hold, uint64_t batch,
                                uint64_t *seen)
{
    const struct text values[] = {
        hold->id,
        hold->fence,
        pg_decimal(scope, batch),
    };
    struct pg_result *result = NULL;
    enum status status =
        pg_exec(pg, scope, "words_learn", sql, true, values, sizeof values / sizeof values[0], &result);

    if (status != STATUS_OK) {
        return status;
    }
    if (pg_rows(result) == 0) {
        return STATUS_STALE;
    }
    return text_to_u64(pg_value(result, 0, 0), seen) ? STATUS_OK : STATUS_INTERNAL;
}

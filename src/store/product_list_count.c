/* How many products a list has: counted, or as the planner guesses. */
#include "store/product_list.h"

#include "product_list_source.h"

#include "base/log.h"

#include <string.h>

/* --- counts --- */

static enum status ask(struct pg *pg, struct scope *scope, const struct product_query *query, enum list_ask asked,
                       struct text *answer)
{
    struct list_request request = {.query = query, .category = list_category_of(&query->filter)};
    struct product_search search = {0};
    struct list_statement statement;
    struct pg_result *result = NULL;
    enum status status = STATUS_OK;

    if (query->filter.search.data != NULL) {
        request.search = &search;
        status = product_search_plan(pg, scope, query->filter.search, &search);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (list_finds_nothing(&request)) {
        *answer = asked == LIST_COUNT ? TEXT("0") : TEXT(" rows=0 ");
        return STATUS_OK;
    }
    list_statement_make(&statement, &request, LIST_SCAN, asked, scope->arena);
    status = pg_exec(pg, scope, statement.name, statement.sql, true, statement.values, statement.count, &result);
    if (status == STATUS_OK) {
        *answer = pg_value(result, 0, 0);
    }
    return status;
}

enum status product_list_count(struct pg *pg, struct scope *scope, const struct product_query *query, uint64_t *count)
{
    struct text answer = TEXT_ABSENT;
    enum status status = ask(pg, scope, query, LIST_COUNT, &answer);

    if (status == STATUS_OK && !text_to_u64(answer, count)) {
        log_error("postgres: a count of products is no number");
        return STATUS_INTERNAL;
    }
    return status;
}

enum status list_planned_rows(struct text line, uint64_t *rows)
{
    const struct text label = TEXT(" rows=");
    const char *found = memmem(line.data, line.length, label.data, label.length);

    if (found != NULL) {
        struct text rest = {.data = found + label.length};
        rest.length = (size_t)(line.data + line.length - rest.data);
        if (text_to_u64(text_split(rest, ' ', &rest), rows)) {
            return STATUS_OK;
        }
    }
    log_error("postgres: an estimate has no rows: %.*s", TEXT_PRINT(line));
    return STATUS_INTERNAL;
}

enum status product_list_estimate(struct pg *pg, struct scope *scope, const struct product_query *query,
                                  uint64_t *count)
{
    struct text line = TEXT_ABSENT;
    enum status status = ask(pg, scope, query, LIST_ESTIMATE, &line);

    return status == STATUS_OK ? list_planned_rows(line, count) : status;
}

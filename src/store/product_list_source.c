/* What is found out before products are listed or counted. */
#include "product_list_source.h"

#include <string.h>

/* --- what is meant --- */

/* "{id,id}" of the rows' first column. */
static struct text array_of(struct arena *arena, const struct pg_result *result)
{
    const size_t rows = pg_rows(result);
    size_t length = 2;
    for (size_t i = 0; i < rows; i++) {
        length += pg_value(result, i, 0).length + 1;
    }
    char *made = arena_alloc(arena, length);
    char *at = made;
    for (size_t i = 0; i < rows; i++) {
        struct text value = pg_value(result, i, 0);
        *at++ = i == 0 ? '{' : ',';
        at = mempcpy(at, value.data, value.length);
    }
    *at++ = '}';
    return (struct text){.data = made, .length = (size_t)(at - made)};
}

/* What the filter by category means. A subtree is looked up; one without children is just its category. */
static enum status find_category(struct pg *pg, struct scope *scope, struct list_request *request)
{
    const struct product_filter *filter = &request->query->filter;
    struct list_statement statement;
    struct pg_result *result = NULL;

    request->category = filter->category_id.data != NULL ? LIST_CATEGORY : LIST_ANYWHERE;
    if (request->category == LIST_ANYWHERE || !filter->subtree) {
        return STATUS_OK;
    }
    list_branch_statement(&statement, filter->category_id);
    enum status status =
        pg_exec(pg, scope, statement.name, statement.sql, true, statement.values, statement.count, &result);
    if (status != STATUS_OK) {
        return status;
    }
    if (pg_rows(result) > LIST_BRANCH_MAX) {
        request->category = LIST_WIDE;
    } else if (pg_rows(result) > 1) {
        request->category = LIST_BRANCH;
        request->branch = array_of(scope->arena, result);
    }
    return STATUS_OK;
}

enum status list_prepare(struct pg *pg, struct scope *scope, const struct product_query *query,
                         struct product_search *search, struct list_request *request)
{
    *request = (struct list_request){.query = query};
    enum status status = find_category(pg, scope, request);

    if (status == STATUS_OK && query->filter.search.data != NULL) {
        request->search = search;
        status = product_search_plan(pg, scope, query->filter.search, search);
    }
    return status;
}

bool list_finds_nothing(const struct list_request *request)
{
    return request->search != NULL && request->search->spread == SEARCH_NOWHERE;
}

/* --- where the rows come from --- */

/* A guess is looked into where it is no more than so many times what it should be. */
#define GUESS_ERROR UINT64_C(4)

/* How many rows of the filter the planner thinks there are. */
static enum status guess(struct pg *pg, struct scope *scope, const struct list_request *request,
                         enum list_source source, uint64_t *rows)
{
    struct list_statement statement;
    struct pg_result *result = NULL;

    list_statement_make(&statement, request, source, LIST_GUESS, scope->arena);
    enum status status =
        pg_exec(pg, scope, statement.name, statement.sql, true, statement.values, statement.count, &result);
    return status == STATUS_OK ? list_planned_rows(pg_value(result, 0, 0), rows) : status;
}

/* Whether the filter yields no more rows than LIST_FEW_MAX. */
static enum status is_few(struct pg *pg, struct scope *scope, const struct list_request *request,
                          enum list_source source, bool *few)
{
    struct list_statement statement;
    struct pg_result *result = NULL;
    uint64_t count = 0;

    list_statement_make(&statement, request, source, LIST_PROBE, scope->arena);
    enum status status =
        pg_exec(pg, scope, statement.name, statement.sql, true, statement.values, statement.count, &result);
    *few = status == STATUS_OK && text_to_u64(pg_value(result, 0, 0), &count) && count <= LIST_FEW_MAX;
    return status;
}

enum status list_choose(struct pg *pg, struct scope *scope, const struct list_request *request,
                        enum list_source *source)
{
    static const enum list_source few_by_nature[] = {LIST_FEW_IDS, LIST_FEW_SKU};
    enum status status = STATUS_OK;
    bool few = false;

    for (size_t i = 0; i < sizeof few_by_nature / sizeof few_by_nature[0]; i++) {
        if (list_source_applies(request, few_by_nature[i])) {
            *source = few_by_nature[i];
            return STATUS_OK;
        }
    }
    if (list_source_applies(request, LIST_FEW_SEARCH)) {
        *source = LIST_FEW_SEARCH;
        return STATUS_OK;
    }
    if (list_source_applies(request, LIST_FEW_GROUP)) {
        status = is_few(pg, scope, request, LIST_FEW_GROUP, &few);
    }
    if (few) {
        *source = LIST_FEW_GROUP;
    } else {
        *source = list_source_applies(request, LIST_MERGE) ? LIST_MERGE : LIST_SCAN;
    }
    return status;
}

enum status list_choose_sorted(struct pg *pg, struct scope *scope, const struct list_request *request, uint32_t tried,
                               enum list_source *source, uint64_t *rows)
{
    static const enum list_source sources[] = {LIST_FEW_GROUP,    LIST_FEW_CATEGORY, LIST_FEW_ATTRIBUTES,
                                               LIST_FEW_CURRENCY, LIST_FEW_PRICES,   LIST_FEW_CREATED,
                                               LIST_FEW_UPDATED};
    enum status status = STATUS_OK;
    enum list_source best = LIST_SCAN;
    uint64_t fewest = UINT64_MAX;
    uint64_t guessed = 0;

    for (size_t i = 0; i <= sizeof sources / sizeof sources[0] && status == STATUS_OK; i++) {
        /* The words of a search, though they are too many to be taken first. */
        const bool words = i == sizeof sources / sizeof sources[0];
        const enum list_source next = words ? LIST_FEW_SEARCH : sources[i];

        if ((tried & UINT32_C(1) << next) == 0 &&
            (words ? request->search != NULL : list_source_applies(request, next))) {
            status = guess(pg, scope, request, next, &guessed);
            if (status == STATUS_OK && guessed < fewest) {
                fewest = guessed;
                best = next;
            }
        }
    }
    if (status == STATUS_OK) {
        *source = best;
        *rows = fewest;
    }
    return status;
}

enum status list_choose_rare(struct pg *pg, struct scope *scope, const struct list_request *request,
                             enum list_source *source, bool *rare)
{
    enum list_source found = LIST_SCAN;
    uint64_t rows = UINT64_MAX;
    enum status status = list_choose_sorted(pg, scope, request, 0, &found, &rows);

    *rare = false;
    if (status == STATUS_OK && found != LIST_FEW_SEARCH && rows <= GUESS_ERROR * LIST_FEW_MAX) {
        status = is_few(pg, scope, request, found, rare);
        *source = *rare ? found : *source;
    }
    return status;
}

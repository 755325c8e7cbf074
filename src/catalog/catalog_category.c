/* Categories: few and seldom read, so they are not cached. */
#include "catalog_internal.h"

#include "base/uuid.h"
#include "store/category_store.h"

#include <string.h>

enum status catalog_category_get(struct catalog *catalog, struct scope *scope, struct text id, struct record *category)
{
    return category_store_get(catalog->options.pg, scope, id, category);
}

enum status catalog_category_create(struct catalog *catalog, struct scope *scope, struct record *input,
                                    struct faults *faults, struct record *category)
{
    static const struct constraint_fault broken[] = {
        {STATUS_NOT_FOUND, STATUS_INVALID, "/parent_id", "unknown_category", "must be the id of a category"},
        {STATUS_TOO_LARGE, STATUS_INVALID, "/parent_id", "too_deep",
         "must not be a category on the lowest level of the tree"},
        {STATUS_CONFLICT, STATUS_CONFLICT, "/slug", "taken", "is the slug of another category"},
    };
    char made[UUID_TEXT_LENGTH + 1];
    enum status status;

    record_complete(&category_schema, input, catalog->options.currency, faults);
    if (faults->count > 0) {
        return STATUS_INVALID;
    }
    uuid_make(made);
    record_set(input, CATEGORY_ID, arena_copy(scope->arena, text_of(made)));
    status = category_store_insert(catalog->options.pg, scope, input, category);
    return catalog_explain(status, broken, sizeof broken / sizeof broken[0], faults);
}

enum status catalog_category_list(struct catalog *catalog, struct scope *scope, const struct category_query *query,
                                  struct category_page *page)
{
    enum status status =
        category_store_list(catalog->options.pg, scope, query, &page->categories, &page->count, &page->more);

    if (status == STATUS_OK && page->more) {
        page->next = (struct cursor){.fingerprint = category_query_fingerprint(query)};
        memcpy(page->next.id, page->categories[page->count - 1].value[CATEGORY_ID].data, UUID_TEXT_LENGTH);
        page->next.id[UUID_TEXT_LENGTH] = '\0';
    }
    return status;
}

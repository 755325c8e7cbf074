/* The filters of a list as conditions: those that are a stretch of the index in whose order the rows come, and those that
 * are held against the rows. */
#include "product_list_builder.h"

#include "domain/product.h"

#include <assert.h>
#include <string.h>

/* --- comparisons --- */

/* Filters that compare a column. */
static const struct {
    size_t parameter;
    const char *sql; /* before and behind the parameter */
    const char *behind;
    enum product_sort order; /* in which it is a stretch of the index; SORT_COUNT: in none */
} comparisons[] = {
    {P_MIN_PRICE, " AND price >= ", "", SORT_PRICE},
    {P_MAX_PRICE, " AND price <= ", "", SORT_PRICE},
    {P_CREATED_AFTER, " AND created_at > ", "", SORT_CREATED_AT},
    {P_CREATED_BEFORE, " AND created_at < ", "", SORT_CREATED_AT},
    {P_UPDATED_AFTER, " AND updated_at > ", "", SORT_UPDATED_AT},
    {P_CURRENCY, " AND currency = ", "", SORT_COUNT},
    {P_SKU, " AND sku IS NOT NULL AND lower(sku) = lower(", ")", SORT_COUNT},
    {P_GROUP, " AND group_key = ", "", SORT_COUNT},
    {P_IDS, " AND id = ANY (", "::uuid[])", SORT_COUNT},
    {P_SEARCH, " AND search @@ (", "::tsquery)", SORT_COUNT},
};

#define COMPARISON_COUNT (sizeof comparisons / sizeof comparisons[0])

static_assert(COMPARISON_COUNT == LIST_COMPARISON_COUNT, "each has a bit");

static bool is_given(const struct product_filter *filter, size_t parameter)
{
    const struct text given[] = {
        [P_CATEGORY] = filter->category_id,
        [P_MIN_PRICE] = filter->min_price,
        [P_MAX_PRICE] = filter->max_price,
        [P_CURRENCY] = filter->currency,
        [P_SKU] = filter->sku,
        [P_GROUP] = filter->group_key,
        [P_IDS] = filter->ids[0],
        [P_CREATED_AFTER] = filter->created_after,
        [P_CREATED_BEFORE] = filter->created_before,
        [P_UPDATED_AFTER] = filter->updated_after,
        [P_SEARCH] = filter->search,
    };
    return given[parameter].data != NULL;
}

static void add_comparison(struct list_builder *b, size_t i)
{
    if (is_given(b->filter, comparisons[i].parameter)) {
        list_add(b, comparisons[i].sql);
        /* Behind SELECT the planner does not see the words: it would else now and then prefer to read the table. */
        list_add(b, comparisons[i].parameter == P_SEARCH && !b->planned ? "SELECT " : "");
        list_add_parameter(b, comparisons[i].parameter);
        list_add(b, comparisons[i].behind);
    }
}

uint64_t list_comparisons_given(const struct product_filter *filter)
{
    uint64_t given = 0;

    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        given = given << 1U | is_given(filter, comparisons[i].parameter);
    }
    return given;
}

/* --- attributes --- */

/* What the parameter of an attribute has: as many documents at most, any of which may be contained. */
#define ALTERNATIVES 3

/* Attributes that the index is asked for together: as many as ALTERNATIVES to the power of them are still few. */
#define TOGETHER_MAX 3

static void add_one_attribute(struct list_builder *b, size_t attribute, const char *document)
{
    static const char *const alternatives[ALTERNATIVES] = {"::jsonb -> 0)", "::jsonb -> 1)", "::jsonb -> 2)"};

    for (size_t i = 0; i < ALTERNATIVES; i++) {
        list_add(b, i == 0 ? " AND (" : " OR ");
        list_add(b, document);
        list_add(b, " @> (");
        list_add_parameter(b, P_ATTRIBUTE + attribute);
        list_add(b, alternatives[i]);
    }
    list_add(b, ")");
}

/* Held against rows, the text of attributes is read once for all of their filters. */
static void add_attributes(struct list_builder *b)
{
    if (b->filter->attribute_count == 0) {
        return;
    }
    list_add(b, b->by_row ? " AND (SELECT true" : "");
    for (size_t i = 0; i < b->filter->attribute_count; i++) {
        add_one_attribute(b, i, b->by_row ? "document" : "attributes::jsonb");
    }
    list_add(b, b->by_row ? " FROM (SELECT attributes::jsonb AS document OFFSET 0) once)" : "");
}

void list_add_indexed_attributes(struct list_builder *b)
{
    static const char *const picks[ALTERNATIVES] = {"::jsonb -> 0)", "::jsonb -> 1)", "::jsonb -> 2)"};
    size_t together = b->filter->attribute_count;
    size_t combinations = 1;

    if (together > TOGETHER_MAX) {
        together = TOGETHER_MAX;
    }
    for (size_t i = 0; i < together; i++) {
        combinations *= ALTERNATIVES;
    }
    for (size_t i = 0; i < combinations; i++) {
        list_add(b, i == 0 ? " AND (" : " OR ");
        list_add(b, "attributes::jsonb @> (");
        size_t rest = i;
        for (size_t j = 0; j < together; j++) {
            list_add(b, j == 0 ? "(" : " || (");
            list_add_parameter(b, P_ATTRIBUTE + j);
            list_add(b, picks[rest % ALTERNATIVES]);
            rest /= ALTERNATIVES;
        }
        list_add(b, ")");
    }
    list_add(b, ")");
}

/* --- statuses --- */

/* The statuses in quotes, with what stands before, between and behind them. */
static void add_statuses(struct list_builder *b, const char *before, const char *between, const char *behind)
{
    const uint32_t statuses = product_filter_statuses(b->filter);

    for (size_t i = 0; i < product_status_count; i++) {
        if ((statuses & UINT32_C(1) << i) != 0) {
            list_add(b, before);
            list_add(b, product_statuses[i]);
            before = between;
        }
    }
    list_add(b, behind);
}

void list_add_status_condition(struct list_builder *b)
{
    add_statuses(b, " AND status IN ('", "', '", "')");
}

void list_add_status_rows(struct list_builder *b)
{
    add_statuses(b, "(VALUES ('", "'), ('", "')) s (status)");
}

/* --- the category --- */

/* The categories below one, itself included. UNION ends also where the tree has a cycle. */
static const char branch_before[] = "WITH RECURSIVE branch (id) AS (SELECT id FROM category WHERE id = ";
static const char branch_behind[] = " UNION SELECT c.id FROM category c JOIN branch ON c.parent_id = branch.id) "
                                    "SELECT id FROM branch";

void list_branch_statement(struct list_statement *statement, struct text category_id)
{
    statement->count = 1;
    statement->values[0] = category_id;
    statement->has_stop = false;
    (void)stpcpy(statement->name, "list_branch");
    (void)stpcpy(stpcpy(stpcpy(stpcpy(statement->sql, branch_before), "$1"), branch_behind),
                 " LIMIT " TEXT_OF(LIST_BRANCH_MAX) " + 1");
}

enum list_category list_category_of(const struct product_filter *filter)
{
    if (filter->category_id.data == NULL) {
        return LIST_ANYWHERE;
    }
    return filter->subtree ? LIST_WIDE : LIST_CATEGORY;
}

/* Several categories are looked up for each row: hashed, however many they are. IS TRUE keeps the planner from making a
 * join of it, which would lose the order. */
void list_add_category(struct list_builder *b)
{
    switch (b->request->category) {
    case LIST_CATEGORY:
        list_add(b, " AND category_id = ");
        list_add_parameter(b, P_CATEGORY);
        break;
    case LIST_BRANCH:
        list_add(b, " AND (category_id IN (SELECT unnest(");
        list_add_parameter(b, P_BRANCH);
        list_add(b, "::uuid[]))) IS TRUE");
        break;
    case LIST_WIDE:
        list_add(b, " AND (category_id IN (");
        list_add(b, branch_before);
        list_add_parameter(b, P_CATEGORY);
        list_add(b, branch_behind);
        list_add(b, ")) IS TRUE");
        break;
    case LIST_ANYWHERE:
    default:
        break;
    }
}

/* --- what the index has together, and the rest --- */

static bool category_in_index(const struct list_builder *b)
{
    return b->request->category == LIST_CATEGORY && list_order_by_category(b->sort);
}

void list_add_stretch(struct list_builder *b, const char *status)
{
    list_add(b, "status = '");
    list_add(b, status);
    list_add(b, "' AND deleted_at IS NULL");
    if (category_in_index(b)) {
        list_add_category(b);
    }
    list_add_range(b);
}

void list_add_ordered_comparisons(struct list_builder *b, enum product_sort sort)
{
    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        if (comparisons[i].order == sort) {
            add_comparison(b, i);
        }
    }
}

void list_add_range(struct list_builder *b)
{
    list_add_ordered_comparisons(b, b->sort);
    list_add_place(b);
}

bool list_has_residue(const struct list_builder *b)
{
    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        if (comparisons[i].order != b->sort && is_given(b->filter, comparisons[i].parameter)) {
            return true;
        }
    }
    return b->filter->attribute_count > 0 ||
           (b->source == LIST_SCAN && b->request->category != LIST_ANYWHERE && !category_in_index(b));
}

void list_add_residue(struct list_builder *b)
{
    list_add(b, "true");
    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        if (comparisons[i].order != b->sort) {
            add_comparison(b, i);
        }
    }
    add_attributes(b);
    if (b->source == LIST_SCAN && !category_in_index(b)) {
        list_add_category(b);
    }
}

void list_add_all_filters(struct list_builder *b)
{
    for (size_t i = 0; i < COMPARISON_COUNT; i++) {
        add_comparison(b, i);
    }
    list_add_status_condition(b);
    list_add_category(b);
    add_attributes(b);
}

/* Lists as SQL. Pure.
 *
 * Every statement has a bound on the rows that it looks at, whatever the table holds:
 *
 * Scan (product_list_scan.c). The rows come from an index that has them in the order of the list behind what is equal for
 * all of them (status; category and status), beginning at the cursor. Several statuses are as many stretches of the index,
 * which Merge Append takes in turn. Where every filter is a part of that stretch the statement reads just the page. A
 * filter that no index orders (a price range in a list by name, currency, an attribute) is held against the rows as they
 * come, and after LIST_SCAN_MAX of them the scan stops: the second part of the statement, which runs only where the first
 * did not fill the page, and in its snapshot, tells at which row; that it has from the index alone. The page is short then,
 * perhaps empty, and the next one goes on behind that row: no row is shown twice and none is left out.
 *
 * Merge (product_list_merge.c). The categories of a subtree are known by number only when the request comes. From each of
 * their stretches as many rows are taken as make LIST_SCAN_MAX together, or the page where that is less. A stretch that was
 * cut short hides what lies behind its last row, so that the page ends with the nearest of these last rows, and the next
 * begins there.
 *
 * Few (product_list_few.c). An id, a sku, a group, words, attributes, a currency or a narrow range may yield few rows, which
 * are cheaper to sort than to look for. Ids and skus are few by their nature, and of a group that is found out first, by a
 * count that stops at LIST_FEW_MAX.
 *
 * The others come second. What a filter takes often is soon found in any order, and what it takes seldom is soon sorted. So a
 * scan first has a glance at LIST_GLANCE_MAX rows, in which a page of 50 is found of all that every eightieth product has, if
 * the order has nothing to do with it. Where that does not fill the page, the filter that has the fewest rows by the
 * planner's statistics is taken, and all that it yields is sorted, LIST_SCAN_MAX rows at most; where it yields more, what was
 * sorted is no page, and the scan goes on to its own end. The two meet: what is too many to be sorted is, of a million
 * products, every fiftieth.
 *
 * By relevance (product_list_ranked.c) no index has an order. The few rows of a filter are ranked and sorted; else the
 * newest that match are, LIST_RANKED_MAX of them or what the newest LIST_SCAN_MAX rows have, and where those end the list
 * does. Of a word that so many products have, the newest are as good as the others.
 *
 * Each combination of filters is a statement of its own, planned for what it asks. Its name is made of the same bits as
 * the statement. */
#include "product_list_builder.h"

#include <stdio.h>

/* --- where the rows may come from --- */

bool list_source_applies(const struct list_request *request, enum list_source source)
{
    const struct product_query *query = request->query;
    const struct product_filter *filter = &query->filter;

    switch (source) {
    case LIST_FEW_IDS:
        return filter->id_count > 0;
    case LIST_FEW_SKU:
        return filter->sku.data != NULL;
    case LIST_FEW_GROUP:
        return filter->group_key.data != NULL;
    case LIST_FEW_SEARCH:
        return filter->search.data != NULL && request->search->spread == SEARCH_FEW;
    case LIST_FEW_BRANCH:
        return request->category == LIST_BRANCH;
    case LIST_FEW_ATTRIBUTES:
        return filter->attribute_count > 0;
    case LIST_FEW_CURRENCY:
        return filter->currency.data != NULL;
    case LIST_FEW_PRICES:
        return query->sort != SORT_PRICE && (filter->min_price.data != NULL || filter->max_price.data != NULL);
    case LIST_FEW_CREATED:
        return query->sort != SORT_CREATED_AT &&
               (filter->created_after.data != NULL || filter->created_before.data != NULL);
    case LIST_FEW_UPDATED:
        return query->sort != SORT_UPDATED_AT && filter->updated_after.data != NULL;
    case LIST_FEW_CATEGORY:
        return request->category == LIST_CATEGORY && !list_order_by_category(query->sort);
    case LIST_MERGE:
        return request->category == LIST_BRANCH && list_order_by_category(query->sort);
    case LIST_SCAN:
        return true;
    case LIST_SOURCE_COUNT:
    default:
        return false;
    }
}

/* --- what is asked --- */

static void add_page(struct list_builder *b, enum list_ask ask)
{
    if (ask == LIST_SORTED) {
        list_add_sorted_page(b);
    } else if (b->sort == SORT_RELEVANCE) {
        if (b->source == LIST_SCAN) {
            list_add_ranked_newest_page(b);
        } else {
            list_add_ranked_few_page(b);
        }
    } else if (b->source == LIST_SCAN) {
        list_add_scan_page(b);
    } else if (b->source == LIST_MERGE) {
        list_add_merged_page(b);
    } else {
        list_add_few_page(b);
    }
}

static void add_looked(struct list_builder *b)
{
    list_add(b, "WITH looked AS MATERIALIZED (SELECT category_id, status, currency, price, attributes, (");
    if (b->source == LIST_SCAN) {
        list_add_residue(b);
        list_add(b, ") IS TRUE AS matches FROM ");
        list_add_scanned(b);
    } else {
        list_add(b, "true");
        list_add_all_filters(b);
        list_add(b, ") IS TRUE AS matches FROM (SELECT * FROM ");
        list_add_few(b, TEXT_OF(LIST_SCAN_MAX));
        list_add(b, ") product");
    }
    list_add(b, ")");
}

/* --- names --- */

/* True of what shows a part of the list, and depends on its order. */
static bool is_page(enum list_ask ask)
{
    return ask == LIST_PAGE || ask == LIST_GLANCE || ask == LIST_SORTED;
}

/* All that the text of a statement depends on, as one number. */
static uint64_t shape_of(const struct list_builder *b, enum list_ask ask)
{
    const struct product_query *query = b->request->query;
    const bool placed = is_page(ask) && query->has_cursor;
    uint64_t shape = ask;

    shape = shape << 4U | b->source;
    shape = shape << 3U | (is_page(ask) ? b->sort : SORT_CREATED_AT);
    shape = shape << 1U | (is_page(ask) && b->ascending);
    shape = shape << 1U | placed;
    shape = shape << 1U | (placed && query->cursor.inclusive);
    shape = shape << 3U | product_filter_statuses(b->filter);
    shape = shape << 2U | b->request->category;
    shape = shape << 4U | b->filter->attribute_count;
    return shape << LIST_COMPARISON_COUNT | list_comparisons_given(b->filter);
}

/* --- the statement --- */

void list_statement_make(struct list_statement *statement, const struct list_request *request, enum list_source source,
                         enum list_ask ask, struct arena *arena)
{
    struct list_builder b = {
        .statement = statement,
        .request = request,
        .filter = &request->query->filter,
        .arena = arena,
        .source = source,
        .sort = request->query->sort,
        .ascending = request->query->ascending != list_backward(request->query),
        .placed = is_page(ask) && request->query->has_cursor,
        .planned = ask == LIST_COUNT || ask == LIST_ESTIMATE || ask == LIST_GUESS,
        .by_row = is_page(ask) || ask == LIST_LOOKED,
        .scan_max = TEXT_OF(LIST_SCAN_MAX),
        .end = statement->sql,
    };

    if (ask == LIST_GLANCE && (source > LIST_MERGE || !list_has_residue(&b))) {
        ask = LIST_PAGE; /* the statement is the same */
    }
    if (ask == LIST_GLANCE) {
        b.scan_max = TEXT_OF(LIST_GLANCE_MAX);
    }

    statement->count = 0;
    statement->has_stop = false;
    (void)snprintf(statement->name, sizeof statement->name, "list_%llx", (unsigned long long)shape_of(&b, ask));
    switch (ask) {
    case LIST_PROBE:
        list_add(&b, "SELECT count(*) FROM (SELECT FROM ");
        list_add_few(&b, TEXT_OF(LIST_FEW_MAX) " + 1");
        list_add(&b, ") few");
        break;
    case LIST_COUNT:
        list_add(&b, "SELECT count(*) FROM product WHERE deleted_at IS NULL");
        list_add_all_filters(&b);
        break;
    case LIST_EXPORT:
        list_add(&b, "SELECT ");
        list_add_columns(&b);
        list_add(&b, " FROM product WHERE deleted_at IS NULL");
        list_add_all_filters(&b);
        list_add(&b, " ORDER BY id");
        break;
    case LIST_GUESS:
        list_add(&b, "EXPLAIN SELECT");
        list_add_guess(&b);
        break;
    case LIST_ESTIMATE:
        list_add(&b, "EXPLAIN SELECT FROM product WHERE deleted_at IS NULL");
        list_add_all_filters(&b);
        break;
    case LIST_LOOKED:
        b.sort = SORT_CREATED_AT;
        b.ascending = false;
        add_looked(&b);
        break;
    case LIST_PAGE:
    case LIST_GLANCE:
    case LIST_SORTED:
    default:
        add_page(&b, ask);
        break;
    }
}

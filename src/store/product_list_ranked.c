/* By relevance: the few rows of a filter, or the newest of many, are ranked and then sorted. */
#include "product_list_builder.h"

/* How well a row matches, as a whole number, so that it can be a key: where the words stand (name, sku, description) and
 * how near to each other, and before that whether they are there as they were given, and not only longer ones. */
static void add_rank(struct list_builder *b)
{
    list_add(b, "(10000 * ts_rank('{0.02, 0.05, 0.2, 0.5}', search, (SELECT ");
    list_add_parameter(b, P_SEARCH_WANTED);
    list_add(b, "::tsquery)))::integer + CASE WHEN search @@ (SELECT ");
    list_add_parameter(b, P_SEARCH_EXACT);
    list_add(b, "::tsquery) THEN 10000 ELSE 0 END");
}

void list_add_ranked_few_page(struct list_builder *b)
{
    list_add(b, "SELECT ");
    list_add_columns(b);
    list_add(b, " FROM (SELECT product.*, ");
    add_rank(b);
    list_add(b, " AS rank FROM (SELECT * FROM ");
    list_add_few(b, TEXT_OF(LIST_SCAN_MAX));
    list_add(b, ") product WHERE true");
    list_add_all_filters(b);
    list_add(b, ") product WHERE true");
    list_add_place(b);
    list_add_order(b);
    list_add_limit(b);
}

/* The keys of what was ranked are sorted, and the rows of the page are read anew. */
void list_add_ranked_newest_page(struct list_builder *b)
{
    const struct list_builder order = *b;

    b->sort = SORT_CREATED_AT;
    b->ascending = false;
    b->placed = false;
    list_add(b, "WITH ranked AS MATERIALIZED (SELECT id, " TEXT_OF(LIST_RANK_NEWEST) " + ");
    add_rank(b);
    list_add(b, " AS rank FROM (SELECT * FROM ");
    list_add_scanned(b);
    list_add(b, " WHERE ");
    list_add_residue(b);
    list_add(b, " LIMIT " TEXT_OF(LIST_RANKED_MAX) ") product");
    b->sort = order.sort;
    b->ascending = order.ascending;
    b->placed = order.placed;
    list_add(b, ") SELECT ");
    list_add_columns(b);
    list_add(b, " FROM (SELECT id AS page_id, rank FROM ranked WHERE true");
    list_add_place(b);
    list_add_order(b);
    list_add_limit(b);
    list_add(b, ") page");
    list_add_page_rows(b);
    list_add_order(b);
}

/* A list's statement as it is put together, and the parts that the files product_list_*.c add to it. product_list_sql.c
 * tells what they make. Pure. */
#ifndef PRODUCT_LIST_BUILDER_H
#define PRODUCT_LIST_BUILDER_H

#include "product_list_sql.h"

#include <assert.h>

/* What a statement takes as $1, $2 and so on, in the order in which it first names them. */
enum list_parameter {
    P_CATEGORY,
    P_BRANCH,
    P_MIN_PRICE,
    P_MAX_PRICE,
    P_CURRENCY,
    P_SKU,
    P_GROUP,
    P_IDS,
    P_CREATED_AFTER,
    P_CREATED_BEFORE,
    P_UPDATED_AFTER,
    P_SEARCH,
    P_SEARCH_SOURCE,
    P_SEARCH_WANTED,
    P_SEARCH_EXACT,
    P_KEY,
    P_ID,
    P_LIMIT,
    P_ATTRIBUTE,
    P_COUNT = P_ATTRIBUTE + LIST_ATTRIBUTES_MAX
};

static_assert(P_COUNT <= PG_PARAMETERS_MAX, "a statement takes every filter at once");

/* A statement as it is put together. */
struct list_builder {
    struct list_statement *statement;
    const struct list_request *request;
    const struct product_filter *filter;
    struct arena *arena;
    enum list_source source;
    enum product_sort sort;
    bool ascending;       /* of the scan, which for a page before the cursor runs against the order of the list */
    bool placed;          /* only what lies beyond the cursor */
    bool planned;         /* by how common words are, as what is counted has no bound */
    bool by_row;          /* filters are held against rows that are there, and need no index */
    const char *scan_max; /* rows after which a scan stops */
    char *end;
    unsigned number[P_COUNT]; /* 0: not bound yet */
};

/* --- text and parameters: product_list_values.c --- */

void list_add(struct list_builder *b, const char *sql);

/* Adds "$n" for a parameter, which is bound where it was not yet. */
void list_add_parameter(struct list_builder *b, size_t parameter);

/* --- the order, and the place in it: product_list_order.c --- */

/* The column that the order is read from. */
const char *list_order_column(enum product_sort sort);

/* The columns of product_schema, and behind them the one of the order where it is none of those. */
void list_add_columns(struct list_builder *b);

/* That only rows beyond the cursor are meant, where there is one. */
void list_add_place(struct list_builder *b);

/* The rows that a table "page" names by page_id, as a table product, behind that table. */
void list_add_page_rows(struct list_builder *b);

void list_add_order(struct list_builder *b);
void list_add_limit(struct list_builder *b);

/* --- conditions: product_list_conditions.c --- */

/* The number of filters that compare a column. */
#define LIST_COMPARISON_COUNT 10

/* A bit for each of them, set where it is given. */
uint64_t list_comparisons_given(const struct product_filter *filter);

/* The stretch of the index that has the rows of a status, behind WHERE: status, category, range. */
void list_add_stretch(struct list_builder *b, const char *status);

/* The part of it that is behind what is equal for all its rows: filters of the sort key, and the cursor. */
void list_add_range(struct list_builder *b);

/* True where a filter is held against the rows of the scan, and is no stretch of its index. */
bool list_has_residue(const struct list_builder *b);

/* The filters that are no stretch of the index, as one condition. */
void list_add_residue(struct list_builder *b);

/* Every filter, behind a condition. */
void list_add_all_filters(struct list_builder *b);

/* Those by attributes as the index answers them, behind a condition: the first of them together, so that what has all
 * of their values is found without a look at what has one. */
void list_add_indexed_attributes(struct list_builder *b);

/* The filters by what the order of an index is made of, behind a condition. */
void list_add_ordered_comparisons(struct list_builder *b, enum product_sort sort);

/* The one by category, behind a condition. */
void list_add_category(struct list_builder *b);

/* The statuses, behind a condition. */
void list_add_status_condition(struct list_builder *b);

/* The statuses as rows: a table s with the column status. */
void list_add_status_rows(struct list_builder *b);

/* --- rows, behind FROM --- */

/* The rows of the index in the order of the builder: one stretch, or one for each status; of several, these columns.
 * product_list_scan.c */
void list_add_streams(struct list_builder *b, const char *columns);

/* The first of them, scan_max at most, as a table product. product_list_scan.c */
void list_add_scanned(struct list_builder *b);

/* The rows of the filter that the source names, as many as limit says. product_list_few.c */
void list_add_few(struct list_builder *b, const char *limit);

/* The same for the planner alone, without an order and a bound, behind SELECT. product_list_few.c */
void list_add_guess(struct list_builder *b);

/* --- pages, each in the file of its source --- */

void list_add_scan_page(struct list_builder *b);
void list_add_merged_page(struct list_builder *b);
void list_add_few_page(struct list_builder *b);
void list_add_sorted_page(struct list_builder *b);
void list_add_ranked_few_page(struct list_builder *b);
void list_add_ranked_newest_page(struct list_builder *b);

#endif

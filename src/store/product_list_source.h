/* What is found out before products are listed or counted: the categories that are meant, how words are to be looked for,
 * and where the rows come from. */
#ifndef PRODUCT_LIST_SOURCE_H
#define PRODUCT_LIST_SOURCE_H

#include "product_list_sql.h"

/* Rows of one filter, as the planner thinks, that are worth a try to take them all: there may be half as many. */
#define LIST_SORTED_GUESS_MAX (UINT64_C(2) * LIST_SCAN_MAX)

/* The category and the search of a query. *search is filled where the query has one, and must live as long as the
 * request. */
MUST_CHECK enum status list_prepare(struct pg *pg, struct scope *scope, const struct product_query *query,
                                    struct product_search *search, struct list_request *request);

/* True where no product has the words. */
bool list_finds_nothing(const struct list_request *request);

/* The source to begin with. */
MUST_CHECK enum status list_choose(struct pg *pg, struct scope *scope, const struct list_request *request,
                                   enum list_source *source);

/* Of the filters that have an index, the one with the fewest rows, and how many the planner thinks these are: LIST_SCAN and
 * UINT64_MAX where there is none. tried: a bit for each source that is left out. */
MUST_CHECK enum status list_choose_sorted(struct pg *pg, struct scope *scope, const struct list_request *request,
                                          uint32_t tried, enum list_source *source, uint64_t *rows);

/* The same, if its rows are LIST_FEW_MAX at most, so that they can be taken instead of a scan; *source is untouched, and
 * *rare false, where there is none. */
MUST_CHECK enum status list_choose_rare(struct pg *pg, struct scope *scope, const struct list_request *request,
                                        enum list_source *source, bool *rare);

/* The number of rows in the first line of a plan: "Index Scan using ... (cost=0.42..8.44 rows=1 width=0)". */
MUST_CHECK enum status list_planned_rows(struct text line, uint64_t *rows);

#endif

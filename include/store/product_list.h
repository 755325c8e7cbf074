/* Lists of products: pages and counts. Every page is read with a bound on the rows that are looked at, whatever the
 * filters and whatever the table holds; src/store/product_list_sql.c tells how, and migrations/0003_lists.sql which
 * indexes that needs. */
#ifndef STORE_PRODUCT_LIST_H
#define STORE_PRODUCT_LIST_H

#include "domain/product.h"
#include "domain/product_query.h"
#include "domain/search_text.h"
#include "store/pg.h"

/* A place in a list: the sort key and the id of a row. */
struct product_place {
    struct text key;
    struct text id;
};

struct product_list {
    struct record *products; /* in the order of the list, also where the cursor leads backward */
    size_t count;
    struct product_place first; /* of the page, where it is not empty */
    struct product_place last;
    bool more;                   /* the list may go on beyond the page, in the direction of the cursor */
    struct product_place beyond; /* where more: all up to there has been looked at */
    struct search_note note;     /* of a search */
};

/* Products that match, at most query->limit of them (by relevance: of the newest that match,
 * where many do, as the note tells then); fewer where they are so large that a page would pass 8 MiB (at least
 * one then), and fewer, perhaps none, where too many rows had to be looked at: more tells then, too, that the list goes
 * on. All values live in the scope's arena. Statuses as pg_exec. */
MUST_CHECK enum status product_list_read(struct pg *pg, struct scope *scope, const struct product_query *query,
                                         struct product_list *list);

/* How many products match in all. Takes as long as it takes: STATUS_DEADLINE. */
MUST_CHECK enum status product_list_count(struct pg *pg, struct scope *scope, const struct product_query *query,
                                          uint64_t *count);

/* What the planner thinks of that, from the statistics of the table: in the time of a plan. */
MUST_CHECK enum status product_list_estimate(struct pg *pg, struct scope *scope, const struct product_query *query,
                                             uint64_t *count);

#endif

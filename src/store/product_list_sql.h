/* The statements of a list of products: which rows are looked at, in what order, and no more of them than a bound. */
#ifndef PRODUCT_LIST_SQL_H
#define PRODUCT_LIST_SQL_H

#include "domain/product_query.h"
#include "store/pg.h"
#include "store/product_search.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIST_SCAN_MAX 20000  /* rows of an index that one statement looks at, and that are sorted */
#define LIST_GLANCE_MAX 4000 /* those that a statement looks at first */
#define LIST_RANKED_MAX 2000 /* of many rows that match, the newest that are ranked */
#define LIST_FEW_MAX 1000    /* rows that a filter may yield to be taken before anything else */
#define LIST_BRANCH_MAX 1000 /* categories whose orders are merged */
#define LIST_SQL_MAX 16384

/* Where the rows come from. All but the first two take the few rows of one filter and sort them. */
enum list_source {
    LIST_SCAN,  /* an index in the order of the list, or one of its stretches per status, merged */
    LIST_MERGE, /* the same for each category of a subtree, merged */
    LIST_FEW_IDS,
    LIST_FEW_SKU,
    LIST_FEW_GROUP,
    LIST_FEW_SEARCH, /* what a search found, where that is few */
    LIST_FEW_BRANCH, /* the categories of a subtree, in no order; only of LIST_LOOKED */
    LIST_FEW_ATTRIBUTES,
    LIST_FEW_CURRENCY,
    LIST_FEW_PRICES,
    LIST_FEW_CREATED,
    LIST_FEW_UPDATED,
    LIST_FEW_CATEGORY,
    LIST_SOURCE_COUNT
};

/* What is asked of them. */
enum list_ask {
    LIST_PAGE,     /* the columns of product_schema, then list_key_column's and has_stop's where they are there */
    LIST_GLANCE,   /* the same, where a scan stops after LIST_GLANCE_MAX rows already */
    LIST_SORTED,   /* the same of a LIST_FEW source: all of its rows sorted, or a stop alone where they are more than
                      LIST_SCAN_MAX */
    LIST_PROBE,    /* how many rows a filter yields, up to LIST_FEW_MAX + 1; only of a LIST_FEW source */
    LIST_GUESS,    /* how many the planner thinks it yields: the text of EXPLAIN; only of a LIST_FEW source */
    LIST_LOOKED,   /* the beginning of a statement: WITH looked AS (...), with category_id, status, currency, price,
                      attributes and matches of the rows that are looked at, LIST_SCAN_MAX at most */
    LIST_COUNT,    /* how many products match */
    LIST_EXPORT,   /* the columns of product_schema of all that match, in the order of their ids */
    LIST_ESTIMATE, /* what the planner thinks of that: the text of EXPLAIN */
};

/* The category of a query, once the tree was looked at. */
enum list_category {
    LIST_ANYWHERE,
    LIST_CATEGORY, /* one */
    LIST_BRANCH,   /* several: branch names them */
    LIST_WIDE,     /* more than LIST_BRANCH_MAX: the statement finds them itself */
};

struct list_request {
    const struct product_query *query;
    enum list_category category;
    struct text branch;                  /* text of a uuid[] */
    const struct product_search *search; /* the plan of filter.search, where that is given */
};

struct list_statement {
    char name[24]; /* of the shape: the same for the same sql, and only for that */
    char sql[LIST_SQL_MAX];
    struct text values[PG_PARAMETERS_MAX];
    size_t count;
    bool has_stop; /* the last column tells of a row that it is not on the page: it is where the scan stopped */
};

/* The statement for a request. Values that have to be made live in the arena. */
void list_statement_make(struct list_statement *statement, const struct list_request *request, enum list_source source,
                         enum list_ask ask, struct arena *arena);

/* What the category of a filter is where the statement finds those below it itself, in its own snapshot. */
enum list_category list_category_of(const struct product_filter *filter);

/* The categories of a subtree, up to LIST_BRANCH_MAX + 1. */
void list_branch_statement(struct list_statement *statement, struct text category_id);

/* Where the sort key of a row stands: one of the columns of product_schema, or the one behind them. */
size_t list_key_column(enum product_sort sort);

/* True where the source takes the rows of a filter that the request has. */
bool list_source_applies(const struct list_request *request, enum list_source source);

/* True where an index has the categories apart in this order. */
bool list_order_by_category(enum product_sort sort);

/* What stands before the rank of a row where only the newest were ranked: such a rank is LIST_RANK_NEWEST and more, so that
 * the pages behind the first are made from the same rows. */
#define LIST_RANK_NEWEST 1000000

/* True where the query is read from the end of the list to its beginning. */
bool list_backward(const struct product_query *query);

#endif

/* What may be done with products and categories: reads through the cache, writes to the database and then the cache.
 * Changes of products stand in catalog/product_change.h, those of categories in catalog/category_change.h. */
#ifndef CATALOG_CATALOG_H
#define CATALOG_CATALOG_H

#include "base/scope.h"
#include "base/status.h"
#include "base/strbuf.h"
#include "domain/category.h"
#include "domain/category_query.h"
#include "domain/category_tree.h"
#include "domain/fault.h"
#include "domain/feed_cursor.h"
#include "domain/job.h"
#include "domain/product.h"
#include "domain/product_facets.h"
#include "domain/product_query.h"
#include "domain/search_text.h"

#include <stdbool.h>
#include <stdint.h>

struct catalog;
struct pg;
struct product_cache;
struct product_export;
struct waiter;
struct delivery;

/* Writes the JSON of a product: handed in by who knows JSON, so that what is cached is what is answered. */
typedef void (*product_renderer)(struct strbuf *out, const struct record *product);

/* The same of a category: what the feed says is what is answered. */
typedef void (*category_renderer)(struct strbuf *out, const struct record *category);

/* The same of a background job. */
typedef void (*job_renderer)(struct strbuf *out, const struct job *job);

/* The same of a webhook, with its secret where that is to be shown, and of a delivery. */
typedef void (*webhook_renderer)(struct strbuf *out, const struct record *webhook, struct text secret);
typedef void (*delivery_renderer)(struct strbuf *out, const struct delivery *delivery);

struct catalog_options {
    struct pg *pg; /* both stay the caller's */
    struct product_cache *cache;
    product_renderer render;
    category_renderer render_category;
    job_renderer render_job; /* of a catalog whose jobs are changed */
    webhook_renderer render_webhook;
    delivery_renderer render_delivery;
    const char *currency; /* of products that name none */
    int64_t stale_ms_max; /* for so long after it was known to be current a product is shown unproven; 0: never */
};

/* A product as it is answered. */
struct product_view {
    int64_t version;
    struct text json; /* lives until the scope's arena is reset */
    bool settled;     /* no change of it was under way when it was read: see handler/last_modified.h */
    int64_t read_us;  /* when that was, by the clock that changes are stamped by: microseconds since 1970 */
    bool unproven;    /* the database cannot be asked, and it may be out of date by now */
    int64_t age_ms;   /* where unproven: since it was known to be current */
};

/* A page may have fewer products than were asked for, or none, and others behind it: where that is so is told by more
 * alone. */
struct product_page {
    struct record *products;
    size_t count;
    bool more;
    struct cursor next; /* where more */
    bool before;
    struct cursor previous;  /* where before */
    struct search_note note; /* of a search */
};

enum product_count { PRODUCT_COUNT_NONE, PRODUCT_COUNT_EXACT, PRODUCT_COUNT_ESTIMATED };

struct category_page {
    struct record *categories;
    size_t count;
    bool more;
    struct cursor next;
};

struct catalog *catalog_new(const struct catalog_options *options);
void catalog_free(struct catalog *catalog);

/* One product by its id (36 characters, lower case). fresh: from the database whatever the cache has. STATUS_NOT_FOUND;
 * otherwise as pg_exec. A cache that fails costs its timeout at most, and never the answer. Where the database does not
 * answer, what the worker holds is better than nothing, unless fresh: view->unproven tells. */
MUST_CHECK enum status catalog_product_get(struct catalog *catalog, struct scope *scope, struct text id, bool fresh,
                                           struct product_view *view);

/* A page of a list. Always from the database. */
MUST_CHECK enum status catalog_product_list(struct catalog *catalog, struct scope *scope,
                                            const struct product_query *query, struct product_page *page);

/* How many products a list has in all. An exact count looks at all of them, within the deadline; an estimate is the
 * planner's. */
MUST_CHECK enum status catalog_product_count(struct catalog *catalog, struct scope *scope,
                                             const struct product_query *query, enum product_count kind,
                                             uint64_t *count);

/* How the products that match are spread. Order, limit and cursor of the query must be none. */
MUST_CHECK enum status catalog_product_facets(struct catalog *catalog, struct scope *scope,
                                              const struct product_query *query, struct product_facets *facets,
                                              struct search_note *note);

/* The categories with these ids, each once, in the order of their ids. */
MUST_CHECK enum status catalog_categories_of(struct catalog *catalog, struct scope *scope, const struct text *ids,
                                             size_t count, struct record **categories, size_t *found);

/* What an export may use. */
struct export_bounds {
    struct waiter *waiter; /* for every wait, so that the worker may do other things meanwhile; NULL for none */
    int64_t time_ms;       /* that one step may take */
    int64_t idle_ms;       /* that the database leaves a transaction whose worker does not ask for more */
    uint32_t exports;      /* at once, of all workers of the database */
};

/* Begins an export of all live products that match, out of one snapshot and on a connection of its own. *cursor is where
 * the feed of changes goes on behind it; *note is what is to be said of a search. STATUS_TOO_LARGE: as many exports run as
 * may. The caller closes *export. */
MUST_CHECK enum status catalog_export_open(struct catalog *catalog, struct scope *scope,
                                           const struct product_filter *filter, const struct export_bounds *bounds,
                                           struct product_export **export, struct feed_cursor *cursor,
                                           struct search_note *note);

/* The next product in the order of the ids, whose values are valid until the next call; *found is false behind the last.
 * After another status than STATUS_OK the export can only be closed. */
MUST_CHECK enum status catalog_export_next(struct product_export *export, struct scope *scope, struct record *product,
                                           bool *found);

/* Ends the transaction. NULL is allowed. */
void catalog_export_close(struct product_export *export);

/* One category by its id; STATUS_NOT_FOUND, otherwise as pg_exec. */
MUST_CHECK enum status catalog_category_get(struct catalog *catalog, struct scope *scope, struct text id,
                                            struct record *category);

MUST_CHECK enum status catalog_category_list(struct catalog *catalog, struct scope *scope,
                                             const struct category_query *query, struct category_page *page);

/* All categories below top, or with an absent top all there are, as they stand at one moment. STATUS_TOO_LARGE where
 * there are more than CATEGORY_TREE_MAX categories altogether; otherwise as pg_exec. */
MUST_CHECK enum status catalog_category_tree(struct catalog *catalog, struct scope *scope, struct text top,
                                             struct category_tree *tree);

/* Whether the database answers: for /readyz. */
MUST_CHECK enum status catalog_ready(struct catalog *catalog, struct scope *scope, bool *cache_answers);

/* For who serves several requests in a row: between the two, what nobody waits for may be kept back, to be sent together. */
void catalog_hold(struct catalog *catalog);
void catalog_release(struct catalog *catalog);

#endif

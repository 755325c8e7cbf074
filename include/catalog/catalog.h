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
#include "domain/product.h"
#include "domain/product_query.h"

#include <stdbool.h>
#include <stdint.h>

struct catalog;
struct pg;
struct product_cache;

/* Writes the JSON of a product: handed in by who knows JSON, so that what is cached is what is answered. */
typedef void (*product_renderer)(struct strbuf *out, const struct record *product);

/* The same of a category: what the feed says is what is answered. */
typedef void (*category_renderer)(struct strbuf *out, const struct record *category);

struct catalog_options {
    struct pg *pg; /* both stay the caller's */
    struct product_cache *cache;
    product_renderer render;
    category_renderer render_category;
    const char *currency; /* of products that name none */
};

/* A product as it is answered. */
struct product_view {
    int64_t version;
    struct text json; /* lives until the scope's arena is reset */
};

struct product_page {
    struct record *products;
    size_t count;
    bool more;
    struct cursor next; /* where more */
};

struct category_page {
    struct record *categories;
    size_t count;
    bool more;
    struct cursor next;
};

struct catalog *catalog_new(const struct catalog_options *options);
void catalog_free(struct catalog *catalog);

/* One product by its id (36 characters, lower case). fresh: from the database whatever the cache has. STATUS_NOT_FOUND;
 * otherwise as pg_exec. A cache that fails costs its timeout at most, and never the answer. */
MUST_CHECK enum status catalog_product_get(struct catalog *catalog, struct scope *scope, struct text id, bool fresh,
                                           struct product_view *view);

/* A page of a list. Always from the database. */
MUST_CHECK enum status catalog_product_list(struct catalog *catalog, struct scope *scope,
                                            const struct product_query *query, struct product_page *page);

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

#endif

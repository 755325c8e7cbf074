/* What the files of the catalog share. */
#ifndef CATALOG_CATALOG_INTERNAL_H
#define CATALOG_CATALOG_INTERNAL_H

#include "base/gathering.h"
#include "cache/product_cache.h"
#include "catalog/catalog.h"

/* More than the rules of domain/attribute.h and domain/product.c let a product have: 50 attributes of 50 strings of 500
 * code points are 5 MB. */
#define CATALOG_PRODUCT_JSON_MAX ((size_t)8 * 1024 * 1024)

/* What is kept of the buffer for it between two. */
#define CATALOG_RENDERED_KEPT ((size_t)256 * 1024)

struct catalog {
    struct catalog_options options;
    struct strbuf rendered;        /* reused for each product and category that is rendered */
    struct cache_generation noted; /* of the answer that is being made */
    struct gathering inserts;      /* insertions (struct joint_insert) that wait for others to join them */
};

/* The JSON of a product, in the scope's arena. */
enum status catalog_render(struct catalog *catalog, struct scope *scope, const struct record *product,
                           struct product_view *view);

/* What is cached depends on which database it is: a process that has not been connected yet asks first. STATUS_OK or
 * STATUS_UNAVAILABLE. */
MUST_CHECK enum status catalog_know_database(struct catalog *catalog, struct scope *scope);

/* Before a write is sent: marks what it changes, as product_cache_begin_write, unless there is no connection to send it on. A
 * mark ends what is held of lists, and while Postgres is away that is all there is. */
MUST_CHECK enum status catalog_begin_write(struct catalog *catalog, struct scope *scope,
                                           const struct cache_marks *marks);

/* Puts a product into the cache, under what was noted before it was read or written. */
void catalog_keep(struct catalog *catalog, struct scope *scope, struct text id, const struct product_view *view,
                  const struct cache_ticket *ticket);

/* The same for one that this process has just created: it is held in its own memory alone. */
void catalog_keep_created(struct catalog *catalog, struct text id, const struct product_view *view,
                          const struct cache_ticket *ticket);

/* What became of a write that was sent. */
enum cache_outcome change_outcome(enum status status);

/* Where the members of a schema stand that tell of a version. */
struct stamp {
    size_t version;
    size_t created_at;
    size_t updated_at;
};

/* Makes of a record the version that comes behind now, or the first one where now is NULL. Changes are in the order of
 * their versions, whatever the clocks say. As pg_now. */
MUST_CHECK enum status catalog_stamp(struct catalog *catalog, struct scope *scope, const struct stamp *stamp,
                                     const struct record *now, struct record *record);

#endif

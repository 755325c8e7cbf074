/* What the files of the catalog share. */
#ifndef CATALOG_CATALOG_INTERNAL_H
#define CATALOG_CATALOG_INTERNAL_H

#include "cache/product_cache.h"
#include "catalog/catalog.h"

/* More than the rules of domain/attribute.h and domain/product.c let a product have: 50 attributes of 50 strings of 500
 * code points are 5 MB. */
#define CATALOG_PRODUCT_JSON_MAX ((size_t)8 * 1024 * 1024)

/* What is kept of the buffer for it between two. */
#define CATALOG_RENDERED_KEPT ((size_t)256 * 1024)

struct catalog {
    struct catalog_options options;
    struct strbuf rendered; /* reused for each product and category that is rendered */
};

/* The JSON of a product, in the scope's arena. */
enum status catalog_render(struct catalog *catalog, struct scope *scope, const struct record *product,
                           struct product_view *view);

/* What is cached depends on which database it is, and so does what a write marks: a process that has not been connected
 * yet asks first. STATUS_OK or STATUS_UNAVAILABLE. */
MUST_CHECK enum status catalog_know_database(struct catalog *catalog, struct scope *scope);

/* Puts a product into the cache, under what was noted before it was read or written. */
void catalog_keep(struct catalog *catalog, struct scope *scope, struct text id, const struct product_view *view,
                  const struct cache_ticket *ticket);

/* For a write whose faults were all found before anything was sent: adds the fault that a constraint of the database
 * found, and turns the store's status into the catalog's. */
struct constraint_fault {
    enum status from;    /* as the store tells it */
    enum status to;      /* as the catalog tells it */
    const char *pointer; /* of the member that broke the rule */
    const char *code;
    const char *detail;
};

enum status catalog_explain(enum status status, const struct constraint_fault *table, size_t count,
                            struct faults *faults);

#endif

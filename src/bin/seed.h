/* Sample categories and products: believable, any number of them, and the same from the same numbers. */
#ifndef SEED_H
#define SEED_H

#include "base/arena.h"
#include "domain/category.h"
#include "domain/product.h"

#include <stdint.h>

#define SEED_DEPARTMENTS 12
#define SEED_SECTIONS 6 /* of each department */
#define SEED_WORDS 8    /* of each kind, in each department */
#define SEED_SIZES 5

/* Departments, their sections, and the sections again for each adjective. */
#define SEED_CATEGORIES_MAX 660
_Static_assert(SEED_CATEGORIES_MAX == SEED_DEPARTMENTS * (1 + SEED_SECTIONS * (1 + SEED_WORDS)),
               "as many as there are");

#define SEED_PRODUCTS_MAX 10000000

struct seed_section {
    const char *name; /* of the category */
    const char *noun; /* of one product in it */
};

struct seed_department {
    const char *name;
    const char *code; /* begins its SKUs */
    struct seed_section section[SEED_SECTIONS];
    const char *adjective[SEED_WORDS]; /* capitalised: they begin names */
    const char *make[SEED_WORDS];      /* where it comes from or what it is made of */
    const char *make_key;              /* the attribute for it */
    const char *size_key;              /* the attribute for its size */
    const char *unit;                  /* of its size, as in a name */
    unsigned size[SEED_SIZES];
    unsigned price_min; /* in whole units of the currency */
    unsigned price_max;
};

extern const struct seed_department seed_departments[SEED_DEPARTMENTS];

/* The sample categories and products of one seed. */
struct seed_plan {
    uint64_t seed;
    uint64_t categories; /* 1 to SEED_CATEGORIES_MAX */
    const char *currency;
};

/* Category index of a plan, complete but for its slug; values live in the arena. A parent comes before its children. */
struct record seed_category(const struct seed_plan *plan, uint64_t index, struct arena *arena);

/* Product index of a plan, complete with its times; values live in the arena. The higher the index the older. */
struct record seed_product(const struct seed_plan *plan, uint64_t index, struct arena *arena);

#endif

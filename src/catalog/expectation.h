/* What a client expects of a thing that it changes, held against what is there. Pure. */
#ifndef CATALOG_EXPECTATION_H
#define CATALOG_EXPECTATION_H

#include "base/arena.h"
#include "catalog/product_change.h"

/* True where the expectation is of this version, or of any. */
bool expectation_names(const struct expectation *expectation, int64_t version);

/* The newest version that the expectation names; 0 where it names none. */
int64_t expectation_newest(const struct expectation *expectation);

/* Of a list "name:3,price:7", which tells the version that set a field, the names, with commas, that versions after this
 * one set; absent where there are none. */
struct text fields_set_after(struct arena *arena, struct text set_by, int64_t version);

/* True where the list of names with commas, which may be absent, has the name. */
bool fields_have(struct text list, const char *name);

/* Adds to a list, which may be absent, that the field was set by the version, as JSON without the braces:
 * "name":3,"price":7 */
struct text fields_add(struct arena *arena, struct text list, const char *name, int64_t version);

#endif

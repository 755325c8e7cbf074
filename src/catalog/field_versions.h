/* Which version set which field, and what of that a client is told whose expectation does not hold. Pure. */
#ifndef CATALOG_FIELD_VERSIONS_H
#define CATALOG_FIELD_VERSIONS_H

#include "base/arena.h"
#include "catalog/product_change.h"

/* STATUS_STALE, and in the result what is there: its version (0: nothing is) and which version set what. */
enum status expectation_fail(struct arena *arena, const struct expectation *expectation, int64_t version,
                             struct text set_by, struct change_result *result);

/* Of a list "name:3,price:7", which tells the version that set a field, the names, with commas, that versions after this
 * one set; absent where there are none. */
struct text fields_set_after(struct arena *arena, struct text set_by, int64_t version);

/* True where the list of names with commas, which may be absent, has the name. */
bool fields_have(struct text list, const char *name);

/* Adds to a list, which may be absent, that the field was set by the version, as JSON without the braces:
 * "name":3,"price":7 */
struct text fields_add(struct arena *arena, struct text list, const char *name, int64_t version);

/* Which fields the edited record sets otherwise than the one that there is, as the store notes it for the version:
 * {"name":3}, absent where none differs. False where one of them is among the others, names with commas. */
bool fields_compare(struct arena *arena, const struct schema *schema, const struct record *now,
                    const struct record *edited, struct text others, int64_t version, struct text *field_versions);

#endif

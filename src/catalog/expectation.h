/* What a client expects of a thing that it changes, held against what is there. Pure. */
#ifndef CATALOG_EXPECTATION_H
#define CATALOG_EXPECTATION_H

#include "base/arena.h"
#include "catalog/product_change.h"

/* --- expectations --- */

/* True where the expectation is of this version, or of any. */
bool expectation_names(const struct expectation *expectation, int64_t version);

/* The newest version that the expectation names; 0 where it names none. */
int64_t expectation_newest(const struct expectation *expectation);

/* True where the change may be merged with what came after the version that the client knows: what was set since is known
 * only since a version that there was. */
bool expectation_merges(const struct expectation *expectation, int64_t version);

/* STATUS_STALE, and in the result what is there: its version (0: nothing is) and which version set what. */
enum status expectation_fail(struct arena *arena, const struct expectation *expectation, int64_t version,
                             struct text set_by, struct change_result *result);

/* --- fields that versions set --- */

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

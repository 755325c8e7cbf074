/* The rules of the tree that the database holds, and what a broken one is to callers. */
#ifndef CATALOG_CATEGORY_RULES_H
#define CATALOG_CATEGORY_RULES_H

#include "catalog/catalog.h"

/* True where the last statement broke the constraint of that name. */
bool category_rules_broke(const struct catalog *catalog, const char *constraint);

/* Turns the status of a write in the store into the catalog's: where it broke a rule, the fault that tells so is added. A
 * status that comes of no rule stays as it is, and so does any where there are faults already. STATUS_INTERNAL, logged:
 * a rule that nobody knows. */
enum status category_rules_explain_write(struct catalog *catalog, enum status status, struct faults *faults);
enum status category_rules_explain_delete(struct catalog *catalog, enum status status, struct faults *faults);

#endif

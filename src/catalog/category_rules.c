/* The rules of the tree that the database holds. */
#include "category_rules.h"

#include "catalog_internal.h"

#include "base/log.h"
#include "store/pg.h"

#include <string.h>

/* What a broken constraint is to callers; by its name, as several may stand behind one status. */
struct broken_rule {
    const char *constraint;
    enum status status;
    enum fault_place place;
    const char *where;
    const char *code;
    const char *detail;
};

static const struct broken_rule writing[] = {
    {"category_parent_id_fkey", STATUS_INVALID, FAULT_IN_BODY, "/parent_id", "unknown_category",
     "must be the id of a category"},
    {"category_too_deep", STATUS_INVALID, FAULT_IN_BODY, "/parent_id", "too_deep",
     "must leave the tree at most 8 levels deep, those below this category counted"},
    {"category_below_itself", STATUS_INVALID, FAULT_IN_BODY, "/parent_id", "cycle",
     "must not be this category or one below it"},
    {"category_check", STATUS_INVALID, FAULT_IN_BODY, "/parent_id", "cycle",
     "must not be this category or one below it"}, /* the table's own check of parent_id <> id */
    {"category_slug_taken", STATUS_CONFLICT, FAULT_IN_BODY, "/slug", "taken", "is the slug of another category"},
};

static const struct broken_rule deleting[] = {
    {"category_parent_id_fkey", STATUS_CONFLICT, FAULT_IN_PARAMETER, "id", "has_children",
     "there are categories below this one; move or delete them first"},
    {"product_category_exists", STATUS_CONFLICT, FAULT_IN_PARAMETER, "id", "has_products",
     "there are products in this category; move them first. Drafts and archived ones count, and so do deleted ones "
     "until they are purged, as they can be restored"},
};

_Static_assert(CATEGORY_DEPTH_MAX == 8, "as the detail above says");

bool category_rules_broke(const struct catalog *catalog, const char *constraint)
{
    return strcmp(pg_constraint(catalog->options.pg), constraint) == 0;
}

/* Adds the fault that a constraint found, and turns the store's status into the catalog's. */
static enum status explain(struct catalog *catalog, enum status status, struct faults *faults,
                           const struct broken_rule *rules, size_t count)
{
    if (faults->count > 0 || (status != STATUS_CONFLICT && status != STATUS_NOT_FOUND && status != STATUS_INVALID)) {
        return status;
    }
    if (category_rules_broke(catalog, "idempotency_taken")) {
        return status; /* the first request with this key came through: it has the answer */
    }
    for (size_t i = 0; i < count; i++) {
        if (category_rules_broke(catalog, rules[i].constraint)) {
            faults_add(faults, rules[i].place, rules[i].where, rules[i].code, "%s", rules[i].detail);
            return rules[i].status;
        }
    }
    log_error("category: the rule \"%s\" of the database was broken (%s)", pg_constraint(catalog->options.pg),
              status_name(status));
    return STATUS_INTERNAL;
}

enum status category_rules_explain_write(struct catalog *catalog, enum status status, struct faults *faults)
{
    return explain(catalog, status, faults, writing, sizeof writing / sizeof writing[0]);
}

enum status category_rules_explain_delete(struct catalog *catalog, enum status status, struct faults *faults)
{
    return explain(catalog, status, faults, deleting, sizeof deleting / sizeof deleting[0]);
}

/* What changes of categories and of webhooks have in common: what is kept for the key, the thing as it is, the expectation,
 * and the attempt, which writes for the one version that was read, so that what others change meanwhile is never lost: who
 * comes late reads again. */
#ifndef CATALOG_RECORD_CHANGE_H
#define CATALOG_RECORD_CHANGE_H

#include "catalog/product_change.h"
#include "catalog_internal.h"
#include "store/stored_record.h"

/* A kind of thing that is changed so. */
struct record_kind {
    const char *name; /* "category" */
    const struct schema *schema;
    size_t id; /* its field */
    struct stamp stamp;
    const struct cache_marks *marks; /* what its changes mark in the cache; NULL: nothing */
    enum status (*load)(struct pg *pg, struct scope *scope, struct text id, struct stored_record *now);
};

/* One change on its way. */
struct record_change {
    const struct record_kind *kind;
    struct catalog *catalog;
    struct scope *scope;
    const struct change_options *options;
    struct faults *faults;
    struct change_result *result;
    bool may_merge;    /* an edit, which tells what it sets: not so a deletion */
    bool merging;      /* the thing is of a later version: what was changed since must not be touched */
    bool disappointed; /* the expectation does not hold: to read again is of no use */
};

/* Writes a new record, which has its id and its stamp. */
typedef enum status (*record_maker)(struct record_change *change, struct record *record);

/* Creates a record of what json_read_record gave. STATUS_INVALID with faults; else what make returns, or what is kept for
 * the key. */
MUST_CHECK enum status record_change_create(struct record_change *change, struct record *input, record_maker make);

/* What is done with the thing as it is, whose expectation holds. STATUS_STALE where it is that no longer. */
typedef enum status (*record_attempt)(struct record_change *change, const struct stored_record *now, void *context);

/* Reads the thing and attempts the change, until nobody else comes first; else what is kept for the key. */
MUST_CHECK enum status record_change_run(struct record_change *change, struct text id, record_attempt attempt,
                                         void *context);

/* --- parts of an attempt --- */

struct record_edit {
    product_edit edit;
    void *context;
};

/* A copy of the record, edited, in the scope's arena. What edit returns. */
MUST_CHECK enum status record_change_edit(struct record_change *change, const struct stored_record *now,
                                          const struct record_edit *edit, struct record **record);

/* Which fields differ, as the store notes it: absent where none does. STATUS_STALE where one of them was changed since the
 * client's version, too. */
MUST_CHECK enum status record_change_compare(struct record_change *change, const struct stored_record *now,
                                             const struct record *record, struct text *field_versions);

/* Makes of the record the version behind now, or the first one where now is NULL. As pg_now. */
MUST_CHECK enum status record_change_stamp(struct record_change *change, const struct record *now,
                                           struct record *record);

/* Makes what was rendered into the catalog's buffer the answer, of that record's version. STATUS_INTERNAL, logged, where it
 * went over. */
MUST_CHECK enum status record_change_show(struct record_change *change, const struct record *record);

#endif

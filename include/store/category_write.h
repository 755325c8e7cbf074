/* Writes of one category: each one statement, which with the category's row writes its row of the feed and, where a key
 * is given, the answer that is kept for it. All of it is committed, or nothing. What the tree must hold is seen to by the database (migrations/0005_categories.sql). */
#ifndef STORE_CATEGORY_WRITE_H
#define STORE_CATEGORY_WRITE_H

#include "domain/category.h"
#include "store/idempotency_store.h"
#include "store/pg.h"
#include "store/stored_record.h"

#include <stdbool.h>

/* Reads a category to change it. STATUS_NOT_FOUND, else as pg_exec. */
MUST_CHECK enum status category_write_load(struct pg *pg, struct scope *scope, struct text id,
                                           struct stored_record *category);

struct category_write {
    const struct record *record; /* as it is to be, complete: slug, version and timestamps too */
    struct text json;            /* the same as it is answered; absent: no row of the feed */
    bool moves;                  /* an update changes parent_id */
    struct text field_versions;  /* of an update: {"name":4}, the fields that this version sets; absent: none */
    struct idempotency idempotency;
    bool dry_run; /* roll back: find out what the answer would be */
};

/* A slug made of the name that no category but the one with this id has now. Another may take it before it is written:
 * then the write is a conflict of category_slug_taken, and the next slug is to be asked for. STATUS_CONFLICT where all
 * slugs of that name are taken; else as pg_exec. */
MUST_CHECK enum status category_write_slug(struct pg *pg, struct scope *scope, struct text id, struct text name,
                                           struct text *slug);

/* Inserts a category. Where a rule was broken pg_constraint names it: category_slug_taken and category_pkey
 * (STATUS_CONFLICT), category_parent_id_fkey, the parent does not exist (STATUS_NOT_FOUND), category_too_deep
 * (STATUS_INVALID), idempotency_taken (STATUS_CONFLICT). STATUS_IN_PROGRESS: a request with this key is running; else as
 * pg_exec. */
MUST_CHECK enum status category_write_insert(struct pg *pg, struct scope *scope, const struct category_write *write);

/* Changes the category whose version is one less than the record's. STATUS_STALE where it is of another version, or is
 * not there; else as for an insert, and category_below_itself (STATUS_INVALID). */
MUST_CHECK enum status category_write_update(struct pg *pg, struct scope *scope, const struct category_write *write);

/* Deletes the category whose version is one less than the record's: for the feed the deletion is a change like others.
 * STATUS_STALE as for an update; STATUS_NOT_FOUND where something still refers to it: category_parent_id_fkey, a
 * category below it, or product_category_exists, a product; else as an insert. */
MUST_CHECK enum status category_write_delete(struct pg *pg, struct scope *scope, const struct category_write *write);

#endif

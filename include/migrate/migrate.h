/* Schema migrations: numbered SQL files, each run once, in order, in a transaction under an advisory lock, and noted in
 * the table wares_migration with the checksum that sha256sum gives. A file cannot end its transaction: one that has a
 * COMMIT or ROLLBACK fails as a whole. The files are built into the programs, so that a worker and its schema cannot be of two releases. */
#ifndef MIGRATE_MIGRATE_H
#define MIGRATE_MIGRATE_H

#include "base/scope.h"
#include "base/status.h"
#include "base/text.h"

#include <stddef.h>

struct pg;

#define MIGRATIONS_MAX 999
#define MIGRATION_NAME_MAX 100

struct migration {
    unsigned number;      /* from 1, without gaps */
    const char *name;     /* the file's: "0001_products.sql" */
    struct text sql;      /* terminated */
    const char *checksum; /* SHA-256 of sql in hex; NULL where the database is to compute it */
};

struct migration_set {
    const struct migration *item;
    size_t count;
};

/* The set built into this program. */
struct migration_set migrations_built_in(void);

/* Reads the files NNNN_name.sql of a folder. STATUS_INVALID, and one sentence in error, for a folder that cannot be
 * read, a name that is not of that form, a number twice or missing, a file that is empty or not UTF-8. */
MUST_CHECK enum status migrations_from_folder(const char *folder, struct arena *arena, struct migration_set *set,
                                              char *error, size_t error_size);

enum migration_state { MIGRATION_APPLIED, MIGRATION_PENDING, MIGRATION_CHANGED, MIGRATION_UNKNOWN };

struct migration_row {
    unsigned number;
    const char *name;
    enum migration_state state; /* UNKNOWN: applied by a newer release; CHANGED: applied with another text */
    const char *applied_at;     /* RFC 3339, or "" */
};

/* Compares the set with the database. rows live in the scope's arena. A database without our table has all pending. */
MUST_CHECK enum status migrate_status(struct pg *pg, struct scope *scope, const struct migration_set *set,
                                      struct migration_row **rows, size_t *count);

/* What migrate_run would say to a database in this state: STATUS_OK, or STATUS_INVALID and its sentence. */
MUST_CHECK enum status migrate_allowed(const struct migration_row *rows, size_t count, char *error, size_t error_size);

/* Runs what is pending; callers that come at once wait for each other and each file runs once. STATUS_INVALID, and
 * nothing run, where a file that was applied has changed since, or the database is newer than the set; STATUS_INTERNAL
 * where a file fails (it is rolled back, those before it stay). error gets one sentence that names the file. *applied
 * counts what was run. report, where not NULL, is told each file before it runs; where another process turns out to be
 * quicker it is not run and not counted. */
MUST_CHECK enum status migrate_run(struct pg *pg, struct scope *scope, const struct migration_set *set,
                                   void (*report)(const struct migration *migration), unsigned *applied, char *error,
                                   size_t error_size);

/* A worker's question on each new connection: is the schema exactly the set's? One round trip. STATUS_OK; STATUS_INVALID
 * with one sentence where it is older, newer or changed. */
MUST_CHECK enum status migrate_check(struct pg *pg, struct scope *scope, const struct migration_set *set, char *error,
                                     size_t error_size);

#endif

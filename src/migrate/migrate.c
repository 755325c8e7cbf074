/* Comparing a set of migrations with the database, and running what is pending. */
#include "migrate/migrate.h"

#include "base/arena.h"
#include "base/strbuf.h"
#include "store/pg.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LOCK_KEY "8317987319222330741" /* one for all who migrate this database; the number has no meaning */
#define SCRIPT_MAX ((size_t)32 << 20)
#define MESSAGE_MAX 400

/* --- comparing --- */

/* A copy of the set in which every migration has its checksum. */
static enum status add_checksums(struct pg *pg, struct scope *scope, const struct migration_set *set,
                                 struct migration_set *complete)
{
    struct migration *items = arena_alloc(scope->arena, (set->count + 1) * sizeof(*items));
    for (size_t i = 0; i < set->count; i++) {
        items[i] = set->item[i];
        if (items[i].checksum == NULL) {
            struct pg_result *result = NULL;
            enum status status =
                pg_exec(pg, scope, "migration_checksum", "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')", true,
                        &items[i].sql, 1, &result);
            if (status != STATUS_OK) {
                return status;
            }
            items[i].checksum = arena_string(scope->arena, pg_value(result, 0, 0));
        }
    }
    *complete = (struct migration_set){.item = items, .count = set->count};
    return STATUS_OK;
}

/* What was applied: number, name, checksum, time; NULL where our table is not there. */
static enum status read_applied(struct pg *pg, struct scope *scope, struct pg_result **applied)
{
    struct pg_result *table = NULL;
    *applied = NULL;
    enum status status =
        pg_exec(pg, scope, "migration_table", "SELECT to_regclass('wares_migration')", true, NULL, 0, &table);
    if (status == STATUS_OK && pg_value(table, 0, 0).data != NULL) {
        status = pg_exec(pg, scope, "migration_applied",
                         "SELECT number, name, checksum, "
                         "to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') "
                         "FROM wares_migration ORDER BY number",
                         true, NULL, 0, applied);
    }
    return status;
}

/* Marks what the database says of one migration in the rows, which begin with those of the set. */
static void mark(struct arena *arena, const struct migration_set *set, const struct pg_result *applied, size_t at,
                 struct migration_row *rows, size_t *count)
{
    uint64_t number = 0;
    (void)text_to_u64(pg_value(applied, at, 0), &number);
    const char *when = arena_string(arena, pg_value(applied, at, 3));

    if (number < 1 || number > set->count) {
        rows[*count] = (struct migration_row){.number = (unsigned)number,
                                              .name = arena_string(arena, pg_value(applied, at, 1)),
                                              .state = MIGRATION_UNKNOWN,
                                              .applied_at = when};
        *count += 1;
        return;
    }
    const bool same = text_equal(pg_value(applied, at, 2), text_of(set->item[number - 1].checksum));
    rows[number - 1].state = same ? MIGRATION_APPLIED : MIGRATION_CHANGED;
    rows[number - 1].applied_at = when;
}

/* As migrate_status, for a set with checksums. */
static enum status compare(struct pg *pg, struct scope *scope, const struct migration_set *set,
                           struct migration_row **rows, size_t *count)
{
    struct pg_result *applied = NULL;
    enum status status = read_applied(pg, scope, &applied);
    if (status != STATUS_OK) {
        return status;
    }
    const size_t applied_count = applied != NULL ? pg_rows(applied) : 0;
    struct migration_row *compared = arena_alloc(scope->arena, (set->count + applied_count + 1) * sizeof(*compared));
    size_t compared_count = set->count;

    for (size_t i = 0; i < set->count; i++) {
        compared[i] = (struct migration_row){
            .number = set->item[i].number, .name = set->item[i].name, .state = MIGRATION_PENDING, .applied_at = ""};
    }
    for (size_t i = 0; i < applied_count; i++) {
        mark(scope->arena, set, applied, i, compared, &compared_count);
    }
    *rows = compared;
    *count = compared_count;
    return STATUS_OK;
}

enum status migrate_status(struct pg *pg, struct scope *scope, const struct migration_set *set,
                           struct migration_row **rows, size_t *count)
{
    struct migration_set complete = {0};
    enum status status = add_checksums(pg, scope, set, &complete);
    return status == STATUS_OK ? compare(pg, scope, &complete, rows, count) : status;
}

/* --- running --- */

enum status migrate_allowed(const struct migration_row *rows, size_t count, char *error, size_t error_size)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].state == MIGRATION_CHANGED) {
            (void)snprintf(error, error_size,
                           "%s has changed since it was applied: put the file back as it was and make the change in a "
                           "new migration",
                           rows[i].name);
            return STATUS_INVALID;
        }
        if (rows[i].state == MIGRATION_UNKNOWN) {
            (void)snprintf(error, error_size,
                           "the database is newer than this release: it has %s, which is not known here", rows[i].name);
            return STATUS_INVALID;
        }
    }
    return STATUS_OK;
}

static void tell_unreadable(const struct pg *pg, enum status status, char *error, size_t error_size)
{
    const char *reason = pg_last_error(pg);
    (void)snprintf(error, error_size, "the migrations of the database cannot be read: %s",
                   reason[0] != '\0' ? reason : status_name(status));
}

static enum status verify(struct pg *pg, struct scope *scope, const struct migration_set *set,
                          struct migration_row **rows, char *error, size_t error_size)
{
    size_t count = 0;
    enum status status = compare(pg, scope, set, rows, &count);
    if (status != STATUS_OK) {
        tell_unreadable(pg, status, error, error_size);
        return status;
    }
    return migrate_allowed(*rows, count, error, error_size);
}

/* One migration as one script, which is one transaction: the lock, the row, the file. Where another process was quicker
 * the row is there already and the script fails on its key. The file is run by EXECUTE, which refuses commands that
 * would end the transaction: a COMMIT in a file cannot leave half of it behind. The tags of the quotes have the
 * checksum of the file in them, so that the file cannot have the tags in it. */
static bool compose(struct strbuf *script, const struct migration *migration)
{
    const char *checksum = migration->checksum;
    strbuf_printf(script,
                  "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SET LOCAL enable_seqscan = on; "
                  "SELECT pg_advisory_xact_lock(" LOCK_KEY "); "
                  "DO $do_%s$ BEGIN "
                  "IF to_regclass('wares_migration') IS NULL THEN "
                  "CREATE TABLE wares_migration (number integer PRIMARY KEY, name text NOT NULL, "
                  "checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now()); "
                  "END IF; "
                  "INSERT INTO wares_migration (number, name, checksum) VALUES (%u, '%s', '%s'); "
                  "EXECUTE $sql_%s$",
                  checksum, migration->number, migration->name, checksum, checksum);
    strbuf_append_text(script, migration->sql);
    strbuf_printf(script, "$sql_%s$; END $do_%s$", checksum, checksum);
    strbuf_append_char(script, '\0');
    return !script->overflowed;
}

/* STATUS_CONFLICT where another process has run it meanwhile; STATUS_INTERNAL, and why, where the file fails. */
static enum status run_one(struct pg *pg, struct scope *scope, const struct migration *migration, char *error,
                           size_t error_size)
{
    char message[MESSAGE_MAX] = "it is too large";
    enum status status = STATUS_INTERNAL;
    struct strbuf script;

    strbuf_init(&script, SCRIPT_MAX);
    if (compose(&script, migration)) {
        status = pg_run_script(pg, scope, script.data, message, sizeof(message));
    }
    strbuf_free(&script);
    if (status == STATUS_OK || (status == STATUS_CONFLICT && strcmp(pg_constraint(pg), "wares_migration_pkey") == 0)) {
        return status;
    }
    if (status == STATUS_UNAVAILABLE || status == STATUS_READ_ONLY || status == STATUS_DEADLINE) {
        (void)snprintf(error, error_size, "%s was not run: %s", migration->name, message);
        return status == STATUS_READ_ONLY ? STATUS_UNAVAILABLE : status; /* again later, as for one that is away */
    }
    if (status == STATUS_UNCERTAIN) {
        (void)snprintf(error, error_size, "%s may have run or not, the connection was lost: %s", migration->name,
                       message);
        return status;
    }
    (void)snprintf(error, error_size, "%s failed and was rolled back: %s", migration->name, message);
    return STATUS_INTERNAL;
}

enum status migrate_run(struct pg *pg, struct scope *scope, const struct migration_set *set,
                        void (*report)(const struct migration *migration), unsigned *applied, char *error,
                        size_t error_size)
{
    struct migration_set complete = {0};
    struct migration_row *rows = NULL;

    *applied = 0;
    enum status status = add_checksums(pg, scope, set, &complete);
    if (status != STATUS_OK) {
        tell_unreadable(pg, status, error, error_size);
        return status;
    }
    status = verify(pg, scope, &complete, &rows, error, error_size);
    for (size_t i = 0; i < complete.count && status == STATUS_OK; i++) {
        if (rows[i].state == MIGRATION_APPLIED) {
            continue;
        }
        if (report != NULL) {
            report(&complete.item[i]);
        }
        status = run_one(pg, scope, &complete.item[i], error, error_size);
        if (status == STATUS_OK) {
            *applied += 1;
        } else if (status == STATUS_CONFLICT) {
            /* Who was quicker may have been of another release. */
            status = verify(pg, scope, &complete, &rows, error, error_size);
        }
    }
    return status;
}

/* --- a worker's question --- */

/* A block that fails with a sentence of its own where the schema is not the set's. Done by the server, it is one round
 * trip, and a table that is missing is no error. */
static bool compose_check(struct strbuf *script, const struct migration_set *set)
{
    strbuf_printf(script, "DO $check$ DECLARE wanted CONSTANT text[] := '{");
    for (size_t i = 0; i < set->count; i++) {
        strbuf_printf(script, "%s%s", i == 0 ? "" : ",", set->item[i].checksum);
    }
    strbuf_printf(script,
                  "}'; applied text[] := '{}'; fault text; BEGIN "
                  "IF to_regclass('wares_migration') IS NOT NULL THEN "
                  "SELECT coalesce(array_agg(checksum ORDER BY number), '{}') INTO applied FROM wares_migration; "
                  "END IF; "
                  "IF applied = wanted THEN RETURN; END IF; "
                  "fault := CASE WHEN cardinality(applied) < cardinality(wanted) "
                  "THEN 'the schema of the database is older than this release: run wares migrate' "
                  "WHEN cardinality(applied) > cardinality(wanted) "
                  "THEN 'the schema of the database is newer than this release' "
                  "ELSE 'a migration was applied with another text than this release has' END; "
                  "RAISE EXCEPTION USING ERRCODE = 'data_exception', "
                  "MESSAGE = format('%%s (%%s of %%s migrations are applied)', fault, cardinality(applied), "
                  "cardinality(wanted)); "
                  "END $check$");
    strbuf_append_char(script, '\0');
    return !script->overflowed;
}

enum status migrate_check(struct pg *pg, struct scope *scope, const struct migration_set *set, char *error,
                          size_t error_size)
{
    char message[MESSAGE_MAX] = "there are too many migrations";
    struct migration_set complete = {0};
    struct strbuf script;

    strbuf_init(&script, SCRIPT_MAX);
    enum status status = add_checksums(pg, scope, set, &complete);
    if (status == STATUS_OK) {
        status = compose_check(&script, &complete) ? pg_run_script(pg, scope, script.data, message, sizeof(message))
                                                   : STATUS_INTERNAL;
    } else {
        (void)snprintf(message, sizeof(message), "%s", pg_last_error(pg));
    }
    strbuf_free(&script);
    if (status == STATUS_INVALID) {
        (void)snprintf(error, error_size, "%s", message);
    } else if (status != STATUS_OK) {
        (void)snprintf(error, error_size, "the schema of the database cannot be checked: %s", message);
    }
    return status == STATUS_UNCERTAIN ? STATUS_UNAVAILABLE : status;
}

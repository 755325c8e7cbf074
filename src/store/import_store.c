/* Imports as rows. */
#include "store/import_store.h"

#include "import_move.h"
#include "pg_array.h"

#include "base/log.h"
#include "domain/job.h"
#include "store/job_store.h"

#include <string.h>

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define TRIES 3

/* --- uploads --- */

enum status import_store_begin(struct pg *pg, struct scope *scope, struct text id, const struct import_options *options)
{
    static const char sql[] = "INSERT INTO import (id, format, mode, on_error, dry_run, category_id) "
                              "VALUES ($1, $2, $3, $4, $5, $6)";
    const struct text values[] = {
        id,
        text_of(import_format_names[options->format]),
        text_of(import_mode_names[options->mode]),
        text_of(import_on_error_names[options->on_error]),
        options->dry_run ? TEXT("t") : TEXT("f"),
        options->category_id,
    };
    struct pg_result *result = NULL;

    return pg_exec(pg, scope, "import_begin", sql, false, values, LENGTH(values), &result);
}

enum status import_store_abandon(struct pg *pg, struct scope *scope, struct text id)
{
    struct pg_result *result = NULL;

    return pg_exec(pg, scope, "import_abandon",
                   "UPDATE import SET state = 'abandoned' WHERE id = $1 AND state = 'uploading'", false, &id, 1,
                   &result);
}

enum status import_store_same(struct pg *pg, struct scope *scope, struct text digest, struct text *id)
{
    static const char sql[] = "SELECT i.id FROM import i WHERE i.state = 'ready' AND i.digest = $1 AND i.created_at > "
                              "now() - interval '24 hours' "
                              "AND (EXISTS (SELECT FROM job j WHERE j.id = i.id AND NOT j.cancelling) "
                              "OR EXISTS (SELECT FROM job_ended e WHERE e.id = i.id AND e.state = 'succeeded')) "
                              "ORDER BY i.created_at DESC LIMIT 1";
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "import_same", sql, true, &digest, 1, &result);

    if (status == STATUS_OK && pg_rows(result) == 0) {
        return STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK) {
        *id = pg_value(result, 0, 0);
    }
    return status;
}

/* $1 id, $2 unique key, $3 attempts, $4 format, $5 digest, $6 bytes, $7 lines, $8 phase, $9 key, $10 request. */
enum status import_store_finish(struct pg *pg, struct scope *scope, const struct import_upload *upload)
{
    static const char sql[] =
        "WITH added AS (INSERT INTO job (id, kind, unique_key, attempts_max) "
        "VALUES ($1::uuid, '" IMPORT_KIND "', $2::text, $3::integer) "
        "ON CONFLICT (kind, unique_key) WHERE unique_key IS NOT NULL DO NOTHING RETURNING id), "
        "ready AS (UPDATE import SET state = 'ready', format = $4, digest = $5, bytes = $6, lines = $7, phase = $8, "
        "touched_at = now() FROM added WHERE import.id = added.id AND import.state = 'uploading' RETURNING import.id), "
        "kept AS (INSERT INTO idempotency (key, request, id, body) "
        "SELECT $9::text, sha256(convert_to($10::text, 'UTF8')), id, '' FROM ready WHERE $9 IS NOT NULL) "
        "SELECT (SELECT count(*) FROM added), CASE WHEN EXISTS (SELECT FROM added) AND NOT EXISTS (SELECT FROM ready) "
        "THEN abandon_stale() END";
    const struct import_options *options = upload->options;
    const struct text values[] = {
        upload->id,
        upload->unique ? upload->digest : TEXT_ABSENT,
        pg_decimal(scope, IMPORT_ATTEMPTS_MAX),
        text_of(import_format_names[options->format]),
        upload->digest,
        pg_decimal(scope, upload->bytes),
        pg_decimal(scope, upload->lines),
        options->dry_run || options->on_error == IMPORT_ABORT ? TEXT("check") : TEXT("apply"),
        upload->idempotency.key,
        upload->idempotency.request,
    };
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "import_finish", sql, false, values, LENGTH(values), &result);

    if (status == STATUS_CONFLICT && strcmp(pg_constraint(pg), "idempotency_taken") == 0) {
        return STATUS_IN_PROGRESS;
    }
    return status == STATUS_OK && pg_number(result, 0, 0) == 0 ? STATUS_CONFLICT : status;
}

/* --- looking --- */

#define SHOWN                                                                                                          \
    "format, mode, on_error, dry_run, category_id, phase, bytes, lines, place, created, updated, unchanged, failed, "  \
    "differences "

static bool read_names(const struct pg_result *result, struct import_options *options)
{
    const int format = import_name_find(import_format_names, IMPORT_FORMAT_COUNT, pg_value(result, 0, 0));
    const int mode = import_name_find(import_mode_names, IMPORT_MODE_COUNT, pg_value(result, 0, 1));
    const int on_error = import_name_find(import_on_error_names, IMPORT_ON_ERROR_COUNT, pg_value(result, 0, 2));

    if (format < 0 || mode < 0 || on_error < 0) {
        return false;
    }
    *options = (struct import_options){.format = (enum import_format)format,
                                       .mode = (enum import_mode)mode,
                                       .on_error = (enum import_on_error)on_error,
                                       .dry_run = pg_is_true(result, 0, 3),
                                       .category_id = pg_value(result, 0, 4)};
    return true;
}

static enum status read_import(const struct pg_result *result, struct import *import)
{
    *import = (struct import){
        .checking = text_equal(pg_value(result, 0, 5), TEXT("check")),
        .bytes = pg_number(result, 0, 6),
        .lines = pg_number(result, 0, 7),
        .place = pg_number(result, 0, 8),
        .created = pg_number(result, 0, 9),
        .updated = pg_number(result, 0, 10),
        .unchanged = pg_number(result, 0, 11),
        .failed = pg_number(result, 0, 12),
        .differences = pg_value(result, 0, 13),
    };
    if (!read_names(result, &import->options)) {
        log_error("postgres: an import has parameters of no known form");
        return STATUS_INTERNAL;
    }
    return STATUS_OK;
}

/* The job first: where it has ended the numbers are its last. One that is done with its lines and yet runs is about to
 * end, and is looked at again. */
enum status import_store_get(struct pg *pg, struct scope *scope, struct text id, struct import *import)
{
    static const char sql[] = "SELECT " SHOWN "FROM import WHERE id = $1 AND state = 'ready'";
    enum status status = STATUS_OK;

    for (int tries = 0; tries < TRIES; tries++) {
        struct pg_result *result = NULL;
        struct job job;

        status = job_store_get(pg, scope, id, &job);
        if (status == STATUS_OK) {
            status = pg_exec(pg, scope, "import_get", sql, true, &id, 1, &result);
        }
        if (status != STATUS_OK) {
            return status;
        }
        if (pg_rows(result) == 0) {
            return STATUS_NOT_FOUND;
        }
        status = read_import(result, import);
        import->job = job;
        if (status != STATUS_OK || job.state != JOB_RUNNING || import->place < import->lines) {
            return status;
        }
    }
    return status;
}

enum status import_store_errors(struct pg *pg, struct scope *scope, struct text id, uint64_t after, size_t bytes_max,
                                struct import_errors *errors)
{
    static const char sql[] = "SELECT number, content FROM import_error WHERE import = $1 AND number > $2 "
                              "ORDER BY number LIMIT 1000";
    const struct text values[] = {id, pg_decimal(scope, after)};
    struct pg_result *result = NULL;
    bool full = false;
    enum status status =
        pg_read_bounded(pg, scope, "import_errors", sql, bytes_max, values, LENGTH(values), 0, &result, &full);

    *errors = (struct import_errors){0};
    if (status != STATUS_OK) {
        return status;
    }
    errors->count = pg_rows(result);
    errors->contents = arena_alloc(scope->arena, (errors->count + 1) * sizeof *errors->contents);
    for (size_t i = 0; i < errors->count; i++) {
        errors->contents[i] = pg_value(result, i, 1);
        errors->last = pg_number(result, i, 0);
    }
    errors->more = errors->count > 0 && (full || errors->count == 1000);
    return STATUS_OK;
}

/* --- the job --- */

enum status import_store_load(struct pg *pg, struct scope *scope, const struct job_hold *hold, struct import *import)
{
    static const char sql[] =
        "SELECT " SHOWN ", EXISTS (SELECT FROM job WHERE id = $1 AND fence = $2 AND state = 'running'), "
        "touched_at < (SELECT started_at FROM job WHERE id = $1) FROM import WHERE id = $1 AND state = 'ready'";
    const struct text values[] = {hold->id, hold->fence};
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "import_load", sql, true, values, LENGTH(values), &result);

    if (status != STATUS_OK) {
        return status;
    }
    if (pg_rows(result) == 0) {
        return STATUS_NOT_FOUND;
    }
    status = pg_is_true(result, 0, 14) ? read_import(result, import) : STATUS_STALE;
    import->untouched = status == STATUS_OK && pg_is_true(result, 0, 15);
    return status;
}

enum status import_store_lines(struct pg *pg, struct scope *scope, struct text id, uint64_t after, uint64_t count,
                               size_t bytes_max, struct staged_lines *lines)
{
    /* The bytes are looked at while the rows are counted, so that none is sent that is not wanted. */
    static const char sql[] =
        "SELECT number, line, flaw, content FROM ("
        "SELECT number, line, flaw, content, sum(octet_length(content)) OVER (ORDER BY number) - octet_length(content) "
        "AS before FROM (SELECT * FROM import_line WHERE import = $1 AND number > $2 ORDER BY number LIMIT $3) l) l "
        "WHERE before < $4 ORDER BY number";
    const struct text values[] = {id, pg_decimal(scope, after), pg_decimal(scope, count), pg_decimal(scope, bytes_max)};
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "import_lines", sql, true, values, LENGTH(values), &result);

    if (status != STATUS_OK) {
        return status;
    }
    lines->count = pg_rows(result);
    lines->lines = arena_alloc(scope->arena, (lines->count + 1) * sizeof *lines->lines);
    for (size_t i = 0; i < lines->count; i++) {
        lines->lines[i] = (struct import_line){
            .number = pg_number(result, i, 0),
            .line = pg_number(result, i, 1),
            .flaw = pg_value(result, i, 2),
            .content = pg_value(result, i, 3),
        };
    }
    return STATUS_OK;
}

bool import_move_values(struct scope *scope, const struct import_move *move, struct pg_array arrays[2],
                        struct text values[IMPORT_MOVE_VALUES])
{
    pg_array_init(&arrays[0]);
    pg_array_init(&arrays[1]);
    for (size_t i = 0; i < move->error_count; i++) {
        pg_array_append(&arrays[0], pg_decimal(scope, move->errors[i].number));
        pg_array_append(&arrays[1], move->errors[i].content);
    }
    values[0] = move->hold.id;
    values[1] = move->hold.fence;
    values[2] = pg_decimal(scope, move->from);
    values[3] = pg_decimal(scope, move->to);
    values[4] = pg_decimal(scope, move->created);
    values[5] = pg_decimal(scope, move->updated);
    values[6] = pg_decimal(scope, move->unchanged);
    values[9] = move->differences;
    return pg_array_end(&arrays[0], &values[7]) && pg_array_end(&arrays[1], &values[8]);
}

enum status import_store_move(struct pg *pg, struct scope *scope, const struct import_move *move)
{
    static const char sql[] =
        IMPORT_MOVE("$1", "$2", "$3", "$4", "$5", "$6", "$7", "$8", "$9", "$10") " SELECT count(*) FROM moved";
    struct text values[IMPORT_MOVE_VALUES];
    struct pg_result *result = NULL;
    struct pg_array arrays[2];
    enum status status = STATUS_TOO_LARGE;

    if (import_move_values(scope, move, arrays, values)) {
        status = pg_exec_arrays(pg, scope, "import_move", sql, false, values, LENGTH(values), IMPORT_MOVE_ARRAYS(0),
                                &result);
    }
    pg_array_free(&arrays[0]);
    pg_array_free(&arrays[1]);
    return status == STATUS_OK && pg_number(result, 0, 0) == 0 ? STATUS_STALE : status;
}

enum status import_store_restart(struct pg *pg, struct scope *scope, const struct job_hold *hold, bool checking)
{
    static const char sql[] = JOB_HELD
        ", moved AS (UPDATE import SET phase = $3, place = 0, created = 0, updated = 0, unchanged = 0, "
        "failed = 0, differences = '', touched_at = now() WHERE id = $1 AND EXISTS (SELECT FROM held) RETURNING id), "
        "gone AS (DELETE FROM import_error e USING moved m WHERE e.import = m.id) "
        "SELECT count(*) FROM moved";
    const struct text values[] = {hold->id, hold->fence, checking ? TEXT("check") : TEXT("apply")};
    struct pg_result *result = NULL;
    enum status status = pg_exec(pg, scope, "import_restart", sql, false, values, LENGTH(values), &result);

    return status == STATUS_OK && pg_number(result, 0, 0) == 0 ? STATUS_STALE : status;
}

enum status import_store_categories(struct pg *pg, struct scope *scope, const struct text *names, size_t count,
                                    struct text *ids)
{
    /* A slug is what the service makes of a name, so that both are found by it. */
    static const char sql[] = "SELECT coalesce((SELECT id FROM category WHERE slug = n.name), "
                              "(SELECT id FROM category WHERE slug = slug_of(n.name))) "
                              "FROM unnest($1::text[]) WITH ORDINALITY n (name, place) ORDER BY place";
    struct pg_result *result = NULL;
    struct pg_array array;
    struct text value;
    enum status status = STATUS_TOO_LARGE;

    if (pg_array_of(&array, names, count, &value)) {
        status = pg_exec_arrays(pg, scope, "import_categories", sql, true, &value, 1, PG_ARRAYS(0, 1), &result);
    }
    pg_array_free(&array);
    for (size_t i = 0; status == STATUS_OK && i < count; i++) {
        ids[i] = pg_value(result, i, 0);
    }
    return status;
}

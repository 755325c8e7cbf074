/* The way of an upload, and imports for who looks at them. */
#include "catalog/imports.h"

#include "catalog_internal.h"

#include "base/clock.h"
#include "base/memory.h"
#include "base/uuid.h"
#include "store/import_stage.h"
#include "store/import_store.h"

#include <stdlib.h>

/* Another import with the same digest may be made, or end, between two statements. */
#define TRIES 4
#define ABANDON_MS 2000

struct import_intake {
    struct pg *pg;
    struct import_stage *stage;
    struct import_options options; /* its category lives as long as the request */
    char id[UUID_TEXT_LENGTH + 1];
    bool begun;
    bool finished;
};

enum status import_intake_open(struct pg *pg, struct scope *scope, const struct import_options *options,
                               const struct import_bounds *bounds, struct import_intake **intake)
{
    struct import_intake *opened = memory_new(1, sizeof *opened);
    enum status status;

    opened->pg = pg;
    opened->options = *options;
    uuid_make(opened->id);
    status = import_stage_open(pg, scope,
                               &(struct import_stage_options){
                                   .waiter = bounds->waiter, .statement_ms = bounds->time_ms, .slots = bounds->uploads},
                               text_of(opened->id), &opened->stage);
    if (status == STATUS_OK) {
        status = import_store_begin(pg, scope, text_of(opened->id), options);
        opened->begun = status == STATUS_OK || status == STATUS_UNCERTAIN;
    }
    if (status == STATUS_OK) {
        *intake = opened;
    } else {
        import_intake_close(opened, scope);
    }
    return status;
}

enum status catalog_import_open(struct catalog *catalog, struct scope *scope, const struct import_options *options,
                                const struct import_bounds *bounds, struct import_intake **intake)
{
    return import_intake_open(catalog->options.pg, scope, options, bounds, intake);
}

enum status import_intake_put(struct import_intake *intake, struct scope *scope, const struct import_line *line)
{
    return import_stage_put(intake->stage, scope, line);
}

/* The import that the same request made before. STATUS_NOT_FOUND: there is none. */
static enum status find_first(const struct import_intake *intake, struct scope *scope, const struct import_whole *whole,
                              struct text *id)
{
    const struct idempotency identity = {.key = whole->key, .request = whole->request};
    struct kept_answer kept = {0};
    enum status status;

    if (whole->key.data == NULL) {
        return import_store_same(intake->pg, scope, whole->digest, id);
    }
    status = idempotency_store_find(intake->pg, scope, &identity, &kept);
    if (status == STATUS_OK) {
        *id = kept.id;
    }
    return status;
}

enum status import_intake_finish(struct import_intake *intake, struct scope *scope, const struct import_whole *whole,
                                 struct text *id, bool *replayed)
{
    struct import_options options = intake->options;
    options.format = whole->format;
    const struct import_upload upload = {
        .id = text_of(intake->id),
        .options = &options,
        .digest = whole->digest,
        .unique = whole->key.data == NULL,
        .bytes = whole->bytes,
        .lines = whole->lines,
        .idempotency = {.key = whole->key, .request = whole->request},
    };
    enum status status = import_stage_flush(intake->stage, scope);

    *replayed = false;
    for (int tries = 0; status == STATUS_OK && tries < TRIES; tries++) {
        status = find_first(intake, scope, whole, id);
        if (status != STATUS_NOT_FOUND) {
            *replayed = status == STATUS_OK;
            return status;
        }
        status = import_store_finish(intake->pg, scope, &upload);
        if (status != STATUS_CONFLICT && status != STATUS_IN_PROGRESS) {
            intake->finished = status == STATUS_OK || status == STATUS_UNCERTAIN;
            *id = arena_copy(scope->arena, text_of(intake->id));
            return status;
        }
        status = tries + 1 < TRIES ? STATUS_OK : status;
    }
    return status == STATUS_CONFLICT ? STATUS_IN_PROGRESS : status;
}

void import_intake_close(struct import_intake *intake, struct scope *scope)
{
    if (intake == NULL) {
        return;
    }
    import_stage_close(intake->stage);
    if (intake->begun && !intake->finished) {
        const int64_t deadline_ns = scope->deadline_ns;

        /* Where this cannot be said, time will tell: an upload that is not touched for days is cleared away as well. */
        scope->deadline_ns = clock_deadline_in_ms(ABANDON_MS);
        if (import_store_abandon(intake->pg, scope, text_of(intake->id)) != STATUS_OK) {
            intake->begun = false;
        }
        scope->deadline_ns = deadline_ns;
    }
    free(intake);
}

enum status catalog_import_get(struct catalog *catalog, struct scope *scope, struct text id, struct import *import)
{
    return import_store_get(catalog->options.pg, scope, id, import);
}

enum status catalog_import_errors(struct catalog *catalog, struct scope *scope, struct text id, uint64_t after,
                                  size_t bytes_max, struct import_error_page *page)
{
    struct import_errors errors;
    const enum status status = import_store_errors(catalog->options.pg, scope, id, after, bytes_max, &errors);

    if (status == STATUS_OK) {
        *page = (struct import_error_page){
            .lines = errors.contents, .count = errors.count, .next = errors.last, .more = errors.more};
    }
    return status;
}

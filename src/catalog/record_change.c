/* Changes of records: the way of each, and its parts. */
#include "record_change.h"

#include "field_versions.h"
#include "kept_answer.h"

#include "base/log.h"
#include "base/uuid.h"

/* How often a thing is read again because others changed it first. Each time one of them got its change done, so that this
 * many others at once are needed for this one to give up. */
#define TRIES_MAX 20

static int64_t version_of(const struct record_change *change, const struct record *record)
{
    return record_version(record, change->kind->stamp.version);
}

/* --- kept answers --- */

static enum status replay(struct record_change *change)
{
    *change->result = (struct change_result){0};
    return kept_answer_find(change->catalog, change->scope, change->options, change->kind->marks, change->result);
}

static enum status settle(struct record_change *change, enum status status)
{
    return kept_answer_settle(change->catalog, change->scope, change->options, change->kind->marks, status,
                              change->result);
}

/* --- creation --- */

enum status record_change_create(struct record_change *change, struct record *input, record_maker make)
{
    char id[UUID_TEXT_LENGTH + 1];
    enum status status = replay(change);

    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    record_complete(change->kind->schema, input, change->catalog->options.currency, change->faults);
    if (change->faults->count > 0) {
        return STATUS_INVALID;
    }
    uuid_make(id);
    record_set(input, change->kind->id, arena_copy(change->scope->arena, text_of(id)));
    change->result->created = true;
    status = record_change_stamp(change, NULL, input);
    return settle(change, status == STATUS_OK ? make(change, input) : status);
}

/* --- change of one that is there --- */

static enum status be_stale(struct record_change *change, const struct stored_record *now)
{
    change->disappointed = true;
    return expectation_fail(change->scope->arena, &change->options->expectation, version_of(change, &now->record),
                            now->set_by, change->result);
}

/* Whether the change may be made of the thing as it is. */
static enum status check_expectation(struct record_change *change, const struct stored_record *now)
{
    const struct expectation *expectation = &change->options->expectation;
    const int64_t version = version_of(change, &now->record);

    change->merging = false;
    if (expectation->absent) {
        return be_stale(change, now);
    }
    if (!expectation->match || expectation_names(expectation, version)) {
        return STATUS_OK;
    }
    change->merging = change->may_merge && expectation_merges(expectation, version);
    return change->merging ? STATUS_OK : be_stale(change, now);
}

static enum status try_once(struct record_change *change, struct text id, record_attempt attempt, void *context)
{
    struct stored_record now = {0};
    enum status status = change->kind->load(change->catalog->options.pg, change->scope, id, &now);

    if (status == STATUS_OK) {
        status = check_expectation(change, &now);
    }
    return status == STATUS_OK ? attempt(change, &now, context) : status;
}

enum status record_change_run(struct record_change *change, struct text id, record_attempt attempt, void *context)
{
    enum status status = replay(change);

    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    status = STATUS_STALE;
    for (int tries = 0; tries < TRIES_MAX && status == STATUS_STALE && !change->disappointed; tries++) {
        status = try_once(change, id, attempt, context);
    }
    if (status == STATUS_STALE && !change->disappointed) {
        log_warning("%s %.*s changes faster than a change of it can be made", change->kind->name, TEXT_PRINT(id));
        status = STATUS_UNAVAILABLE;
    }
    return settle(change, status);
}

/* --- parts of an attempt --- */

enum status record_change_edit(struct record_change *change, const struct stored_record *now,
                               const struct record_edit *edit, struct record **record)
{
    *record = arena_alloc(change->scope->arena, sizeof **record);
    **record = now->record;
    return edit->edit(edit->context, change->scope, &now->record, *record, change->faults);
}

enum status record_change_compare(struct record_change *change, const struct stored_record *now,
                                  const struct record *record, struct text *field_versions)
{
    const struct text others = change->merging ? fields_set_after(change->scope->arena, now->set_by,
                                                                  expectation_newest(&change->options->expectation))
                                               : TEXT_ABSENT;

    return fields_compare(change->scope->arena, change->kind->schema, &now->record, record, others,
                          version_of(change, &now->record) + 1, field_versions)
               ? STATUS_OK
               : be_stale(change, now);
}

enum status record_change_stamp(struct record_change *change, const struct record *now, struct record *record)
{
    return catalog_stamp(change->catalog, change->scope, &change->kind->stamp, now, record);
}

enum status record_change_show(struct record_change *change, const struct record *record)
{
    const struct strbuf *rendered = &change->catalog->rendered;
    const struct text id = record->value[change->kind->id];

    if (rendered->overflowed) {
        log_error("%s %.*s cannot be rendered", change->kind->name, TEXT_PRINT(id));
        return STATUS_INTERNAL;
    }
    change->result->id = id;
    change->result->view.version = version_of(change, record);
    change->result->view.json = arena_copy(change->scope->arena, strbuf_text(rendered));
    return STATUS_OK;
}

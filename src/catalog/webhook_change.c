/* The way of every change of a webhook, and of what is asked of it: what is kept for its key, the webhook as it is, the
 * expectation, the write, which is made for the one version that was read. */
#include "catalog/webhook_change.h"

#include "catalog_internal.h"
#include "expectation.h"
#include "kept_answer.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "domain/timestamp.h"
#include "store/webhook_store.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* How often a webhook is read again because others changed it first. */
#define TRIES_MAX 10

/* Writes what an attempt made of the webhook. */
typedef enum status (*store_writer)(struct pg *pg, struct scope *scope, const struct webhook_write *write);

/* One change on its way. */
struct change {
    struct catalog *catalog;
    struct scope *scope;
    const struct change_options *options;
    struct faults *faults;
    struct change_result *result;
    bool merging;      /* the webhook is of a later version: what was changed since must not be touched */
    bool disappointed; /* the expectation does not hold: to read again is of no use */
};

/* --- one write --- */

static int64_t version_of(const struct record *webhook)
{
    uint64_t version = 0;

    return text_to_u64(webhook->value[WEBHOOK_VERSION], &version) ? (int64_t)version : 0;
}

static enum status stamp(struct change *change, const struct record *now, struct record *record)
{
    static const struct stamp fields = {WEBHOOK_VERSION, WEBHOOK_CREATED_AT, WEBHOOK_UPDATED_AT};

    return catalog_stamp(change->catalog, change->scope, &fields, now, record);
}

/* What is answered; with its secret where that is new. */
static enum status render(struct change *change, const struct record *record, struct text secret)
{
    struct strbuf *out = &change->catalog->rendered;

    strbuf_clear(out, CATALOG_RENDERED_KEPT);
    change->catalog->options.render_webhook(out, record, secret);
    if (out->overflowed) {
        log_error("webhook %.*s cannot be rendered", TEXT_PRINT(record->value[WEBHOOK_ID]));
        return STATUS_INTERNAL;
    }
    change->result->id = record->value[WEBHOOK_ID];
    change->result->view.version = version_of(record);
    change->result->view.json = arena_copy(change->scope->arena, strbuf_text(out));
    return STATUS_OK;
}

static enum status prepare(struct change *change, struct webhook_write *write)
{
    const enum status status = render(change, write->record, write->secret);

    write->json = change->result->view.json;
    write->idempotency = kept_answer_identity(change->options);
    write->dry_run = change->options->dry_run;
    return status;
}

static enum status write_once(struct change *change, store_writer writer, struct webhook_write *write)
{
    const enum status status = prepare(change, write);

    return status == STATUS_OK ? writer(change->catalog->options.pg, change->scope, write) : status;
}

static enum status make_secret(struct change *change, struct text *secret)
{
    unsigned char bytes[WEBHOOK_SECRET_BYTES];
    char text[BASE64_SIZE(WEBHOOK_SECRET_BYTES)];

    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes) {
        log_error("no secret can be made for a webhook: %s", strerror(errno));
        return STATUS_INTERNAL;
    }
    base64_encode(bytes, sizeof bytes, text);
    *secret = arena_printf(change->scope->arena, WEBHOOK_SECRET_PREFIX "%s", text);
    return STATUS_OK;
}

/* --- creation --- */

static enum status create(struct change *change, struct record *record)
{
    struct webhook_write write = {.record = record};
    char id[UUID_TEXT_LENGTH + 1];
    enum status status = make_secret(change, &write.secret);

    uuid_make(id);
    record_set(record, WEBHOOK_ID, arena_copy(change->scope->arena, text_of(id)));
    if (status == STATUS_OK) {
        status = stamp(change, NULL, record);
    }
    if (status == STATUS_OK) {
        status = write_once(change, webhook_store_insert, &write);
    }
    if (status == STATUS_TOO_LARGE) {
        faults_add(change->faults, FAULT_IN_BODY, "", "too_many",
                   "there are %d webhooks already, and no more are kept; delete one that is not needed", WEBHOOKS_MAX);
        status = STATUS_CONFLICT;
    }
    change->result->created = true;
    return status;
}

enum status catalog_webhook_create(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct record *input, struct faults *faults, struct change_result *result)
{
    struct change change = {catalog, scope, options, faults, result, false, false};
    enum status status;

    *result = (struct change_result){0};
    status = kept_answer_find(catalog, scope, options, result);
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    record_complete(&webhook_schema, input, catalog->options.currency, faults);
    if (faults->count > 0) {
        return STATUS_INVALID;
    }
    return kept_answer_settle(catalog, scope, options, create(&change, input), result);
}

/* --- change of one that is there --- */

static enum status be_stale(struct change *change, const struct stored_webhook *now)
{
    change->disappointed = true;
    return expectation_fail(change->scope->arena, &change->options->expectation, version_of(&now->record), now->set_by,
                            change->result);
}

/* Whether the change, which may_merge with others, may be made of the webhook as it is. */
static enum status check_expectation(struct change *change, const struct stored_webhook *now, bool may_merge)
{
    const struct expectation *expectation = &change->options->expectation;
    const int64_t version = version_of(&now->record);

    change->merging = false;
    if (expectation->absent) {
        return be_stale(change, now);
    }
    if (!expectation->match || expectation_names(expectation, version)) {
        return STATUS_OK;
    }
    change->merging = may_merge && expectation_merges(expectation, version);
    return change->merging ? STATUS_OK : be_stale(change, now);
}

/* What is done with the webhook as it is. STATUS_STALE where it is that no longer, or the expectation does not hold. */
typedef enum status (*change_attempt)(struct change *change, const struct stored_webhook *now, void *context);

/* Reads the webhook and attempts the change, until nobody else comes first. */
static enum status change_current(struct change *change, struct text id, change_attempt attempt, void *context)
{
    enum status status = STATUS_STALE;

    for (int tries = 0; tries < TRIES_MAX && status == STATUS_STALE && !change->disappointed; tries++) {
        struct stored_webhook now = {0};

        status = webhook_store_get(change->catalog->options.pg, change->scope, id, &now);
        if (status == STATUS_OK) {
            status = attempt(change, &now, context);
        }
    }
    if (status == STATUS_STALE && !change->disappointed) {
        log_warning("webhook %.*s changes faster than a change of it can be made", TEXT_PRINT(id));
        return STATUS_UNAVAILABLE;
    }
    return status;
}

static enum status run(struct change *change, struct text id, change_attempt attempt, void *context)
{
    enum status status;

    *change->result = (struct change_result){0};
    status = kept_answer_find(change->catalog, change->scope, change->options, change->result);
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    status = change_current(change, id, attempt, context);
    return kept_answer_settle(change->catalog, change->scope, change->options, status, change->result);
}

struct edit {
    product_edit edit;
    void *context;
};

/* Which fields differ, as the store notes it. STATUS_STALE where one of them was changed since the client's version. */
static enum status compare(struct change *change, const struct stored_webhook *now, const struct record *record,
                           struct text *field_versions)
{
    const struct text others = change->merging ? fields_set_after(change->scope->arena, now->set_by,
                                                                  expectation_newest(&change->options->expectation))
                                               : TEXT_ABSENT;

    return fields_compare(change->scope->arena, &webhook_schema, &now->record, record, others,
                          version_of(&now->record) + 1, field_versions)
               ? STATUS_OK
               : be_stale(change, now);
}

static enum status attempt_edit(struct change *change, const struct stored_webhook *now, void *context)
{
    const struct edit *edit = context;
    struct record *record = arena_alloc(change->scope->arena, sizeof *record);
    struct webhook_write write = {.record = record};
    enum status status = check_expectation(change, now, true);

    *record = now->record;
    if (status == STATUS_OK) {
        status = edit->edit(edit->context, change->scope, &now->record, record, change->faults);
    }
    if (status == STATUS_OK) {
        status = compare(change, now, record, &write.field_versions);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (write.field_versions.data == NULL) {
        return render(change, &now->record, TEXT_ABSENT);
    }
    /* Whoever sets the state is the reason. */
    if (!text_equal(now->record.value[WEBHOOK_STATE], record->value[WEBHOOK_STATE])) {
        record_set(record, WEBHOOK_DISABLED_REASON, TEXT_ABSENT);
    }
    status = stamp(change, &now->record, record);
    return status == STATUS_OK ? write_once(change, webhook_store_update, &write) : status;
}

enum status catalog_webhook_edit(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                 struct text id, product_edit edit, void *context, struct faults *faults,
                                 struct change_result *result)
{
    struct change change = {catalog, scope, options, faults, result, false, false};
    struct edit wanted = {edit, context};

    return run(&change, id, attempt_edit, &wanted);
}

static enum status attempt_delete(struct change *change, const struct stored_webhook *now, void *context)
{
    struct record record = now->record;
    struct webhook_write write = {.record = &record};
    enum status status = check_expectation(change, now, false);

    (void)context;
    if (status == STATUS_OK) {
        status = stamp(change, &now->record, &record);
    }
    return status == STATUS_OK ? write_once(change, webhook_store_delete, &write) : status;
}

enum status catalog_webhook_delete(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct text id, struct faults *faults, struct change_result *result)
{
    struct change change = {catalog, scope, options, faults, result, false, false};

    return run(&change, id, attempt_delete, NULL);
}

/* Context: the seconds of overlap. */
static enum status attempt_rotation(struct change *change, const struct stored_webhook *now, void *context)
{
    const int64_t overlap_s = *(const int64_t *)context;
    struct record *record = arena_alloc(change->scope->arena, sizeof *record);
    struct webhook_write write = {.record = record};
    int64_t until_us = 0;
    enum status status = check_expectation(change, now, false);

    *record = now->record;
    if (status == STATUS_OK) {
        status = make_secret(change, &write.secret);
    }
    if (status == STATUS_OK) {
        status = stamp(change, &now->record, record);
    }
    if (status != STATUS_OK) {
        return status;
    }
    if (timestamp_to_micros(record->value[WEBHOOK_UPDATED_AT], &until_us)) {
        char *until = arena_alloc(change->scope->arena, CLOCK_TEXT_SIZE);
        clock_format_micros(until_us + overlap_s * 1000 * 1000, until);
        record_set(record, WEBHOOK_PREVIOUS_SECRET_UNTIL, text_of(until));
    }
    return write_once(change, webhook_store_update, &write);
}

enum status catalog_webhook_rotate(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct text id, int64_t overlap_s, struct faults *faults,
                                   struct change_result *result)
{
    struct change change = {catalog, scope, options, faults, result, false, false};

    return run(&change, id, attempt_rotation, &overlap_s);
}

/* --- asking for deliveries --- */

static enum status refuse_disabled(struct change *change, const struct stored_webhook *now)
{
    if (text_equal(now->record.value[WEBHOOK_STATE], TEXT("active"))) {
        return STATUS_OK;
    }
    faults_add(change->faults, FAULT_IN_PARAMETER, "id", "disabled",
               "the webhook is disabled, and nothing is sent to it; make it active first");
    return STATUS_CONFLICT;
}

struct replay {
    const struct feed_cursor *after; /* NULL: the floor */
    struct feed_cursor *floor;
};

static enum status attempt_replay(struct change *change, const struct stored_webhook *now, void *context)
{
    const struct replay *replay = context;
    struct webhook_write write = {.record = &now->record};
    enum status status = check_expectation(change, now, false);

    if (status == STATUS_OK) {
        status = refuse_disabled(change, now);
    }
    if (status == STATUS_OK) {
        status = webhook_store_floor(change->catalog->options.pg, change->scope, replay->floor);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const struct feed_cursor *after = replay->after != NULL ? replay->after : replay->floor;
    if (after->xid < replay->floor->xid || (after->xid == replay->floor->xid && after->seq < replay->floor->seq)) {
        return STATUS_GONE;
    }
    status = prepare(change, &write);
    return status == STATUS_OK ? webhook_store_replay(change->catalog->options.pg, change->scope, &write, after)
                               : status;
}

enum status catalog_webhook_replay(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct text id, const struct feed_cursor *after, struct faults *faults,
                                   struct change_result *result, struct feed_cursor *floor)
{
    struct change change = {catalog, scope, options, faults, result, false, false};
    struct replay replay = {after, floor};

    return run(&change, id, attempt_replay, &replay);
}

/* The delivery as it will be. */
static enum status show_asked(struct change *change, const struct stored_webhook *now, struct delivery *delivery)
{
    struct strbuf *out = &change->catalog->rendered;
    char *at = arena_alloc(change->scope->arena, CLOCK_TEXT_SIZE);
    int64_t at_us = 0;
    const enum status status = pg_now(change->catalog->options.pg, change->scope, &at_us);

    if (status != STATUS_OK) {
        return status;
    }
    clock_format_micros(at_us, at);
    delivery->state = DELIVERY_PENDING;
    delivery->next_attempt_at = text_of(at);
    delivery->ended_at = TEXT_ABSENT;
    strbuf_clear(out, CATALOG_RENDERED_KEPT);
    change->catalog->options.render_delivery(out, delivery);
    change->result->id = now->record.value[WEBHOOK_ID];
    change->result->view.version = version_of(&now->record);
    change->result->view.json = arena_copy(change->scope->arena, strbuf_text(out));
    return out->overflowed ? STATUS_INTERNAL : STATUS_OK;
}

static enum status attempt_redelivery(struct change *change, const struct stored_webhook *now, void *context)
{
    const struct feed_cursor *place = context;
    struct delivery delivery = {0};
    struct pg *pg = change->catalog->options.pg;
    enum status status = check_expectation(change, now, false);

    if (status == STATUS_OK) {
        status = webhook_store_delivery(pg, change->scope, now->record.value[WEBHOOK_ID], place, &delivery);
    }
    if (status == STATUS_OK) {
        status = refuse_disabled(change, now);
    }
    if (status == STATUS_OK) {
        status = show_asked(change, now, &delivery);
    }
    if (status != STATUS_OK) {
        return status;
    }
    const struct webhook_write write = {
        .record = &now->record,
        .json = change->result->view.json,
        .idempotency = kept_answer_identity(change->options),
        .dry_run = change->options->dry_run,
    };
    return webhook_store_redeliver(pg, change->scope, &write, place);
}

enum status catalog_webhook_redeliver(struct catalog *catalog, struct scope *scope,
                                      const struct change_options *options, struct text id,
                                      const struct feed_cursor *place, struct faults *faults,
                                      struct change_result *result)
{
    struct change change = {catalog, scope, options, faults, result, false, false};
    struct feed_cursor wanted = *place;

    return run(&change, id, attempt_redelivery, &wanted);
}

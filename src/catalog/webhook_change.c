/* Changes of webhooks, and what is asked of them: what each does on the way of all (record_change.h). */
#include "catalog/webhook_change.h"

#include "kept_answer.h"
#include "record_change.h"

#include "base/base64.h"
#include "base/clock.h"
#include "base/log.h"
#include "domain/timestamp.h"
#include "store/webhook_store.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

/* Nothing that is cached tells of webhooks. */
static const struct record_kind webhook = {
    .name = "webhook",
    .schema = &webhook_schema,
    .id = WEBHOOK_ID,
    .stamp = {WEBHOOK_VERSION, WEBHOOK_CREATED_AT, WEBHOOK_UPDATED_AT},
    .load = webhook_store_get,
};

/* --- one write --- */

/* Writes what an attempt made of the webhook. */
typedef enum status (*store_writer)(struct pg *pg, struct scope *scope, const struct webhook_write *write);

/* What is answered; with its secret where that is new. */
static enum status render(struct record_change *change, const struct record *record, struct text secret)
{
    struct strbuf *out = &change->catalog->rendered;

    strbuf_clear(out, CATALOG_RENDERED_KEPT);
    change->catalog->options.render_webhook(out, record, secret);
    return record_change_show(change, record);
}

static enum status prepare(struct record_change *change, struct webhook_write *write)
{
    const enum status status = render(change, write->record, write->secret);

    write->json = change->result->view.json;
    write->idempotency = kept_answer_identity(change->options);
    write->dry_run = change->options->dry_run;
    return status;
}

static enum status write_once(struct record_change *change, store_writer writer, struct webhook_write *write)
{
    const enum status status = prepare(change, write);

    return status == STATUS_OK ? writer(change->catalog->options.pg, change->scope, write) : status;
}

static enum status make_secret(struct record_change *change, struct text *secret)
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

static enum status create(struct record_change *change, struct record *record)
{
    struct webhook_write write = {.record = record};
    enum status status = make_secret(change, &write.secret);

    if (status == STATUS_OK) {
        status = write_once(change, webhook_store_insert, &write);
    }
    if (status == STATUS_TOO_LARGE) {
        faults_add(change->faults, FAULT_IN_BODY, "", "too_many",
                   "there are %d webhooks already, and no more are kept; delete one that is not needed", WEBHOOKS_MAX);
        status = STATUS_CONFLICT;
    }
    return status;
}

enum status catalog_webhook_create(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct record *input, struct faults *faults, struct change_result *result)
{
    struct record_change change = {&webhook, catalog, scope, options, faults, result, .may_merge = false};

    return record_change_create(&change, input, create);
}

/* --- change of one that is there --- */

/* Context: the edit. */
static enum status attempt_edit(struct record_change *change, const struct stored_record *now, void *context)
{
    struct record *record = NULL;
    struct webhook_write write = {0};
    enum status status = record_change_edit(change, now, context, &record);

    if (status == STATUS_OK) {
        status = record_change_compare(change, now, record, &write.field_versions);
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
    write.record = record;
    status = record_change_stamp(change, &now->record, record);
    return status == STATUS_OK ? write_once(change, webhook_store_update, &write) : status;
}

enum status catalog_webhook_edit(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                 struct text id, product_edit edit, void *context, struct faults *faults,
                                 struct change_result *result)
{
    struct record_change change = {&webhook, catalog, scope, options, faults, result, .may_merge = true};
    struct record_edit wanted = {edit, context};

    return record_change_run(&change, id, attempt_edit, &wanted);
}

static enum status attempt_delete(struct record_change *change, const struct stored_record *now, void *context)
{
    struct record record = now->record;
    struct webhook_write write = {.record = &record};
    const enum status status = record_change_stamp(change, &now->record, &record);

    (void)context;
    return status == STATUS_OK ? write_once(change, webhook_store_delete, &write) : status;
}

enum status catalog_webhook_delete(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                   struct text id, struct faults *faults, struct change_result *result)
{
    struct record_change change = {&webhook, catalog, scope, options, faults, result, .may_merge = false};

    return record_change_run(&change, id, attempt_delete, NULL);
}

/* Context: the seconds of overlap. */
static enum status attempt_rotation(struct record_change *change, const struct stored_record *now, void *context)
{
    const int64_t overlap_s = *(const int64_t *)context;
    struct record *record = arena_alloc(change->scope->arena, sizeof *record);
    struct webhook_write write = {.record = record};
    int64_t until_us = 0;
    enum status status = make_secret(change, &write.secret);

    *record = now->record;
    if (status == STATUS_OK) {
        status = record_change_stamp(change, &now->record, record);
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
    struct record_change change = {&webhook, catalog, scope, options, faults, result, .may_merge = false};

    return record_change_run(&change, id, attempt_rotation, &overlap_s);
}

/* --- asking for deliveries --- */

static enum status refuse_disabled(struct record_change *change, const struct stored_record *now)
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

static enum status attempt_replay(struct record_change *change, const struct stored_record *now, void *context)
{
    const struct replay *replay = context;
    struct webhook_write write = {.record = &now->record};
    enum status status = refuse_disabled(change, now);

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
    struct record_change change = {&webhook, catalog, scope, options, faults, result, .may_merge = false};
    struct replay replay = {after, floor};

    return record_change_run(&change, id, attempt_replay, &replay);
}

/* The delivery as it will be. */
static enum status show_asked(struct record_change *change, const struct stored_record *now, struct delivery *delivery)
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
    return record_change_show(change, &now->record);
}

static enum status attempt_redelivery(struct record_change *change, const struct stored_record *now, void *context)
{
    const struct feed_cursor *place = context;
    struct delivery delivery = {0};
    struct pg *pg = change->catalog->options.pg;
    enum status status = webhook_store_delivery(pg, change->scope, now->record.value[WEBHOOK_ID], place, &delivery);

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
    struct record_change change = {&webhook, catalog, scope, options, faults, result, .may_merge = false};
    struct feed_cursor wanted = *place;

    return record_change_run(&change, id, attempt_redelivery, &wanted);
}

/* The way of every change of a category: what is kept for its key, the category as it is, the expectation, the write.
 *
 * A change is written for the one version that it was made of, so that what others change meanwhile is never lost: who
 * comes late reads again. */
#include "catalog/category_change.h"

#include "catalog_internal.h"
#include "category_rules.h"
#include "expectation.h"
#include "kept_answer.h"

#include "base/log.h"
#include "base/uuid.h"
#include "store/category_write.h"

#define SLUG_TRIES 5 /* where others take the slugs that are found free */

/* How often a category is read again because others changed it first. Each time one of them got its change done, so that
 * this many others at once are needed for this one to give up. */
#define TRIES_MAX 20

/* One change on its way. */
struct change {
    struct catalog *catalog;
    struct scope *scope;
    const struct change_options *options;
    struct faults *faults;
    struct change_result *result;
    bool merging;      /* the category is of a later version: what was changed since must not be touched */
    bool disappointed; /* the expectation does not hold: to read again is of no use */
};

/* --- one write --- */

static int64_t version_of(const struct record *category)
{
    uint64_t version = 0;

    return text_to_u64(category->value[CATEGORY_VERSION], &version) ? (int64_t)version : 0;
}

static enum status stamp(struct change *change, const struct record *now, struct record *record)
{
    static const struct stamp fields = {CATEGORY_VERSION, CATEGORY_CREATED_AT, CATEGORY_UPDATED_AT};

    return catalog_stamp(change->catalog, change->scope, &fields, now, record);
}

static enum status render(struct change *change, const struct record *record)
{
    struct strbuf *out = &change->catalog->rendered;

    strbuf_clear(out, CATALOG_RENDERED_KEPT);
    change->catalog->options.render_category(out, record);
    if (out->overflowed) {
        log_error("category %.*s cannot be rendered", TEXT_PRINT(record->value[CATEGORY_ID]));
        return STATUS_INTERNAL;
    }
    change->result->id = record->value[CATEGORY_ID];
    change->result->view.version = version_of(record);
    change->result->view.json = arena_copy(change->scope->arena, strbuf_text(out));
    return STATUS_OK;
}

typedef enum status (*store_writer)(struct pg *pg, struct scope *scope, const struct category_write *write);

/* Writes between the cache's marks: lists tell of categories, and are made by their places. */
static enum status write_marked(struct change *change, store_writer writer, const struct category_write *write)
{
    struct product_cache *cache = change->catalog->options.cache;
    const struct cache_marks marks = {.all_categories = true};
    enum status status = catalog_begin_write(change->catalog, change->scope, &marks);

    if (status != STATUS_OK) {
        return status;
    }
    status = writer(change->catalog->options.pg, change->scope, write);
    product_cache_end_write(cache, change->scope, change_outcome(status));
    return status;
}

static enum status write_once(struct change *change, store_writer writer, struct category_write *write)
{
    enum status status = render(change, write->record);

    write->json = change->result->view.json;
    write->idempotency = kept_answer_identity(change->options);
    write->dry_run = change->options->dry_run;
    if (status != STATUS_OK) {
        return status;
    }
    return write->dry_run ? writer(change->catalog->options.pg, change->scope, write)
                          : write_marked(change, writer, write);
}

/* Makes a slug of the name. */
static enum status choose_slug(struct change *change, struct record *record)
{
    enum status status = category_write_slug(change->catalog->options.pg, change->scope, record->value[CATEGORY_ID],
                                             record->value[CATEGORY_NAME], &record->value[CATEGORY_SLUG]);

    if (status == STATUS_CONFLICT) {
        faults_add(change->faults, FAULT_IN_BODY, "/slug", "taken", "all slugs made of this name are taken; give one");
    }
    return status;
}

/* Of two that choose the same free slug at once the later finds it taken, and chooses again. The record is the write's. */
static enum status write_until_slug_is_free(struct change *change, store_writer writer, bool makes_slug,
                                            struct record *record, struct category_write *write)
{
    enum status status = write_once(change, writer, write);

    for (int tries = 1;
         makes_slug && tries < SLUG_TRIES && category_rules_broke(change->catalog, "category_slug_taken"); tries++) {
        status = choose_slug(change, record);
        if (status != STATUS_OK) {
            return status;
        }
        status = write_once(change, writer, write);
    }
    return status;
}

/* --- kept answers --- */

/* The process that made the change may have died before it told the cache: what it owed is done before its answer is given
 * again. */
static enum status tell_cache(struct change *change, enum status status)
{
    const struct cache_marks marks = {.all_categories = true};

    if (status != STATUS_OK || !change->result->replayed) {
        return status;
    }
    status = product_cache_replay(change->catalog->options.cache, change->scope, &marks);
    if (status != STATUS_OK) {
        *change->result = (struct change_result){0};
    }
    return status;
}

static enum status replay(struct change *change)
{
    return tell_cache(change, kept_answer_find(change->catalog, change->scope, change->options, change->result));
}

static enum status settle(struct change *change, enum status status)
{
    const enum status settled =
        kept_answer_settle(change->catalog, change->scope, change->options, status, change->result);
    const enum status told = tell_cache(change, settled);

    return status == STATUS_UNCERTAIN && told != settled ? status : told;
}

/* --- creation --- */

static enum status create(struct change *change, struct record *record)
{
    const bool makes_slug = record->value[CATEGORY_SLUG].data == NULL;
    struct category_write write = {.record = record};
    char id[UUID_TEXT_LENGTH + 1];
    enum status status;

    uuid_make(id);
    record_set(record, CATEGORY_ID, arena_copy(change->scope->arena, text_of(id)));
    status = stamp(change, NULL, record);
    if (status == STATUS_OK && makes_slug) {
        status = choose_slug(change, record);
    }
    if (status == STATUS_OK) {
        status = write_until_slug_is_free(change, category_write_insert, makes_slug, record, &write);
    }
    change->result->created = true;
    return status;
}

enum status catalog_category_create(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                    struct record *input, struct faults *faults, struct change_result *result)
{
    struct change change = {catalog, scope, options, faults, result, false, false};
    enum status status;

    *result = (struct change_result){0};
    status = replay(&change);
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    record_complete(&category_schema, input, catalog->options.currency, faults);
    if (faults->count > 0) {
        return STATUS_INVALID;
    }
    status = create(&change, input);
    status = category_rules_explain_write(catalog, status, faults);
    return settle(&change, status);
}

/* --- change and deletion of one that is there --- */

static enum status be_stale(struct change *change, const struct stored_category *now)
{
    change->disappointed = true;
    return expectation_fail(change->scope->arena, &change->options->expectation, version_of(&now->record), now->set_by,
                            change->result);
}

/* Whether the change, which may_merge with others, may be made of the category as it is. */
static enum status check_expectation(struct change *change, const struct stored_category *now, bool may_merge)
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

/* What is done with the category as it is. STATUS_STALE where it is that no longer, or the expectation does not hold. */
typedef enum status (*change_attempt)(struct change *change, const struct stored_category *now, void *context);

/* Reads the category and attempts the change, until nobody else comes first. */
static enum status change_current(struct change *change, struct text id, change_attempt attempt, void *context)
{
    enum status status = STATUS_STALE;

    for (int tries = 0; tries < TRIES_MAX && status == STATUS_STALE && !change->disappointed; tries++) {
        struct stored_category now = {0};

        status = category_write_load(change->catalog->options.pg, change->scope, id, &now);
        if (status == STATUS_OK) {
            status = attempt(change, &now, context);
        }
    }
    if (status == STATUS_STALE && !change->disappointed) {
        log_warning("category %.*s changes faster than a change of it can be made", TEXT_PRINT(id));
        return STATUS_UNAVAILABLE;
    }
    return status;
}

static enum status run(struct change *change, struct text id, change_attempt attempt, void *context)
{
    enum status status;

    *change->result = (struct change_result){0};
    status = replay(change);
    if (status != STATUS_NOT_FOUND) {
        return status;
    }
    status = change_current(change, id, attempt, context);
    return settle(change, status);
}

/* Which fields differ, as the store notes it: absent where none does. STATUS_STALE where one of them was changed since
 * the client's version, too. */
static enum status compare(struct change *change, const struct stored_category *now, const struct record *record,
                           struct text *field_versions)
{
    const struct text others = change->merging ? fields_set_after(change->scope->arena, now->set_by,
                                                                  expectation_newest(&change->options->expectation))
                                               : TEXT_ABSENT;

    return fields_compare(change->scope->arena, &category_schema, &now->record, record, others,
                          version_of(&now->record) + 1, field_versions)
               ? STATUS_OK
               : be_stale(change, now);
}

struct edit {
    product_edit edit;
    void *context;
};

/* Writes what an edit made of the category. */
static enum status write_edited(struct change *change, const struct stored_category *now, struct record *record,
                                bool makes_slug)
{
    struct category_write write = {
        .record = record,
        .moves = !text_equal(now->record.value[CATEGORY_PARENT_ID], record->value[CATEGORY_PARENT_ID]),
    };
    enum status status = compare(change, now, record, &write.field_versions);

    if (status == STATUS_OK && write.field_versions.data == NULL) {
        return render(change, &now->record);
    }
    if (status == STATUS_OK) {
        status = stamp(change, &now->record, record);
    }
    if (status == STATUS_OK) {
        status = write_until_slug_is_free(change, category_write_update, makes_slug, record, &write);
    }
    return status;
}

static enum status attempt_edit(struct change *change, const struct stored_category *now, void *context)
{
    const struct edit *edit = context;
    struct record *record = arena_alloc(change->scope->arena, sizeof *record);
    bool makes_slug;
    enum status status = check_expectation(change, now, true);

    *record = now->record;
    if (status == STATUS_OK) {
        status = edit->edit(edit->context, change->scope, &now->record, record, change->faults);
    }
    if (status != STATUS_OK) {
        return status;
    }
    makes_slug = record->value[CATEGORY_SLUG].data == NULL;
    if (makes_slug) {
        status = choose_slug(change, record);
    }
    if (status == STATUS_OK) {
        status = write_edited(change, now, record, makes_slug);
    }
    return category_rules_explain_write(change->catalog, status, change->faults);
}

enum status catalog_category_edit(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                  struct text id, product_edit edit, void *context, struct faults *faults,
                                  struct change_result *result)
{
    struct change change = {catalog, scope, options, faults, result, false, false};
    struct edit wanted = {edit, context};

    return run(&change, id, attempt_edit, &wanted);
}

static enum status attempt_delete(struct change *change, const struct stored_category *now, void *context)
{
    struct record record = now->record;
    struct category_write write = {.record = &record};
    enum status status = check_expectation(change, now, false);

    (void)context;
    if (status == STATUS_OK) {
        status = stamp(change, &now->record, &record);
    }
    if (status == STATUS_OK) {
        status = write_once(change, category_write_delete, &write);
    }
    return category_rules_explain_delete(change->catalog, status, change->faults);
}

enum status catalog_category_delete(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                    struct text id, struct faults *faults, struct change_result *result)
{
    struct change change = {catalog, scope, options, faults, result, false, false};

    return run(&change, id, attempt_delete, NULL);
}

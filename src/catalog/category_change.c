/* The way of every change of a category: what is kept for its key, the category as it is, the expectation, the write.
 *
 * A change is written for the one version that it was made of, so that what others change meanwhile is never lost: who
 * comes late reads again. */
#include "catalog/category_change.h"

#include "catalog_internal.h"
#include "expectation.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "domain/timestamp.h"
#include "store/category_write.h"

#include <string.h>

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

/* --- rules that the database holds --- */

/* What a broken constraint is to callers; by its name, as several may stand behind one status. */
struct broken_rule {
    const char *constraint;
    enum status status;
    enum fault_place place;
    const char *where;
    const char *code;
    const char *detail;
};

static const struct broken_rule writing[] = {
    {"category_parent_id_fkey", STATUS_INVALID, FAULT_IN_BODY, "/parent_id", "unknown_category",
     "must be the id of a category"},
    {"category_too_deep", STATUS_INVALID, FAULT_IN_BODY, "/parent_id", "too_deep",
     "must leave the tree at most 8 levels deep, those below this category counted"},
    {"category_below_itself", STATUS_INVALID, FAULT_IN_BODY, "/parent_id", "cycle",
     "must not be this category or one below it"},
    {"category_check", STATUS_INVALID, FAULT_IN_BODY, "/parent_id", "cycle",
     "must not be this category or one below it"}, /* the table's own check of parent_id <> id */
    {"category_slug_taken", STATUS_CONFLICT, FAULT_IN_BODY, "/slug", "taken", "is the slug of another category"},
};

static const struct broken_rule deleting[] = {
    {"category_parent_id_fkey", STATUS_CONFLICT, FAULT_IN_PARAMETER, "id", "has_children",
     "there are categories below this one; move or delete them first"},
    {"product_category_exists", STATUS_CONFLICT, FAULT_IN_PARAMETER, "id", "has_products",
     "there are products in this category; move them first. Drafts and archived ones count, and so do deleted ones "
     "until they are purged, as they can be restored"},
};

_Static_assert(CATEGORY_DEPTH_MAX == 8, "as the detail above says");

static bool is_broken(const struct change *change, const char *constraint)
{
    return strcmp(pg_constraint(change->catalog->options.pg), constraint) == 0;
}

/* Adds the fault that a constraint found, and turns the store's status into the catalog's. */
static enum status explain(struct change *change, enum status status, const struct broken_rule *rules, size_t count)
{
    if (change->faults->count > 0 ||
        (status != STATUS_CONFLICT && status != STATUS_NOT_FOUND && status != STATUS_INVALID)) {
        return status;
    }
    if (is_broken(change, "idempotency_taken")) {
        return status; /* the first request with this key came through: it has the answer */
    }
    for (size_t i = 0; i < count; i++) {
        if (is_broken(change, rules[i].constraint)) {
            faults_add(change->faults, rules[i].place, rules[i].where, rules[i].code, "%s", rules[i].detail);
            return rules[i].status;
        }
    }
    log_error("category: the rule \"%s\" of the database was broken (%s)", pg_constraint(change->catalog->options.pg),
              status_name(status));
    return STATUS_INTERNAL;
}

/* --- kept answers --- */

static struct idempotency idempotency_of(const struct change *change)
{
    return (struct idempotency){.key = change->options->key, .request = change->options->request};
}

static bool has_key(const struct change *change)
{
    return change->options->key.data != NULL && !change->options->dry_run;
}

/* The answer of the first request with this key. STATUS_NOT_FOUND where there is none, or no key. */
static enum status replay(struct change *change)
{
    const struct idempotency idempotency = idempotency_of(change);
    struct kept_answer kept = {0};
    enum status status;

    if (!has_key(change)) {
        return STATUS_NOT_FOUND;
    }
    status = idempotency_store_find(change->catalog->options.pg, change->scope, &idempotency, &kept);
    if (status == STATUS_OK) {
        *change->result = (struct change_result){
            .id = kept.id,
            .view = {.version = kept.version, .json = kept.body},
            .created = kept.version == 1,
            .replayed = true,
        };
    }
    return status;
}

/* A failure may mean that the first request with this key has done its work already: what it answered counts then. */
static enum status or_replay(struct change *change, enum status status)
{
    enum status kept;

    if (status != STATUS_CONFLICT && status != STATUS_NOT_FOUND && status != STATUS_INVALID && status != STATUS_STALE &&
        status != STATUS_IN_PROGRESS && status != STATUS_UNCERTAIN) {
        return status;
    }
    kept = replay(change);
    if (status == STATUS_UNCERTAIN) {
        return kept == STATUS_OK || kept == STATUS_KEY_REUSED ? kept : status;
    }
    return kept == STATUS_NOT_FOUND ? status : kept; /* where it cannot be told, no such failure can be either */
}

/* --- one write --- */

static int64_t version_of(const struct record *category)
{
    uint64_t version = 0;

    return text_to_u64(category->value[CATEGORY_VERSION], &version) ? (int64_t)version : 0;
}

/* Makes of the record the version that comes behind now, or the first one. */
static enum status stamp(struct change *change, const struct record *now, struct record *record)
{
    struct arena *arena = change->scope->arena;
    char *at = arena_alloc(arena, CLOCK_TEXT_SIZE);
    int64_t at_us = 0;
    int64_t before_us = 0;
    enum status status = pg_now(change->catalog->options.pg, change->scope, &at_us);

    if (status != STATUS_OK) {
        return status;
    }
    /* A category's changes are in the order of its versions, whatever the clocks say. */
    if (now != NULL && timestamp_to_micros(now->value[CATEGORY_UPDATED_AT], &before_us) && at_us <= before_us) {
        at_us = before_us + 1;
    }
    clock_format_micros(at_us, at);
    record_set(record, CATEGORY_UPDATED_AT, text_of(at));
    record_set(record, CATEGORY_CREATED_AT, now != NULL ? now->value[CATEGORY_CREATED_AT] : text_of(at));
    record_set(record, CATEGORY_VERSION,
               now != NULL ? arena_printf(arena, "%lld", (long long)version_of(now) + 1) : TEXT("1"));
    return STATUS_OK;
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

static enum status write_once(struct change *change, store_writer writer, struct category_write *write)
{
    enum status status = render(change, write->record);

    write->json = change->result->view.json;
    write->idempotency = idempotency_of(change);
    write->dry_run = change->options->dry_run;
    return status == STATUS_OK ? writer(change->catalog->options.pg, change->scope, write) : status;
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

    for (int tries = 1; makes_slug && tries < SLUG_TRIES && is_broken(change, "category_slug_taken"); tries++) {
        status = choose_slug(change, record);
        if (status != STATUS_OK) {
            return status;
        }
        status = write_once(change, writer, write);
    }
    return status;
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
    return or_replay(&change, explain(&change, status, writing, sizeof writing / sizeof writing[0]));
}

/* --- change and deletion of one that is there --- */

static enum status be_stale(struct change *change, const struct stored_category *now)
{
    const int64_t base = expectation_newest(&change->options->expectation);
    const int64_t version = version_of(&now->record);

    change->disappointed = true;
    change->result->current_version = version;
    change->result->changed =
        base > 0 && base < version ? fields_set_after(change->scope->arena, now->set_by, base) : TEXT_ABSENT;
    return STATUS_STALE;
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
    /* What was set since is known only since a version that there was. */
    change->merging = may_merge && expectation->disjoint && expectation_newest(expectation) > 0 &&
                      expectation_newest(expectation) < version;
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
    return or_replay(change, change_current(change, id, attempt, context));
}

/* Which fields differ, as the store notes it: absent where none does. STATUS_STALE where one of them was changed since
 * the client's version, too. */
static enum status compare(struct change *change, const struct stored_category *now, const struct record *record,
                           struct text *field_versions)
{
    struct arena *arena = change->scope->arena;
    struct text list = TEXT_ABSENT;
    const struct text others =
        change->merging ? fields_set_after(arena, now->set_by, expectation_newest(&change->options->expectation))
                        : TEXT_ABSENT;

    for (size_t i = 0; i < CATEGORY_FIELD_COUNT; i++) {
        const struct field *field = &category_schema.fields[i];
        if ((field->flags & FIELD_SERVER) != 0 || text_equal(now->record.value[i], record->value[i])) {
            continue;
        }
        if (fields_have(others, field->name)) {
            return be_stale(change, now);
        }
        list = fields_add(arena, list, field->name, version_of(&now->record) + 1);
    }
    *field_versions = list.data != NULL ? arena_printf(arena, "{%.*s}", TEXT_PRINT(list)) : TEXT_ABSENT;
    return STATUS_OK;
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
    return explain(change, status, writing, sizeof writing / sizeof writing[0]);
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
    return explain(change, status, deleting, sizeof deleting / sizeof deleting[0]);
}

enum status catalog_category_delete(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                    struct text id, struct faults *faults, struct change_result *result)
{
    struct change change = {catalog, scope, options, faults, result, false, false};

    return run(&change, id, attempt_delete, NULL);
}

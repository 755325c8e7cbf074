/* Categories: creation, change and deletion, each with its row of the feed.
 *
 * A change is written for the one version that it was made of, so that what others change meanwhile is never lost: who
 * comes late is told so and reads again. */
#include "catalog_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/uuid.h"
#include "domain/timestamp.h"
#include "store/category_write.h"

#include <string.h>

#define SLUG_TRIES 5 /* where others take the slugs that are found free */

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

static bool is_broken(struct catalog *catalog, const char *constraint)
{
    return strcmp(pg_constraint(catalog->options.pg), constraint) == 0;
}

/* Adds the fault that a constraint found, and turns the store's status into the catalog's. */
static enum status explain(struct catalog *catalog, enum status status, const struct broken_rule *rules, size_t count,
                           struct faults *faults)
{
    if (faults->count > 0 || (status != STATUS_CONFLICT && status != STATUS_NOT_FOUND && status != STATUS_INVALID)) {
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        if (is_broken(catalog, rules[i].constraint)) {
            faults_add(faults, rules[i].place, rules[i].where, rules[i].code, "%s", rules[i].detail);
            return rules[i].status;
        }
    }
    log_error("category: the rule \"%s\" of the database was broken (%s)", pg_constraint(catalog->options.pg),
              status_name(status));
    return STATUS_INTERNAL;
}

/* --- one write --- */

/* Now, but never before the time given, which may be absent. */
static struct text time_of_change(struct scope *scope, struct text before)
{
    char *now = arena_alloc(scope->arena, CLOCK_TEXT_SIZE);
    int64_t now_us = clock_unix_us();
    int64_t before_us = 0;

    if (before.data != NULL && timestamp_to_micros(before, &before_us) && before_us > now_us) {
        now_us = before_us;
    }
    clock_format_micros(now_us, now);
    return text_of(now);
}

/* The record that comes behind current: the next version, changed now. */
static void stamp(struct scope *scope, const struct record *current, struct record *record)
{
    uint64_t version = 0;

    (void)text_to_u64(current->value[CATEGORY_VERSION], &version);
    record->value[CATEGORY_VERSION] = arena_printf(scope->arena, "%llu", (unsigned long long)version + 1);
    record->value[CATEGORY_UPDATED_AT] = time_of_change(scope, current->value[CATEGORY_UPDATED_AT]);
}

typedef enum status (*store_writer)(struct pg *pg, struct scope *scope, const struct category_write *write);

static enum status write_once(struct catalog *catalog, struct scope *scope, store_writer writer,
                              const struct record *record, bool moves)
{
    struct category_write write = {.record = record, .moves = moves};

    strbuf_clear(&catalog->rendered, CATALOG_RENDERED_KEPT);
    catalog->options.render_category(&catalog->rendered, record);
    if (catalog->rendered.overflowed) {
        log_error("category %.*s cannot be rendered", TEXT_PRINT(record->value[CATEGORY_ID]));
        return STATUS_INTERNAL;
    }
    write.json = arena_copy(scope->arena, strbuf_text(&catalog->rendered));
    return writer(catalog->options.pg, scope, &write);
}

/* Makes a slug of the name. */
static enum status choose_slug(struct catalog *catalog, struct scope *scope, struct record *record,
                               struct faults *faults)
{
    enum status status = category_write_slug(catalog->options.pg, scope, record->value[CATEGORY_ID],
                                             record->value[CATEGORY_NAME], &record->value[CATEGORY_SLUG]);

    if (status == STATUS_CONFLICT) {
        faults_add(faults, FAULT_IN_BODY, "/slug", "taken", "all slugs made of this name are taken; give one");
    }
    return status;
}

/* Of two that choose the same free slug at once the later finds it taken, and chooses again. */
static enum status write_until_slug_is_free(struct catalog *catalog, struct scope *scope, store_writer writer,
                                            bool moves, bool makes_slug, struct record *record, struct faults *faults)
{
    enum status status = write_once(catalog, scope, writer, record, moves);

    for (int tries = 1; makes_slug && tries < SLUG_TRIES && is_broken(catalog, "category_slug_taken"); tries++) {
        status = choose_slug(catalog, scope, record, faults);
        if (status != STATUS_OK) {
            return status;
        }
        status = write_once(catalog, scope, writer, record, moves);
    }
    return status;
}

/* --- what may be done --- */

enum status catalog_category_create(struct catalog *catalog, struct scope *scope, struct record *input,
                                    struct faults *faults, struct record *category)
{
    static const struct record nothing = {0};
    struct record made;
    char id[UUID_TEXT_LENGTH + 1];
    bool makes_slug;
    enum status status = STATUS_OK;

    record_complete(&category_schema, input, catalog->options.currency, faults);
    if (faults->count > 0) {
        return STATUS_INVALID;
    }
    uuid_make(id);
    made = *input;
    record_set(&made, CATEGORY_ID, arena_copy(scope->arena, text_of(id)));
    stamp(scope, &nothing, &made);
    record_set(&made, CATEGORY_CREATED_AT, made.value[CATEGORY_UPDATED_AT]);
    makes_slug = made.value[CATEGORY_SLUG].data == NULL;
    if (makes_slug) {
        status = choose_slug(catalog, scope, &made, faults);
    }
    if (status == STATUS_OK) {
        status = write_until_slug_is_free(catalog, scope, category_write_insert, false, makes_slug, &made, faults);
    }
    if (status == STATUS_OK) {
        *category = made;
    }
    return explain(catalog, status, writing, sizeof writing / sizeof writing[0], faults);
}

/* What the category is to be. */
static struct record patched(const struct record *current, const struct record *patch)
{
    struct record record = *current;

    for (size_t i = 0; i < CATEGORY_FIELD_COUNT; i++) {
        if (record_has(patch, i)) {
            const struct text value = patch->value[i];
            record.value[i] = value.data != NULL ? value : text_of(category_schema.fields[i].default_value);
        }
    }
    return record;
}

static bool differs(const struct record *a, const struct record *b)
{
    for (size_t i = 0; i < CATEGORY_FIELD_COUNT; i++) {
        if (!text_equal(a->value[i], b->value[i])) {
            return true;
        }
    }
    return false;
}

enum status catalog_category_change(struct catalog *catalog, struct scope *scope, const struct record *current,
                                    const struct record *patch, struct faults *faults, struct record *category)
{
    struct record record = patched(current, patch);
    const bool makes_slug = record.value[CATEGORY_SLUG].data == NULL;
    const bool moves = !text_equal(current->value[CATEGORY_PARENT_ID], record.value[CATEGORY_PARENT_ID]);
    enum status status = STATUS_OK;

    if (faults->count > 0) {
        return STATUS_INVALID;
    }
    if (makes_slug) {
        status = choose_slug(catalog, scope, &record, faults);
    }
    if (status == STATUS_OK && differs(current, &record)) {
        stamp(scope, current, &record);
        status = write_until_slug_is_free(catalog, scope, category_write_update, moves, makes_slug, &record, faults);
    }
    if (status == STATUS_OK) {
        *category = record;
    }
    return explain(catalog, status, writing, sizeof writing / sizeof writing[0], faults);
}

enum status catalog_category_delete(struct catalog *catalog, struct scope *scope, const struct record *current,
                                    struct faults *faults)
{
    struct record record = *current;
    enum status status;

    stamp(scope, current, &record);
    status = write_once(catalog, scope, category_write_delete, &record, false);
    return explain(catalog, status, deleting, sizeof deleting / sizeof deleting[0], faults);
}

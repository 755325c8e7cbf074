/* Changes of categories: what each does on the way of all (record_change.h). */
#include "catalog/category_change.h"

#include "category_rules.h"
#include "kept_answer.h"
#include "record_change.h"

#include "store/category_write.h"

#define SLUG_TRIES 5 /* where others take the slugs that are found free */

/* Lists tell of categories, and are made by their places. */
static const struct cache_marks marks = {.all_categories = true};

static const struct record_kind category = {
    .name = "category",
    .schema = &category_schema,
    .id = CATEGORY_ID,
    .stamp = {CATEGORY_VERSION, CATEGORY_CREATED_AT, CATEGORY_UPDATED_AT},
    .marks = &marks,
    .load = category_write_load,
};

/* --- one write --- */

static enum status render(struct record_change *change, const struct record *record)
{
    struct strbuf *out = &change->catalog->rendered;

    strbuf_clear(out, CATALOG_RENDERED_KEPT);
    change->catalog->options.render_category(out, record);
    return record_change_show(change, record);
}

typedef enum status (*store_writer)(struct pg *pg, struct scope *scope, const struct category_write *write);

/* Writes between the cache's marks. */
static enum status write_marked(struct record_change *change, store_writer writer, const struct category_write *write)
{
    struct product_cache *cache = change->catalog->options.cache;
    enum status status = catalog_begin_write(change->catalog, change->scope, &marks);

    if (status != STATUS_OK) {
        return status;
    }
    status = writer(change->catalog->options.pg, change->scope, write);
    product_cache_end_write(cache, change->scope, change_outcome(status));
    return status;
}

static enum status write_once(struct record_change *change, store_writer writer, struct category_write *write)
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
static enum status choose_slug(struct record_change *change, struct record *record)
{
    enum status status = category_write_slug(change->catalog->options.pg, change->scope, record->value[CATEGORY_ID],
                                             record->value[CATEGORY_NAME], &record->value[CATEGORY_SLUG]);

    if (status == STATUS_CONFLICT) {
        faults_add(change->faults, FAULT_IN_BODY, "/slug", "taken", "all slugs made of this name are taken; give one");
    }
    return status;
}

/* Of two that choose the same free slug at once the later finds it taken, and chooses again. The record is the write's. */
static enum status write_until_slug_is_free(struct record_change *change, store_writer writer, bool makes_slug,
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

/* --- creation --- */

static enum status create(struct record_change *change, struct record *record)
{
    const bool makes_slug = record->value[CATEGORY_SLUG].data == NULL;
    struct category_write write = {.record = record};
    enum status status = makes_slug ? choose_slug(change, record) : STATUS_OK;

    if (status == STATUS_OK) {
        status = write_until_slug_is_free(change, category_write_insert, makes_slug, record, &write);
    }
    return category_rules_explain_write(change->catalog, status, change->faults);
}

enum status catalog_category_create(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                    struct record *input, struct faults *faults, struct change_result *result)
{
    struct record_change change = {&category, catalog, scope, options, faults, result, .may_merge = false};

    return record_change_create(&change, input, create);
}

/* --- change and deletion of one that is there --- */

/* Writes what an edit made of the category. */
static enum status write_edited(struct record_change *change, const struct stored_record *now, struct record *record,
                                bool makes_slug)
{
    struct category_write write = {
        .record = record,
        .moves = !text_equal(now->record.value[CATEGORY_PARENT_ID], record->value[CATEGORY_PARENT_ID]),
    };
    enum status status = record_change_compare(change, now, record, &write.field_versions);

    if (status == STATUS_OK && write.field_versions.data == NULL) {
        return render(change, &now->record);
    }
    if (status == STATUS_OK) {
        status = record_change_stamp(change, &now->record, record);
    }
    if (status == STATUS_OK) {
        status = write_until_slug_is_free(change, category_write_update, makes_slug, record, &write);
    }
    return status;
}

/* Context: the edit. */
static enum status attempt_edit(struct record_change *change, const struct stored_record *now, void *context)
{
    struct record *record = NULL;
    bool makes_slug;
    enum status status = record_change_edit(change, now, context, &record);

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
    struct record_change change = {&category, catalog, scope, options, faults, result, .may_merge = true};
    struct record_edit wanted = {edit, context};

    return record_change_run(&change, id, attempt_edit, &wanted);
}

static enum status attempt_delete(struct record_change *change, const struct stored_record *now, void *context)
{
    struct record record = now->record;
    struct category_write write = {.record = &record};
    enum status status = record_change_stamp(change, &now->record, &record);

    (void)context;
    if (status == STATUS_OK) {
        status = write_once(change, category_write_delete, &write);
    }
    return category_rules_explain_delete(change->catalog, status, change->faults);
}

enum status catalog_category_delete(struct catalog *catalog, struct scope *scope, const struct change_options *options,
                                    struct text id, struct faults *faults, struct change_result *result)
{
    struct record_change change = {&category, catalog, scope, options, faults, result, .may_merge = false};

    return record_change_run(&change, id, attempt_delete, NULL);
}

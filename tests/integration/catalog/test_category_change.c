/* Tests of catalog/category_change.h: slugs that are made, changes that others come before, and kept answers. */
#include "catalog/category_change.h"

#include "../database.h"
#include "cells_folder.h"

#include "cache/product_cache.h"
#include "json/record.h"

#include <stdio.h>
#include <sys/wait.h>

static struct catalog *catalog;
static struct redis *redis;
static struct product_cache *cache;

static void render(struct strbuf *out, const struct record *category)
{
    json_write_record(out, &category_schema, category);
}

/* With a cache of its own: the one of another process is of no use to a child. */
static struct catalog *catalog_on(struct pg *pg)
{
    cache = product_cache_new(&(struct product_cache_options){.redis = redis, .ttl_s = 60, .folder = folder});
    product_cache_attach(cache, TEXT("test"), (struct cells_backend){.pid = 1});
    return catalog_new(
        &(struct catalog_options){.pg = pg, .cache = cache, .render_category = render, .currency = "USD"});
}

static int set_up(void **state)
{
    char error[200];

    (void)catalogue_set_up(state);
    make_cells_folder();
    assert_int_equal(redis_new("off", 100, &redis, error, sizeof(error)), STATUS_OK);
    catalog = catalog_on(((struct database *)*state)->pg);
    return 0;
}

static int tear_down(void **state)
{
    catalog_free(catalog);
    product_cache_free(cache);
    redis_free(redis);
    remove_cells();
    return database_tear_down(state);
}

static int clear(void **state)
{
    (void)database_reset(state);
    run_sql(*state, "TRUNCATE category, change, idempotency CASCADE");
    return 0;
}

static struct faults *no_faults(struct scope *scope)
{
    struct faults *faults = arena_alloc(scope->arena, sizeof(*faults));
    faults_init(faults, scope->arena);
    return faults;
}

/* A new category; the slug may be NULL. */
static enum status make(struct catalog *where, struct scope *scope, const struct change_options *options,
                        const char *name, const char *slug, struct change_result *result)
{
    struct record input = {0};
    record_set(&input, CATEGORY_NAME, text_of(name));
    if (slug != NULL) {
        record_set(&input, CATEGORY_SLUG, text_of(slug));
    }
    return catalog_category_create(where, scope, options, &input, no_faults(scope), result);
}

static const struct change_options plain;

static void processes_that_make_the_same_slug_at_once_all_get_one(void **state)
{
    enum { PROCESSES = 8, EACH = 5 };
    struct database *database = *state;
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct scope scope = database_scope();
            struct catalog *own = catalog_on(database_connect(0));
            bool all = true;
            for (int made = 0; made < EACH; made++) {
                struct change_result result;
                enum status status;
                do {
                    status = make(own, &scope, &plain, "Same", NULL, &result);
                } while (status == STATUS_CONFLICT); /* five lost races in a row */
                all = all && status == STATUS_OK;
            }
            _exit(all ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int ended = 0;
        assert_true(wait(&ended) > 0);
        assert_int_equal(ended, 0);
    }
    assert_string_equal(ask(database, "SELECT count(DISTINCT slug) FROM category"), "40");
    assert_string_equal(ask(database, "SELECT count(*) FROM category JOIN change USING (id) "
                                      "WHERE slug = data::json ->> 'slug'"),
                        "40");
}

/* A trigger loses the race in place of another process. */
static void a_slug_that_was_lost_in_a_race_is_chosen_again(void **state)
{
    struct database *database = *state;
    struct change_result result;
    run_sql(database, "CREATE SEQUENCE races; CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                      "IF nextval('races') <= 4 THEN RAISE EXCEPTION USING ERRCODE = 'unique_violation', "
                      "CONSTRAINT = 'category_slug_taken'; END IF; RETURN NEW; END $$; "
                      "CREATE TRIGGER lose BEFORE INSERT ON category FOR EACH ROW EXECUTE FUNCTION lose()");
    assert_int_equal(make(catalog, &database->scope, &plain, "Tea", NULL, &result), STATUS_OK);
    run_sql(database, "ALTER SEQUENCE races RESTART");
    assert_int_equal(make(catalog, &database->scope, &plain, "Tea", "given", &result), STATUS_CONFLICT);
    assert_string_equal(ask(database, "SELECT last_value FROM races"), "1");
    run_sql(database, "DROP TRIGGER lose ON category");
}

/* Changes the category behind the back of the change that this is an edit of, so often, and then counts positions up. */
struct rival {
    struct database *database;
    unsigned times;
};

static enum status be_late(void *context, struct scope *scope, const struct record *current, struct record *edited,
                           struct faults *faults)
{
    struct rival *rival = context;
    (void)current;
    (void)faults;
    if (rival->times > 0) {
        rival->times--;
        run_sql(rival->database, "UPDATE category SET position = position + 1, version = version + 1");
    }
    edited->value[CATEGORY_NAME] = arena_printf(scope->arena, "%.*s!", TEXT_PRINT(edited->value[CATEGORY_NAME]));
    return STATUS_OK;
}

static void a_change_is_made_again_of_what_another_made(void **state)
{
    struct database *database = *state;
    struct change_result made;
    struct change_result result;
    struct rival rival = {.database = database, .times = 3};
    assert_int_equal(make(catalog, &database->scope, &plain, "Tea", NULL, &made), STATUS_OK);
    assert_int_equal(catalog_category_edit(catalog, &database->scope, &plain, made.id, be_late, &rival,
                                           no_faults(&database->scope), &result),
                     STATUS_OK);
    assert_int_equal(result.view.version, 5);
    assert_string_equal(ask(database, "SELECT name || position || version FROM category"), "Tea!35");

    rival.times = 1000;
    assert_int_equal(catalog_category_edit(catalog, &database->scope, &plain, made.id, be_late, &rival,
                                           no_faults(&database->scope), &result),
                     STATUS_UNAVAILABLE);
    assert_string_equal(ask(database, "SELECT name FROM category"), "Tea!");
}

static void an_expectation_that_others_break_is_stale(void **state)
{
    struct database *database = *state;
    const struct change_options first = {.expectation = {.match = true, .versions = {1}, .version_count = 1}};
    struct change_result made;
    struct change_result result;
    struct rival rival = {.database = database, .times = 1};
    assert_int_equal(make(catalog, &database->scope, &plain, "Tea", NULL, &made), STATUS_OK);
    assert_int_equal(catalog_category_edit(catalog, &database->scope, &first, made.id, be_late, &rival,
                                           no_faults(&database->scope), &result),
                     STATUS_STALE);
    assert_int_equal(result.current_version, 2);
    assert_int_equal(
        catalog_category_delete(catalog, &database->scope, &first, made.id, no_faults(&database->scope), &result),
        STATUS_STALE);
    assert_string_equal(ask(database, "SELECT name || version FROM category"), "Tea2");
}

static void an_answer_is_kept_with_its_effect_only(void **state)
{
    struct database *database = *state;
    const struct change_options keyed = {.key = TEXT("k"), .request = TEXT("POST x")};
    const struct change_options other = {.key = TEXT("k"), .request = TEXT("POST y")};
    struct change_result first;
    struct change_result second;
    assert_int_equal(make(catalog, &database->scope, &plain, "Other", "taken", &first), STATUS_OK);
    assert_int_equal(make(catalog, &database->scope, &keyed, "Tea", "taken", &first), STATUS_CONFLICT);
    assert_string_equal(ask(database, "SELECT count(*) FROM idempotency"), "0");
    assert_int_equal(make(catalog, &database->scope, &keyed, "Tea", "tea", &first), STATUS_OK);
    assert_int_equal(make(catalog, &database->scope, &keyed, "Tea", "tea", &second), STATUS_OK);
    assert_false(first.replayed);
    assert_true(second.replayed && second.created);
    assert_true(text_equal(first.id, second.id) && text_equal(first.view.json, second.view.json));
    assert_int_equal(make(catalog, &database->scope, &other, "Tea", "tea", &second), STATUS_KEY_REUSED);
    assert_string_equal(ask(database, "SELECT count(*) FROM category"), "2");
}

/* The first request holds its key's lock until it has committed. */
static void a_key_is_busy_while_its_first_request_runs(void **state)
{
    struct database *database = *state;
    const struct change_options keyed = {.key = TEXT("busy"), .request = TEXT("POST x")};
    struct database other = {.pg = database_connect(0), .scope = database_scope()};
    struct change_result result;
    run_sql(&other, "SELECT pg_advisory_lock(hashtextextended('busy', 0))");
    assert_int_equal(make(catalog, &database->scope, &keyed, "Tea", NULL, &result), STATUS_IN_PROGRESS);
    run_sql(&other, "SELECT pg_advisory_unlock(hashtextextended('busy', 0))");
    assert_int_equal(make(catalog, &database->scope, &keyed, "Tea", NULL, &result), STATUS_OK);
    assert_string_equal(ask(database, "SELECT count(*) FROM category"), "1");
    pg_free(other.pg);
    arena_free(other.scope.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(processes_that_make_the_same_slug_at_once_all_get_one, clear),
        cmocka_unit_test_setup(a_slug_that_was_lost_in_a_race_is_chosen_again, clear),
        cmocka_unit_test_setup(a_change_is_made_again_of_what_another_made, clear),
        cmocka_unit_test_setup(an_expectation_that_others_break_is_stale, clear),
        cmocka_unit_test_setup(an_answer_is_kept_with_its_effect_only, clear),
        cmocka_unit_test_setup(a_key_is_busy_while_its_first_request_runs, clear),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

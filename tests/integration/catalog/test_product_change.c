/* Tests of catalog/product_change.h: what others do to a product, or with a key, while a change is on its way. */
#include "catalog/product_change.h"

#include "workers.h"

#include <unistd.h>

#define LARGE_BYTES 400000

static struct faults *new_faults(struct scope *scope)
{
    struct faults *faults = arena_alloc(scope->arena, sizeof(*faults));
    faults_init(faults, scope->arena);
    return faults;
}

static struct change_options keyed(const char *key)
{
    return (struct change_options){.key = text_of(key), .request = TEXT("the request")};
}

static enum status create(struct worker *worker, struct scope *scope, const struct change_options *options,
                          struct change_result *result)
{
    struct record input = {0};
    record_set(&input, PRODUCT_NAME, TEXT("Made"));
    record_set(&input, PRODUCT_PRICE, TEXT("1.50"));
    record_set(&input, PRODUCT_CATEGORY_ID, TEXT(TEA));
    return catalog_product_create(worker->catalog, scope, options, &input, new_faults(scope), result);
}

/* A new product's id. */
static struct text make(struct database *database)
{
    struct change_result result;
    assert_int_equal(create(&mine, &database->scope, &(struct change_options){0}, &result), STATUS_OK);
    return result.id;
}

/* What comes first, each time that an edit is about to be made of a product. */
struct interference {
    struct database *database;
    void (*interfere)(struct interference *interference);
    struct text id;
    unsigned times; /* at most */
    unsigned calls;
    size_t footprint;   /* of the scope's arena and what it is for now, at its greatest */
    enum status status; /* of the edit, where it is none of the first time */
    const char *key;
};

static enum status rename_product(void *context, struct scope *scope, const struct record *current,
                                  struct record *edited, struct faults *faults)
{
    struct interference *interference = context;

    interference->calls++;
    if (interference->calls <= interference->times) {
        interference->interfere(interference);
    }
    if (arena_footprint(scope->arena) > interference->footprint) {
        interference->footprint = arena_footprint(scope->arena);
    }
    record_set(edited, PRODUCT_NAME, arena_printf(scope->arena, "%.*s!", TEXT_PRINT(current->value[PRODUCT_NAME])));
    if (interference->status != STATUS_OK && interference->calls > 1) {
        faults_add(faults, FAULT_IN_BODY, "/0", "test_failed", "is not so");
        return interference->status;
    }
    return STATUS_OK;
}

static enum status edit(struct interference *interference, const struct change_options *options,
                        struct change_result *result)
{
    struct scope *scope = &interference->database->scope;
    return catalog_product_edit(mine.catalog, scope, options, interference->id, rename_product, interference,
                                new_faults(scope), result);
}

/* --- others come first --- */

static void set_another_field(struct interference *interference)
{
    struct database other = {.pg = others.pg, .scope = database_scope()};
    run_sql(&other, arena_printf(other.scope.arena,
                                 "UPDATE product SET version = version + 1, status = 'draft' WHERE id = '%.*s'",
                                 TEXT_PRINT(interference->id))
                        .data);
    arena_free(other.scope.arena);
}

static void a_change_is_made_although_others_come_first(void **state)
{
    struct database *database = *state;
    struct interference interference = {
        .database = database, .interfere = set_another_field, .id = make(database), .times = 99};
    struct change_result result;

    assert_int_equal(edit(&interference, &(struct change_options){0}, &result), STATUS_OK);
    assert_int_equal(interference.calls, 100);
    assert_int_equal(result.view.version, 101);
    assert_string_equal(ask(database, "SELECT name || ' ' || status || ' ' || version FROM product"),
                        "Made! draft 101");
    assert_non_null(strstr(arena_string(database->scope.arena, result.view.json), "\"name\":\"Made!\""));
}

static void others_that_come_first_without_an_end_are_unavailable(void **state)
{
    struct database *database = *state;
    struct interference interference = {
        .database = database, .interfere = set_another_field, .id = make(database), .times = 100000};
    struct change_result result;

    assert_int_equal(edit(&interference, &(struct change_options){0}, &result), STATUS_UNAVAILABLE);
    assert_int_equal(interference.calls, 100);
    assert_string_equal(ask(database, "SELECT name FROM product"), "Made");
}

static void they_do_so_within_the_deadline(void **state)
{
    struct database *database = *state;
    struct interference interference = {
        .database = database, .interfere = set_another_field, .id = make(database), .times = 100000};
    struct change_result result;
    enum status status;

    database->scope.deadline_ns = clock_deadline_in_ms(30);
    status = edit(&interference, &(struct change_options){0}, &result);
    /* Where it passes while a write is with Postgres, what became of that is not known. */
    assert_true(status == STATUS_DEADLINE || status == STATUS_UNCERTAIN);
    assert_in_range(interference.calls, 1, 99);
}

/* A try of a product of 400 kB holds some of it several times; a hundred tries must not hold it a hundred times. */
static void tries_leave_no_memory_behind(void **state)
{
    struct database *database = *state;
    struct interference interference = {
        .database = database, .interfere = set_another_field, .id = make(database), .times = 99};
    struct change_result result;

    run_sql(database,
            arena_printf(database->scope.arena,
                         "UPDATE product SET attributes = json_build_object('a', repeat('x', %d))", LARGE_BYTES)
                .data);
    assert_int_equal(edit(&interference, &(struct change_options){0}, &result), STATUS_OK);
    assert_int_equal(interference.calls, 100);
    assert_true(result.view.json.length > LARGE_BYTES);
    assert_in_range(interference.footprint, 0, 12 * LARGE_BYTES);
    assert_in_range(arena_footprint(database->scope.arena), 0, 12 * LARGE_BYTES);
}

static void versions_are_in_the_order_of_time_whatever_the_clock_says(void **state)
{
    struct database *database = *state;
    struct interference interference = {.database = database, .id = make(database)};
    struct change_result result;

    run_sql(database, "UPDATE product SET updated_at = '2999-12-31 23:59:59.999999+00'");
    assert_int_equal(edit(&interference, &(struct change_options){0}, &result), STATUS_OK);
    assert_string_equal(ask(database, "SELECT updated_at AT TIME ZONE 'UTC' FROM product"), "3000-01-01 00:00:00");
    assert_int_equal(edit(&interference, &(struct change_options){0}, &result), STATUS_OK);
    assert_string_equal(ask(database, "SELECT updated_at AT TIME ZONE 'UTC' FROM product"),
                        "3000-01-01 00:00:00.000001");
    assert_string_equal(ask(database, "SELECT string_agg(version::text, ' ' ORDER BY at) FROM change"), "1 2 3");
}

/* --- expectations --- */

static void what_is_merged_is_of_a_version_that_was(void **state)
{
    struct database *database = *state;
    struct interference interference = {.database = database, .id = make(database)};
    struct change_options options = {.expectation = {.match = true, .disjoint = true}};
    struct change_result result;

    run_sql(database, "UPDATE product SET version = 3, status = 'draft', field_version = '{\"status\":3}'");
    /* No version of ours is named; one that is yet to come; one of them is older. */
    assert_int_equal(edit(&interference, &options, &result), STATUS_STALE);
    assert_int_equal(result.current_version, 3);
    assert_text(result.changed, NULL);
    options.expectation.versions[options.expectation.version_count++] = 2;
    options.expectation.versions[options.expectation.version_count++] = 9;
    assert_int_equal(edit(&interference, &options, &result), STATUS_STALE);
    assert_text(result.changed, NULL);
    options.expectation.version_count = 1;
    options.expectation.disjoint = false;
    assert_int_equal(edit(&interference, &options, &result), STATUS_STALE);
    assert_text(result.changed, "status");
    options.expectation.disjoint = true;
    assert_int_equal(edit(&interference, &options, &result), STATUS_OK);
    assert_int_equal(result.view.version, 4);

    /* Only an edit says what it is to set. */
    assert_int_equal(catalog_product_delete(mine.catalog, &database->scope, &options, interference.id, &result),
                     STATUS_STALE);
    assert_text(result.changed, "name,status");
    assert_string_equal(ask(database, "SELECT count(*) FROM product WHERE deleted_at IS NULL"), "1");
}

static void what_was_deleted_is_gone_whatever_was_expected(void **state)
{
    struct database *database = *state;
    struct interference interference = {.database = database, .id = make(database)};
    struct change_options options = {.expectation = {.match = true, .versions = {1}, .version_count = 1}};
    struct change_result result;

    assert_int_equal(catalog_product_delete(mine.catalog, &database->scope, &options, interference.id, &result),
                     STATUS_OK);
    assert_int_equal(edit(&interference, &options, &result), STATUS_GONE);
    assert_int_equal(catalog_product_delete(mine.catalog, &database->scope, &options, interference.id, &result),
                     STATUS_GONE);
    assert_int_equal(interference.calls, 0);
    assert_int_equal(catalog_product_restore(mine.catalog, &database->scope, &options, interference.id,
                                             new_faults(&database->scope), &result),
                     STATUS_STALE);
    assert_int_equal(result.current_version, 2);
}

/* --- the first request with a key comes through meanwhile --- */

static void first_edit(struct interference *interference)
{
    struct interference first = {.database = interference->database, .id = interference->id};
    struct database other = {.scope = database_scope()};
    const struct change_options options = keyed(interference->key);
    struct change_result result;
    assert_int_equal(catalog_product_edit(others.catalog, &other.scope, &options, interference->id, rename_product,
                                          &first, new_faults(&other.scope), &result),
                     STATUS_OK);
    arena_free(other.scope.arena);
}

static void first_delete(struct interference *interference)
{
    struct database other = {.scope = database_scope()};
    const struct change_options options = keyed(interference->key);
    struct change_result result;
    assert_int_equal(catalog_product_delete(others.catalog, &other.scope, &options, interference->id, &result),
                     STATUS_OK);
    arena_free(other.scope.arena);
}

static void a_retry_finds_the_answer_that_was_kept_meanwhile(void **state)
{
    static const struct {
        const char *name;
        void (*interfere)(struct interference *interference);
        enum status status;
        int64_t expected; /* version, or 0 */
    } rows[] = {
        {"applied again", first_edit, STATUS_OK, 0},
        {"stale", first_edit, STATUS_OK, 1},
        {"a test fails", first_edit, STATUS_CONFLICT, 0},
        {"invalid now", first_edit, STATUS_INVALID, 0},
        {"gone", first_delete, STATUS_OK, 0},
        {"gone and stale", first_delete, STATUS_OK, 1},
    };
    struct database *database = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct interference interference = {.database = database,
                                            .interfere = rows[i].interfere,
                                            .id = make(database),
                                            .times = 1,
                                            .status = rows[i].status,
                                            .key = rows[i].name};
        struct change_options options = keyed(rows[i].name);
        struct change_result result;
        if (rows[i].expected > 0) {
            options.expectation = (struct expectation){.match = true, .versions = {1}, .version_count = 1};
        }
        assert_row(edit(&interference, &options, &result) == STATUS_OK, rows[i].name);
        assert_row(result.replayed && result.view.version == 2, rows[i].name);
        const char *sql = arena_printf(database->scope.arena,
                                       "SELECT (SELECT count(*) FROM change WHERE id = '%.*s') || ' ' || body FROM "
                                       "idempotency WHERE key = '%s'",
                                       TEXT_PRINT(interference.id), rows[i].name)
                              .data;
        const struct text wanted = arena_printf(database->scope.arena, "2 %.*s", TEXT_PRINT(result.view.json));
        assert_text(wanted, ask(database, sql));
    }
}

static void a_key_that_expired_is_used_anew(void **state)
{
    struct database *database = *state;
    const struct change_options options = keyed("key");
    struct change_result first;
    struct change_result second;

    assert_int_equal(create(&mine, &database->scope, &options, &first), STATUS_OK);
    run_sql(database, "UPDATE idempotency SET created_at = now() - interval '24:00:01'");
    assert_int_equal(create(&mine, &database->scope, &options, &second), STATUS_OK);
    assert_false(second.replayed);
    assert_true(second.created);
    assert_false(text_equal(first.id, second.id));
    assert_int_equal(create(&mine, &database->scope, &options, &first), STATUS_OK);
    assert_true(first.replayed && first.created);
    assert_true(text_equal(first.id, second.id));
}

static void an_answer_that_cannot_be_looked_for_is_no_refusal(void **state)
{
    struct database *database = *state;
    struct change_options options = keyed("key");
    struct change_result result;

    /* The first request came through; and then what is kept can be read no more. */
    assert_int_equal(create(&mine, &database->scope, &options, &result), STATUS_OK);
    run_sql(database, "ALTER TABLE idempotency RENAME COLUMN unchanged TO unreadable");
    assert_int_equal(create(&mine, &database->scope, &options, &result), STATUS_INTERNAL);
    run_sql(database, "ALTER TABLE idempotency RENAME COLUMN unreadable TO unchanged");
    assert_int_equal(create(&mine, &database->scope, &options, &result), STATUS_OK);
    assert_true(result.replayed);
}

/* --- with others --- */

/* Serves requests without an end, none of which has anything to insert. */
struct flood {
    struct gatherer gatherer;
    size_t served;
};

static bool serve_faulty(struct gatherer *gatherer, enum gathered kind)
{
    struct flood *flood = (struct flood *)gatherer;

    assert_int_equal(kind, GATHER_CREATES);
    return ++flood->served < 1000;
}

static void who_floods_with_faulty_ones_keeps_nobody_waiting(void **state)
{
    struct database *database = *state;
    struct flood flood = {.gatherer.gather = serve_faulty};
    struct change_result result;

    database->scope.gatherer = &flood.gatherer;
    for (int i = 0; i < 2; i++) {
        flood.served = 0;
        assert_int_equal(create(&mine, &database->scope, &(struct change_options){0}, &result), STATUS_OK);
        assert_in_range(flood.served, 1, 2 * GATHERED_MAX);
    }
    database->scope.gatherer = NULL;
    assert_string_equal(ask(database, "SELECT count(*)::text FROM product"), "2");
}

/* Serves one that takes longer than the time of who gathered it. */
static bool serve_slow(struct gatherer *gatherer, enum gathered kind)
{
    struct flood *flood = (struct flood *)gatherer;

    assert_int_equal(kind, GATHER_CREATES);
    (void)usleep(flood->served == 0 ? 150000 : 0);
    return flood->served++ == 0;
}

static void the_time_of_others_is_not_ones_own(void **state)
{
    struct database *database = *state;
    struct flood flood = {.gatherer.gather = serve_slow};
    struct change_result result;

    (void)make(database); /* what is done once is done */
    database->scope.gatherer = &flood.gatherer;
    database->scope.deadline_ns = clock_deadline_in_ms(100);
    assert_int_equal(create(&mine, &database->scope, &(struct change_options){0}, &result), STATUS_OK);
    assert_int_equal(flood.served, 2);
    database->scope.gatherer = NULL;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_change_is_made_although_others_come_first, workers_clear),
        cmocka_unit_test_setup(others_that_come_first_without_an_end_are_unavailable, workers_clear),
        cmocka_unit_test_setup(they_do_so_within_the_deadline, workers_clear),
        cmocka_unit_test_setup(tries_leave_no_memory_behind, workers_clear),
        cmocka_unit_test_setup(versions_are_in_the_order_of_time_whatever_the_clock_says, workers_clear),
        cmocka_unit_test_setup(what_is_merged_is_of_a_version_that_was, workers_clear),
        cmocka_unit_test_setup(what_was_deleted_is_gone_whatever_was_expected, workers_clear),
        cmocka_unit_test_setup(a_retry_finds_the_answer_that_was_kept_meanwhile, workers_clear),
        cmocka_unit_test_setup(a_key_that_expired_is_used_anew, workers_clear),
        cmocka_unit_test_setup(an_answer_that_cannot_be_looked_for_is_no_refusal, workers_clear),
        cmocka_unit_test_setup(who_floods_with_faulty_ones_keeps_nobody_waiting, workers_clear),
        cmocka_unit_test_setup(the_time_of_others_is_not_ones_own, workers_clear),
    };
    return cmocka_run_group_tests(tests, workers_set_up, workers_tear_down);
}

/* Tests of store/category_store.h. */
#include "store/category_store.h"

#include "../database.h"

#include "base/uuid.h"

#include <sys/wait.h>

static int clear(void **state)
{
    (void)database_reset(state);
    run_sql(*state, "TRUNCATE category CASCADE");
    return 0;
}

/* A new category; parent and slug may be NULL. Where it was made its record stands in *category. */
static enum status add(struct database *database, const char *name, const char *parent, const char *slug,
                       struct record *category)
{
    struct record input = {0};
    char *id = arena_alloc(database->scope.arena, UUID_TEXT_LENGTH + 1);
    uuid_make(id);
    record_set(&input, CATEGORY_ID, text_of(id));
    record_set(&input, CATEGORY_PARENT_ID, text_of(parent));
    record_set(&input, CATEGORY_NAME, text_of(name));
    record_set(&input, CATEGORY_SLUG, text_of(slug));
    record_set(&input, CATEGORY_POSITION, TEXT("3"));
    return category_store_insert(database->pg, &database->scope, &input, category);
}

static void a_category_comes_back_as_it_was_stored(void **state)
{
    struct database *database = *state;
    struct record made;
    struct record read;
    assert_int_equal(add(database, "Tea \"& more\"", NULL, "tea-and-more", &made), STATUS_OK);
    assert_int_equal(category_store_get(database->pg, &database->scope, made.value[CATEGORY_ID], &read), STATUS_OK);
    for (size_t i = 0; i < CATEGORY_FIELD_COUNT; i++) {
        assert_true(text_equal(made.value[i], read.value[i]));
    }
    assert_text(read.value[CATEGORY_NAME], "Tea \"& more\"");
    assert_text(read.value[CATEGORY_SLUG], "tea-and-more");
    assert_text(read.value[CATEGORY_PARENT_ID], NULL);
    assert_text(read.value[CATEGORY_POSITION], "3");
    assert_text(read.value[CATEGORY_VERSION], "1");
    assert_int_equal(
        category_store_get(database->pg, &database->scope, TEXT("01900000-0000-7000-8000-000000000009"), &read),
        STATUS_NOT_FOUND);
}

static void a_slug_is_made_of_the_name(void **state)
{
    static const struct {
        const char *name;
        const char *slug;
    } rows[] = {
        {"Green tea", "green-tea"},
        {"  Th\xc3\xa9 & Caf\xc3\xa9!  ", "the-cafe"},
        {"Sm\xc3\xb8rrebr\xc3\xb8\x64, \xc3\x86sir & Stra\xc3\x9f\x65", "smorrebrod-aesir-strasse"},
        {"\xc5\x81\xc3\xb3\x64\xc5\xba", "lodz"},
        {"\xe8\x8c\xb6", "category"},
        {"\xe8\x8c\xb6\xe8\x8c\xb6", "category-2"},
        {"\xef\xac\x81nest 100%", "finest-100"},
    };
    struct database *database = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct record made;
        assert_int_equal(add(database, rows[i].name, NULL, NULL, &made), STATUS_OK);
        assert_text(made.value[CATEGORY_SLUG], rows[i].slug);
    }
}

static void a_slug_that_is_made_is_made_unique(void **state)
{
    static const char *const slugs[] = {"tea", "tea-3", "tea-4", "tea-5", "tea-6"};
    struct database *database = *state;
    struct record made;
    char name[201];

    assert_int_equal(add(database, "Other", NULL, "tea-2", &made), STATUS_OK);
    for (size_t i = 0; i < COUNT_OF(slugs); i++) {
        assert_int_equal(add(database, "Tea", NULL, NULL, &made), STATUS_OK);
        assert_text(made.value[CATEGORY_SLUG], slugs[i]);
    }
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    for (int i = 0; i < 3; i++) {
        assert_int_equal(add(database, name, NULL, NULL, &made), STATUS_OK);
        assert_in_range(made.value[CATEGORY_SLUG].length, 90, 100);
    }
}

static void processes_that_make_the_same_slug_at_once_all_get_one(void **state)
{
    enum { PROCESSES = 8, EACH = 5 };
    struct database *database = *state;
    for (int i = 0; i < PROCESSES; i++) {
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct database own = {.pg = database_connect(0), .scope = database_scope()};
            bool all = true;
            for (int made = 0; made < EACH; made++) {
                struct record category;
                enum status status;
                do {
                    status = add(&own, "Same", NULL, NULL, &category);
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
}

/* A trigger loses the race in place of another process. */
static void a_slug_that_was_lost_in_a_race_is_chosen_again(void **state)
{
    struct database *database = *state;
    struct record made;
    run_sql(database, "CREATE SEQUENCE races; CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                      "IF nextval('races') <= 4 THEN RAISE EXCEPTION USING ERRCODE = 'unique_violation', "
                      "CONSTRAINT = 'category_slug_taken'; END IF; RETURN NEW; END $$; "
                      "CREATE TRIGGER lose BEFORE INSERT ON category FOR EACH ROW EXECUTE FUNCTION lose()");
    assert_int_equal(add(database, "Tea", NULL, NULL, &made), STATUS_OK);
    run_sql(database, "ALTER SEQUENCE races RESTART");
    assert_int_equal(add(database, "Tea", NULL, "given", &made), STATUS_CONFLICT);
    assert_string_equal(ask(database, "SELECT last_value FROM races"), "1");
    run_sql(database, "DROP TRIGGER lose ON category");
}

static void faults_of_a_category_have_statuses(void **state)
{
    struct database *database = *state;
    struct record made;
    assert_int_equal(add(database, "Tea", NULL, "tea", &made), STATUS_OK);
    assert_int_equal(add(database, "Other", NULL, "tea", &made), STATUS_CONFLICT);
    assert_string_equal(pg_constraint(database->pg), "category_slug_taken");
    assert_int_equal(add(database, "Lost", "01900000-0000-7000-8000-000000000009", NULL, &made), STATUS_NOT_FOUND);
    assert_string_equal(ask(database, "SELECT count(*) FROM category"), "1");
}

static void the_tree_has_a_bounded_depth(void **state)
{
    struct database *database = *state;
    const char *parent = NULL;
    struct record made;
    for (int depth = 1; depth <= CATEGORY_DEPTH_MAX; depth++) {
        assert_int_equal(add(database, "Level", parent, NULL, &made), STATUS_OK);
        assert_text(made.value[CATEGORY_PARENT_ID], parent);
        parent = arena_string(database->scope.arena, made.value[CATEGORY_ID]);
    }
    assert_int_equal(add(database, "Too deep", parent, NULL, &made), STATUS_TOO_LARGE);
    assert_string_equal(ask(database, "SELECT count(*) FROM category"), "8");
}

static size_t page_through(struct database *database, struct category_query query)
{
    size_t seen = 0;
    bool more = true;
    while (more) {
        struct record *categories = NULL;
        size_t count = 0;
        assert_int_equal(category_store_list(database->pg, &database->scope, &query, &categories, &count, &more),
                         STATUS_OK);
        assert_in_range(count, more ? query.limit : 0, query.limit);
        for (size_t i = 0; i < count; i++) {
            const char *id = arena_string(database->scope.arena, categories[i].value[CATEGORY_ID]);
            assert_true(strcmp(id, query.cursor.id) > 0);
            memcpy(query.cursor.id, id, UUID_TEXT_LENGTH + 1);
            query.has_cursor = true;
            assert_true(query.parent_id.data == NULL ||
                        text_equal(categories[i].value[CATEGORY_PARENT_ID], query.parent_id));
            seen++;
        }
    }
    return seen;
}

static void lists_page_through_each_category_once(void **state)
{
    static const uint32_t limits[] = {1, 4, 10, 30, 500};
    struct database *database = *state;
    struct record top;
    struct record made;
    assert_int_equal(add(database, "Top", NULL, NULL, &top), STATUS_OK);
    const char *parent = arena_string(database->scope.arena, top.value[CATEGORY_ID]);
    for (int i = 0; i < 29; i++) {
        assert_int_equal(add(database, "C", i % 3 == 0 ? parent : NULL, NULL, &made), STATUS_OK);
    }
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        assert_int_equal(page_through(database, (struct category_query){.limit = limits[i]}), 30);
        assert_int_equal(
            page_through(database, (struct category_query){.limit = limits[i], .parent_id = text_of(parent)}), 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_category_comes_back_as_it_was_stored, clear),
        cmocka_unit_test_setup(a_slug_is_made_of_the_name, clear),
        cmocka_unit_test_setup(a_slug_that_is_made_is_made_unique, clear),
        cmocka_unit_test_setup(processes_that_make_the_same_slug_at_once_all_get_one, clear),
        cmocka_unit_test_setup(a_slug_that_was_lost_in_a_race_is_chosen_again, clear),
        cmocka_unit_test_setup(faults_of_a_category_have_statuses, clear),
        cmocka_unit_test_setup(the_tree_has_a_bounded_depth, clear),
        cmocka_unit_test_setup(lists_page_through_each_category_once, clear),
    };
    return cmocka_run_group_tests(tests, catalogue_set_up, database_tear_down);
}

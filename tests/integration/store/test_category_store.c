/* Tests of store/category_store.h and store/category_write.h. */
#include "store/category_store.h"
#include "store/category_write.h"

#include "../database.h"

#include "base/uuid.h"

#include <stdio.h>

static int clear(void **state)
{
    (void)database_reset(state);
    run_sql(*state, "TRUNCATE category, change CASCADE");
    return 0;
}

#define NOBODY "01900000-0000-7000-8000-000000000009"
#define EARLY "2026-01-02T03:04:05.000006Z"
#define LATE "2026-01-02T03:04:06.500000Z"

/* A new category; parent and slug may be NULL. Where it was made its record stands in *category. */
static enum status add(struct database *database, const char *name, const char *parent, const char *slug,
                       struct record *category)
{
    struct record made = {0};
    char *id = arena_alloc(database->scope.arena, UUID_TEXT_LENGTH + 1);
    enum status status = STATUS_OK;
    uuid_make(id);
    record_set(&made, CATEGORY_ID, text_of(id));
    record_set(&made, CATEGORY_PARENT_ID, text_of(parent));
    record_set(&made, CATEGORY_NAME, text_of(name));
    record_set(&made, CATEGORY_SLUG, text_of(slug));
    record_set(&made, CATEGORY_POSITION, TEXT("3"));
    record_set(&made, CATEGORY_VERSION, TEXT("1"));
    record_set(&made, CATEGORY_CREATED_AT, TEXT(EARLY));
    record_set(&made, CATEGORY_UPDATED_AT, TEXT(EARLY));
    if (slug == NULL) {
        status =
            category_write_slug(database->pg, &database->scope, text_of(id), text_of(name), &made.value[CATEGORY_SLUG]);
    }
    if (status == STATUS_OK) {
        status = category_write_insert(database->pg, &database->scope,
                                       &(struct category_write){.record = &made, .json = TEXT("{\"new\":1}")});
    }
    if (status == STATUS_OK) {
        *category = made;
    }
    return status;
}

/* The next version of a category, in the arena. */
static struct record next_of(struct database *database, const struct record *category)
{
    struct record next = *category;
    uint64_t version = 0;
    assert_true(text_to_u64(category->value[CATEGORY_VERSION], &version));
    next.value[CATEGORY_VERSION] = arena_printf(database->scope.arena, "%llu", (unsigned long long)version + 1);
    next.value[CATEGORY_UPDATED_AT] = TEXT(LATE);
    return next;
}

static enum status change(struct database *database, const struct record *record, bool moves)
{
    return category_write_update(
        database->pg, &database->scope,
        &(struct category_write){.record = record, .json = TEXT("{\"changed\":1}"), .moves = moves});
}

/* Moves below a parent, or to the top; where that was done *category is the new version. */
static enum status move(struct database *database, struct record *category, const struct record *parent)
{
    struct record next = next_of(database, category);
    next.value[CATEGORY_PARENT_ID] = parent != NULL ? parent->value[CATEGORY_ID] : TEXT_ABSENT;
    enum status status = change(database, &next, true);
    if (status == STATUS_OK) {
        *category = next;
    }
    return status;
}

static enum status drop(struct database *database, const struct record *category)
{
    const struct record next = next_of(database, category);
    return category_write_delete(database->pg, &database->scope,
                                 &(struct category_write){.record = &next, .json = TEXT("{\"gone\":1}")});
}

/* Valid as long as the record's own. */
static const char *text_of_id(const struct record *category)
{
    return category->value[CATEGORY_ID].data;
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
    assert_text(read.value[CATEGORY_CREATED_AT], EARLY);
    assert_int_equal(category_store_get(database->pg, &database->scope, TEXT(NOBODY), &read), STATUS_NOT_FOUND);
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

static void faults_of_a_category_have_statuses(void **state)
{
    struct database *database = *state;
    struct record made;
    assert_int_equal(add(database, "Tea", NULL, "tea", &made), STATUS_OK);
    assert_int_equal(add(database, "Other", NULL, "tea", &made), STATUS_CONFLICT);
    assert_string_equal(pg_constraint(database->pg), "category_slug_taken");
    assert_int_equal(add(database, "Lost", NOBODY, NULL, &made), STATUS_NOT_FOUND);
    assert_string_equal(pg_constraint(database->pg), "category_parent_id_fkey");
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
    assert_int_equal(add(database, "Too deep", parent, NULL, &made), STATUS_INVALID);
    assert_string_equal(pg_constraint(database->pg), "category_too_deep");
    assert_string_equal(ask(database, "SELECT count(*) FROM category"), "8");
}

static void a_change_is_written_for_one_version_only(void **state)
{
    struct database *database = *state;
    struct record tea;
    struct record read;
    assert_int_equal(add(database, "Tea", NULL, NULL, &tea), STATUS_OK);
    struct record next = next_of(database, &tea);
    next.value[CATEGORY_NAME] = TEXT("Teas");
    next.value[CATEGORY_SLUG] = TEXT("teas");
    next.value[CATEGORY_POSITION] = TEXT("7");
    assert_int_equal(change(database, &next, false), STATUS_OK);
    assert_int_equal(category_store_get(database->pg, &database->scope, tea.value[CATEGORY_ID], &read), STATUS_OK);
    for (size_t i = 0; i < CATEGORY_FIELD_COUNT; i++) {
        assert_true(text_equal(next.value[i], read.value[i]));
    }
    assert_int_equal(change(database, &next, false), STATUS_STALE);
    assert_int_equal(drop(database, &tea), STATUS_STALE);
    next.value[CATEGORY_ID] = TEXT(NOBODY);
    assert_int_equal(change(database, &next, false), STATUS_STALE);
    assert_string_equal(ask(database, "SELECT string_agg(type || ' ' || version || ' ' || data || ' ' || at, ', ' "
                                      "ORDER BY xid, seq) FROM change"),
                        "category.created 1 {\"new\":1} 2026-01-02 03:04:05.000006+00, "
                        "category.updated 2 {\"changed\":1} 2026-01-02 03:04:06.5+00");
}

static void the_feed_is_left_out_where_there_is_no_json(void **state)
{
    struct database *database = *state;
    struct record tea;
    assert_int_equal(add(database, "Tea", NULL, NULL, &tea), STATUS_OK);
    const struct record next = next_of(database, &tea);
    assert_int_equal(category_write_update(database->pg, &database->scope, &(struct category_write){.record = &next}),
                     STATUS_OK);
    assert_string_equal(ask(database, "SELECT count(*) FROM change"), "1");
    assert_string_equal(ask(database, "SELECT version FROM category"), "2");
}

static void a_move_takes_what_stands_below_along(void **state)
{
    struct database *database = *state;
    struct record tea;
    struct record green;
    struct record sencha;
    struct record other;
    assert_int_equal(add(database, "Tea", NULL, NULL, &tea), STATUS_OK);
    assert_int_equal(add(database, "Green", text_of_id(&tea), NULL, &green), STATUS_OK);
    assert_int_equal(add(database, "Sencha", text_of_id(&green), NULL, &sencha), STATUS_OK);
    assert_int_equal(add(database, "Other", NULL, NULL, &other), STATUS_OK);
    assert_int_equal(move(database, &green, &other), STATUS_OK);
    assert_string_equal(ask(database,
                            "SELECT string_agg(name || s.level, ' ' ORDER BY s.level) FROM category c, "
                            "category_subtree((SELECT id FROM category WHERE name = 'Other')) s WHERE c.id = s.id"),
                        "Other1 Green2 Sencha3");
    assert_int_equal(move(database, &green, NULL), STATUS_OK);
    assert_string_equal(ask(database, "SELECT count(*) FROM category WHERE parent_id IS NULL"), "3");
    assert_string_equal(ask(database, "SELECT count(*) FROM category_subtree('" NOBODY "')"), "0");
}

static void nothing_is_moved_below_itself(void **state)
{
    struct database *database = *state;
    struct record chain[CATEGORY_DEPTH_MAX];
    for (size_t i = 0; i < CATEGORY_DEPTH_MAX; i++) {
        assert_int_equal(add(database, "Level", i > 0 ? text_of_id(&chain[i - 1]) : NULL, NULL, &chain[i]), STATUS_OK);
    }
    for (size_t i = 1; i < CATEGORY_DEPTH_MAX; i++) {
        assert_int_equal(move(database, &chain[0], &chain[i]), STATUS_INVALID);
        assert_string_equal(pg_constraint(database->pg), "category_below_itself");
    }
    assert_int_equal(move(database, &chain[0], &chain[0]), STATUS_INVALID);
    assert_string_equal(pg_constraint(database->pg), "category_check");
    struct record lost = {.value = {[CATEGORY_ID] = TEXT(NOBODY)}};
    assert_int_equal(move(database, &chain[0], &lost), STATUS_NOT_FOUND);
    assert_string_equal(ask(database, "SELECT count(*) FROM change WHERE type <> 'category.created'"), "0");
}

/* A chain of so many levels; its first and last are given back. */
static void add_chain(struct database *database, unsigned levels, struct record *first, struct record *last)
{
    assert_int_equal(add(database, "Chain", NULL, NULL, first), STATUS_OK);
    *last = *first;
    for (unsigned level = 2; level <= levels; level++) {
        struct record next;
        assert_int_equal(add(database, "Chain", text_of_id(last), NULL, &next), STATUS_OK);
        *last = next;
    }
}

static void the_depth_counts_what_is_moved_along(void **state)
{
    struct database *database = *state;
    for (unsigned above = 1; above < CATEGORY_DEPTH_MAX; above++) {
        const unsigned fits = CATEGORY_DEPTH_MAX - above;
        struct record top;
        struct record end;
        struct record moved;
        struct record last;
        add_chain(database, above, &top, &end);
        add_chain(database, fits + 1, &moved, &last);
        assert_int_equal(move(database, &moved, &end), STATUS_INVALID);
        assert_string_equal(pg_constraint(database->pg), "category_too_deep");
        assert_int_equal(drop(database, &last), STATUS_OK);
        assert_int_equal(move(database, &moved, &end), STATUS_OK);
    }
}

static void a_category_that_is_referred_to_stays(void **state)
{
    struct database *database = *state;
    struct record tea;
    struct record green;
    assert_int_equal(add(database, "Tea", NULL, NULL, &tea), STATUS_OK);
    assert_int_equal(add(database, "Green", text_of_id(&tea), NULL, &green), STATUS_OK);
    assert_int_equal(drop(database, &tea), STATUS_NOT_FOUND);
    assert_string_equal(pg_constraint(database->pg), "category_parent_id_fkey");
    run_sql(database, "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images, "
                      "deleted_at) SELECT '" NOBODY "', 'Sencha', 1, 'EUR', id, 'draft', '{}', '[]', now() "
                      "FROM category WHERE name = 'Green'");
    assert_int_equal(drop(database, &green), STATUS_NOT_FOUND);
    assert_string_equal(pg_constraint(database->pg), "product_category_exists");
    run_sql(database, "DELETE FROM product");
    assert_int_equal(drop(database, &green), STATUS_OK);
    assert_int_equal(drop(database, &tea), STATUS_OK);
    assert_int_equal(drop(database, &tea), STATUS_STALE);
    assert_string_equal(ask(database, "SELECT count(*) FROM category"), "0");
    assert_string_equal(ask(database, "SELECT string_agg(version || data, ' ') FROM change "
                                      "WHERE type = 'category.deleted'"),
                        "2{\"gone\":1} 2{\"gone\":1}");
}

static void whoever_writes_keeps_the_tree(void **state)
{
    struct database *database = *state;
    struct record tea;
    struct record green;
    char message[300];
    assert_int_equal(add(database, "Tea", NULL, NULL, &tea), STATUS_OK);
    assert_int_equal(add(database, "Green", text_of_id(&tea), NULL, &green), STATUS_OK);
    assert_int_equal(pg_run_script(database->pg, &database->scope,
                                   "UPDATE category c SET parent_id = (SELECT id FROM category o WHERE o.id <> c.id)",
                                   message, sizeof(message)),
                     STATUS_INVALID);
    assert_non_null(strstr(message, "below itself"));
    assert_int_equal(pg_run_script(database->pg, &database->scope,
                                   "BEGIN ISOLATION LEVEL REPEATABLE READ; "
                                   "UPDATE category SET parent_id = parent_id WHERE name = 'Green'; COMMIT",
                                   message, sizeof(message)),
                     STATUS_INTERNAL);
    assert_non_null(strstr(message, "READ COMMITTED"));
    assert_string_equal(ask(database, "SHOW transaction_isolation"), "read committed");
}

static void all_come_in_the_order_of_siblings(void **state)
{
    struct database *database = *state;
    struct record *all = NULL;
    struct record made;
    size_t count = 0;
    char names[100] = "";
    assert_int_equal(add(database, "b", NULL, NULL, &made), STATUS_OK);
    assert_int_equal(add(database, "\xc3\xa9", NULL, NULL, &made), STATUS_OK);
    assert_int_equal(add(database, "B", NULL, NULL, &made), STATUS_OK);
    assert_int_equal(add(database, "z", NULL, NULL, &made), STATUS_OK);
    struct record next = next_of(database, &made);
    next.value[CATEGORY_POSITION] = TEXT("0");
    assert_int_equal(change(database, &next, false), STATUS_OK);
    assert_int_equal(category_store_all(database->pg, &database->scope, 4, &all, &count), STATUS_OK);
    for (size_t i = 0; i < count; i++) {
        (void)strcat(names, arena_string(database->scope.arena, all[i].value[CATEGORY_NAME]));
    }
    assert_string_equal(names, "zBb\xc3\xa9");
    assert_int_equal(category_store_all(database->pg, &database->scope, 3, &all, &count), STATUS_TOO_LARGE);
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
        cmocka_unit_test_setup(faults_of_a_category_have_statuses, clear),
        cmocka_unit_test_setup(the_tree_has_a_bounded_depth, clear),
        cmocka_unit_test_setup(a_change_is_written_for_one_version_only, clear),
        cmocka_unit_test_setup(the_feed_is_left_out_where_there_is_no_json, clear),
        cmocka_unit_test_setup(a_move_takes_what_stands_below_along, clear),
        cmocka_unit_test_setup(nothing_is_moved_below_itself, clear),
        cmocka_unit_test_setup(the_depth_counts_what_is_moved_along, clear),
        cmocka_unit_test_setup(a_category_that_is_referred_to_stays, clear),
        cmocka_unit_test_setup(whoever_writes_keeps_the_tree, clear),
        cmocka_unit_test_setup(all_come_in_the_order_of_siblings, clear),
        cmocka_unit_test_setup(lists_page_through_each_category_once, clear),
    };
    return cmocka_run_group_tests(tests, catalogue_set_up, database_tear_down);
}

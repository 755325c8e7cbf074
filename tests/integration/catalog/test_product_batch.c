/* Tests of catalog/product_batch.h: what others do while a batch is on its way, and what it asks of the database. */
#include "catalog/product_batch.h"

#include "workers.h"

#define THEIRS(sku)                                                                                                    \
    "INSERT INTO product (id, sku, name, price, currency, category_id, status, attributes, images, version, "          \
    "created_at, updated_at) VALUES (gen_random_uuid(), '" sku "', 'Theirs', 1, 'EUR', '" TEA                          \
    "', 'active', '{}', '[]', 1, now(), now())"
#define NOWHERE "01900000-0000-7000-8000-0000000000ff"

/* What others do, each time that the answer has been written and the rows are about to be. */
struct interference {
    const char *sql;
    unsigned times; /* at most */
    unsigned calls;
    struct batch *first;     /* or a batch of theirs */
    const char *key;         /* with this key */
    const char *to_category; /* which edits set */
    const char *edited_sku;  /* likewise, with the number of the edit behind it */
    unsigned edits;
};

static void render(void *context, const struct batch *batch, struct strbuf *out)
{
    struct interference *interference = context;
    struct database other = {.pg = others.pg, .scope = database_scope()};

    for (size_t i = 0; i < batch->count; i++) {
        strbuf_append_text(out, text_of(status_name(batch->operations[i].status)));
        strbuf_append_char(out, ' ');
    }
    if (interference != NULL && interference->calls++ < interference->times && interference->sql != NULL) {
        run_sql(&other, interference->sql);
    }
    if (interference != NULL && interference->calls == 1 && interference->first != NULL) {
        const struct change_options options = {.key = text_of(interference->key), .request = TEXT("the request")};
        struct text answer;
        bool replayed;
        assert_int_equal(
            catalog_product_batch(others.catalog, &other.scope, &options, interference->first, &answer, &replayed),
            STATUS_OK);
    }
    arena_free(other.scope.arena);
}

static enum status edit(void *context, struct scope *scope, const struct record *current, struct record *edited,
                        struct faults *faults)
{
    struct interference *interference = context;

    (void)faults;
    record_set(edited, PRODUCT_NAME, arena_printf(scope->arena, "%.*s!", TEXT_PRINT(current->value[PRODUCT_NAME])));
    if (interference->to_category != NULL) {
        record_set(edited, PRODUCT_CATEGORY_ID, text_of(interference->to_category));
    }
    if (interference->edited_sku != NULL) {
        record_set(edited, PRODUCT_SKU,
                   arena_printf(scope->arena, "%s-%u", interference->edited_sku, interference->edits++));
    }
    return STATUS_OK;
}

static struct batch new_batch(struct database *database, size_t count, struct interference *interference)
{
    return (struct batch){
        .operations = arena_alloc(database->scope.arena, count * sizeof(struct batch_operation)),
        .count = count,
        .edit = edit,
        .render = render,
        .context = interference,
    };
}

static void set_create(struct batch_operation *operation, const char *sku)
{
    *operation = (struct batch_operation){.kind = BATCH_CREATE};
    record_set(&operation->input, PRODUCT_NAME, TEXT("Made"));
    record_set(&operation->input, PRODUCT_PRICE, TEXT("1.50"));
    record_set(&operation->input, PRODUCT_CATEGORY_ID, TEXT(TEA));
    if (sku != NULL) {
        record_set(&operation->input, PRODUCT_SKU, text_of(sku));
    }
}

static void set_upsert(struct batch_operation *operation, const char *sku)
{
    set_create(operation, sku);
    operation->kind = BATCH_UPSERT;
    operation->sku = text_of(sku);
}

static void set_update(struct batch_operation *operation, struct text id, struct interference *interference)
{
    *operation = (struct batch_operation){.kind = BATCH_UPDATE, .id = id, .patch = interference};
}

static enum status carry_out(struct database *database, struct batch *batch, const char *key, struct text *answer,
                             bool *replayed)
{
    const struct change_options options = {.key = text_of(key), .request = TEXT("the request")};
    return catalog_product_batch(mine.catalog, &database->scope, &options, batch, answer, replayed);
}

/* Makes count products; their ids are in the results of the batch that is returned. */
static struct batch make(struct database *database, size_t count)
{
    struct batch batch = new_batch(database, count, NULL);
    struct text answer;
    bool replayed;

    for (size_t i = 0; i < count; i++) {
        set_create(&batch.operations[i], NULL);
    }
    assert_int_equal(carry_out(database, &batch, NULL, &answer, &replayed), STATUS_OK);
    return batch;
}

/* --- others come first --- */

static void what_others_do_meanwhile_is_seen_by_the_whole(void **state)
{
    static const struct {
        const char *name;
        const char *sql;
        const char *answer;
        const char *after; /* how many live products, their versions together */
    } rows[] = {
        {"changed", "UPDATE product SET version = version + 1, name = 'Theirs'", "ok ok ok ", "3 5"},
        {"deleted", "UPDATE product SET version = version + 1, deleted_at = now()", "ok gone ok ", "2 2"},
        {"the sku is taken, by whom the upsert replaces", THEIRS("SKU"), "ok ok ok ", "3 5"},
        {"the sku is taken, by whom the create collides with", THEIRS("NEW"), "conflict ok ok ", "3 4"},
    };
    struct database *database = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct interference interference = {.sql = rows[i].sql, .times = 1};
        struct batch batch;
        struct text answer;
        bool replayed;

        (void)workers_clear(state);
        batch = new_batch(database, 3, &interference);
        const struct batch made = make(database, 1);
        set_create(&batch.operations[0], "new");
        set_update(&batch.operations[1], made.operations[0].result.id, &interference);
        set_upsert(&batch.operations[2], "sku");
        assert_row(carry_out(database, &batch, NULL, &answer, &replayed) == STATUS_OK, rows[i].name);
        if (!text_equal(answer, text_of(rows[i].answer))) {
            fail_msg("%s: %.*s", rows[i].name, TEXT_PRINT(answer));
        }
        assert_int_equal(interference.calls, 2);
        assert_string_equal(
            ask(database, "SELECT count(*) || ' ' || sum(version) FROM product WHERE deleted_at IS NULL"),
            rows[i].after);
    }
}

static void others_that_come_first_without_an_end_are_unavailable(void **state)
{
    struct database *database = *state;
    struct interference interference = {.sql = "UPDATE product SET version = version + 1", .times = 100000};
    const struct batch made = make(database, 2);
    struct batch batch = new_batch(database, 3, &interference);
    struct text answer;
    bool replayed;
    size_t before;

    set_update(&batch.operations[0], made.operations[0].result.id, &interference);
    set_update(&batch.operations[1], made.operations[1].result.id, &interference);
    set_create(&batch.operations[2], NULL);
    before = arena_footprint(database->scope.arena);
    assert_int_equal(carry_out(database, &batch, "key", &answer, &replayed), STATUS_UNAVAILABLE);
    assert_int_equal(interference.calls, 100);
    assert_string_equal(ask(database, "SELECT count(*) || string_agg(DISTINCT name, '') FROM product"), "2Made");
    assert_string_equal(ask(database, "SELECT count(*) FROM idempotency"), "0");
    /* What a try took is given back before the next. */
    assert_in_range(arena_footprint(database->scope.arena) - before, 0, 200000);
}

/* The first request with the key is done while this one was on its way: its answer, whatever this one came to. */
static void a_retry_finds_the_answer_that_was_kept_meanwhile(void **state)
{
    struct database *database = *state;
    for (int atomic = 0; atomic < 2; atomic++) {
        struct batch first;
        struct interference interference;
        struct batch batch;
        struct text answer;
        bool replayed;

        (void)workers_clear(state);
        first = new_batch(database, 1, NULL);
        set_create(&first.operations[0], "sku");
        interference = (struct interference){.first = &first, .key = "key"};
        batch = new_batch(database, 1, &interference);
        batch.atomic = atomic == 1;
        set_create(&batch.operations[0], "sku");
        assert_int_equal(carry_out(database, &batch, "key", &answer, &replayed), STATUS_OK);
        assert_true(replayed);
        assert_text(answer, "ok ");
        assert_string_equal(
            ask(database, "SELECT (SELECT count(*) FROM product) || ' ' || (SELECT count(*) FROM change)"), "1 1");
        assert_in_range(interference.calls, 1, 2);
    }
}

/* --- what is asked of the database --- */

/* How many transactions this connection has had: a statement is one each. */
static long transactions(struct database *database)
{
    return strtol(ask(database, "SELECT split_part(virtualtransaction, '/', 2) FROM pg_locks WHERE pid = "
                                "pg_backend_pid() AND locktype = 'virtualxid'"),
                  NULL, 10);
}

static long statements_of(struct database *database, struct batch *batch, enum status wanted)
{
    struct text answer;
    bool replayed;
    const long before = transactions(database);
    const enum status status = carry_out(database, batch, "a key", &answer, &replayed);
    const long after = transactions(database);

    assert_int_equal(status, STATUS_OK);
    for (size_t i = 0; i < batch->count; i++) {
        assert_string_equal(status_name(batch->operations[i].status), status_name(wanted));
    }
    run_sql(database, "DELETE FROM idempotency");
    return after - before - 1;
}

static void the_number_of_statements_does_not_grow(void **state)
{
    struct database *database = *state;
    struct interference edits = {0};
    struct batch made = make(database, 1000);
    struct batch batch = new_batch(database, 1000, &edits);

    for (size_t i = 0; i < 1000; i++) {
        set_create(&batch.operations[i], arena_printf(database->scope.arena, "c-%zu", i).data);
    }
    /* What is kept for the key, products, categories, what patches set, the write; and what time it is, now and then. */
    assert_in_range(statements_of(database, &batch, STATUS_OK), 3, 6);
    for (size_t i = 0; i < 1000; i++) {
        set_upsert(&batch.operations[i], arena_printf(database->scope.arena, "%c-%zu", i % 2 ? 'c' : 'd', i).data);
    }
    assert_in_range(statements_of(database, &batch, STATUS_OK), 3, 6);
    for (size_t i = 0; i < 1000; i++) {
        set_update(&batch.operations[i], made.operations[i].result.id, &edits);
    }
    assert_in_range(statements_of(database, &batch, STATUS_OK), 3, 6);
    edits.edited_sku = "moved";
    assert_in_range(statements_of(database, &batch, STATUS_OK), 3, 6);
    edits.to_category = NOWHERE;
    assert_in_range(statements_of(database, &batch, STATUS_INVALID), 3, 6);
    for (size_t i = 0; i < 1000; i++) {
        batch.operations[i].kind = BATCH_DELETE;
    }
    assert_in_range(statements_of(database, &batch, STATUS_OK), 3, 6);
    assert_in_range(statements_of(database, &batch, STATUS_GONE), 3, 6);
    assert_string_equal(ask(database, "SELECT count(*) FROM product WHERE deleted_at IS NOT NULL"), "1000");
}

static void versions_are_in_the_order_of_time_whatever_the_clock_says(void **state)
{
    struct database *database = *state;
    struct interference edits = {0};
    const struct batch made = make(database, 1);
    struct batch batch = new_batch(database, 1, &edits);
    struct text answer;
    bool replayed;

    run_sql(database, "UPDATE product SET updated_at = '2999-12-31 23:59:59.999999+00'");
    set_update(&batch.operations[0], made.operations[0].result.id, &edits);
    assert_int_equal(carry_out(database, &batch, NULL, &answer, &replayed), STATUS_OK);
    assert_string_equal(ask(database, "SELECT updated_at AT TIME ZONE 'UTC' FROM product"), "3000-01-01 00:00:00");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_others_do_meanwhile_is_seen_by_the_whole, workers_clear),
        cmocka_unit_test_setup(others_that_come_first_without_an_end_are_unavailable, workers_clear),
        cmocka_unit_test_setup(a_retry_finds_the_answer_that_was_kept_meanwhile, workers_clear),
        cmocka_unit_test_setup(the_number_of_statements_does_not_grow, workers_clear),
        cmocka_unit_test_setup(versions_are_in_the_order_of_time_whatever_the_clock_says, workers_clear),
    };
    return cmocka_run_group_tests(tests, workers_set_up, workers_tear_down);
}

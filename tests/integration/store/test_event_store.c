/* How far live events are, on a real Postgres: where a reader may begin, and who may move the relay. */
#include "store/event_store.h"
#include "store/feed_store.h"

#include "base/uuid.h"
#include "store/job_store.h"

#include "product_fixture.h"

#define FIRST TEXT("01a213ad-ae5a-7604-bf39-65bef02bbd5c")
#define SECOND TEXT("01a213ad-ae5a-7604-bf39-65bef02bbd5d")

static struct job_hold hold;

/* The job that relays, held by a runner. */
static int reset(void **state)
{
    struct database *database = *state;

    (void)products_clear(state);
    run_sql(database, "TRUNCATE job, event_relay, event_place, product_move");
    run_sql(database, "UPDATE change_floor SET xid = '0', seq = 0");
    run_sql(database,
            "INSERT INTO job (id, kind, state, lease_until, fence) VALUES "
            "('01a213ad-ae5a-7604-bf39-000000000001', 'event_relay', 'running', now() + interval '1 day', 3)");
    hold = (struct job_hold){TEXT("01a213ad-ae5a-7604-bf39-000000000001"), TEXT("3")};
    return 0;
}

static void add_change(struct database *database, const struct feed_cursor *at)
{
    run_sql(database, arena_printf(database->scope.arena,
                                   "INSERT INTO change (xid, seq, type, id, version, at, data) OVERRIDING SYSTEM VALUE "
                                   "VALUES ('%llu', %llu, 'product.created', gen_random_uuid(), 1, now(), '{}')",
                                   (unsigned long long)at->xid, (unsigned long long)at->seq)
                          .data);
}

static struct feed_cursor begin_epoch(struct database *database, struct text epoch, const struct feed_cursor *from)
{
    struct feed_cursor place = {0};

    assert_int_equal(event_store_begin(database->pg, &database->scope, &hold, epoch, from, 0, &place), STATUS_OK);
    return place;
}

static void move(struct database *database, struct feed_cursor before, struct feed_cursor last, bool placed)
{
    const struct event_batch batch = {.before = before, .last = last, .placed = placed};

    add_change(database, &last);
    assert_int_equal(event_store_move(database->pg, &database->scope, &hold, FIRST, &batch), STATUS_OK);
}

/* An epoch that begins behind a change. */
static void begin_at(struct database *database, struct feed_cursor place)
{
    add_change(database, &place);
    (void)begin_epoch(database, FIRST, &place);
}

static struct event_start start_of(struct database *database, uint64_t xid)
{
    struct event_start start;

    assert_int_equal(
        event_store_start(database->pg, &database->scope, &(struct feed_cursor){.xid = xid, .seq = 5}, &start),
        STATUS_OK);
    return start;
}

static void assert_start(struct database *database, uint64_t xid, bool held)
{
    assert_int_equal(start_of(database, xid).held, held);
}

static void the_first_epoch_begins_at_the_end_of_the_feed(void **state)
{
    struct database *database = *state;
    struct event_start start;
    struct feed_cursor place;

    assert_int_equal(event_store_start(database->pg, &database->scope, &(struct feed_cursor){0}, &start),
                     STATUS_NOT_FOUND);
    place = begin_epoch(database, FIRST, NULL);
    assert_string_equal(ask(database, "SELECT xid::text FROM event_relay"),
                        arena_printf(database->scope.arena, "%llu", (unsigned long long)place.xid).data);
    assert_int_equal(place.seq, 0);
    assert_true(place.xid > 3);
    /* The next goes on where the last one ended, unless it is told where. */
    assert_int_equal(begin_epoch(database, SECOND, NULL).xid, place.xid);
    assert_int_equal(begin_epoch(database, FIRST, &(struct feed_cursor){10, 5}).xid, 10);
}

static void a_reader_begins_at_the_last_place_before_its_cursor(void **state)
{
    struct database *database = *state;

    begin_at(database, (struct feed_cursor){10, 5});
    move(database, (struct feed_cursor){10, 5}, (struct feed_cursor){20, 5}, true);
    move(database, (struct feed_cursor){20, 5}, (struct feed_cursor){30, 5}, false);
    move(database, (struct feed_cursor){30, 5}, (struct feed_cursor){40, 5}, true);
    assert_start(database, 9, false);
    assert_start(database, 10, true);
    assert_start(database, 25, true);
    assert_start(database, 30, true);
    assert_start(database, 40, true);
    assert_start(database, 99, true);
}

static void what_is_old_will_do_where_nothing_came_behind_it(void **state)
{
    struct database *database = *state;

    begin_at(database, (struct feed_cursor){10, 5});
    move(database, (struct feed_cursor){10, 5}, (struct feed_cursor){20, 5}, false);
    run_sql(database, "UPDATE event_place SET at = now() - interval '9 s'");
    assert_start(database, 10, false);
    assert_start(database, 19, false);
    assert_start(database, 20, true);
    /* It goes once there is a newer one. */
    move(database, (struct feed_cursor){20, 5}, (struct feed_cursor){30, 5}, true);
    assert_start(database, 10, false);
    assert_start(database, 20, true);
    move(database, (struct feed_cursor){30, 5}, (struct feed_cursor){40, 5}, false);
    assert_string_equal(ask(database, "SELECT count(*) FROM event_place"), "1");
}

/* As the first epoch of all, whose place is of no change, and as readers whose cursor is of the last one before it. */
static void who_has_missed_nothing_may_begin_anywhere(void **state)
{
    struct database *database = *state;

    add_change(database, &(struct feed_cursor){8, 5});
    (void)begin_epoch(database, FIRST, &(struct feed_cursor){10, 5});
    run_sql(database, "UPDATE event_place SET at = now() - interval '9 s'");
    assert_start(database, 7, false);
    assert_start(database, 8, true);
    assert_start(database, 9, true);
    /* What is not kept any more cannot be told to be nothing. */
    run_sql(database, "UPDATE change_floor SET xid = '9', seq = 5");
    assert_start(database, 8, false);
    assert_start(database, 9, true);
}

static void places_of_another_epoch_do_not_count(void **state)
{
    struct database *database = *state;

    begin_at(database, (struct feed_cursor){10, 5});
    move(database, (struct feed_cursor){10, 5}, (struct feed_cursor){20, 5}, true);
    (void)begin_epoch(database, SECOND, NULL);
    assert_start(database, 10, false);
    assert_start(database, 20, true);
    assert_string_equal(ask(database, "SELECT count(*) FROM event_place"), "1");
}

static void only_who_holds_the_job_moves_the_relay(void **state)
{
    struct database *database = *state;
    const struct job_hold late = {hold.id, TEXT("2")};
    const struct event_batch batch = {.before = {10, 5}, .last = {20, 5}, .placed = true};
    struct feed_cursor place;

    (void)begin_epoch(database, FIRST, &(struct feed_cursor){10, 5});
    assert_int_equal(event_store_move(database->pg, &database->scope, &late, FIRST, &batch), STATUS_STALE);
    assert_int_equal(event_store_move(database->pg, &database->scope, &hold, SECOND, &batch), STATUS_STALE);
    assert_int_equal(event_store_begin(database->pg, &database->scope, &late, SECOND, NULL, 0, &place), STATUS_STALE);
    assert_int_equal(start_of(database, 10).relay.place.xid, 10);
    assert_string_equal(ask(database, "SELECT count(*) FROM event_place"), "1");
}

static enum status pass(struct database *database, struct text epoch, struct feed_cursor *place)
{
    return event_store_pass(database->pg, &database->scope, &hold, epoch, place);
}

static void what_nobody_came_for_is_passed_over(void **state)
{
    struct database *database = *state;
    struct feed_cursor place = {0};

    begin_at(database, (struct feed_cursor){10, 5});
    move(database, (struct feed_cursor){10, 5}, (struct feed_cursor){20, 5}, true);
    add_change(database, &(struct feed_cursor){30, 5});
    assert_int_equal(pass(database, SECOND, &place), STATUS_NOT_FOUND);
    assert_int_equal(pass(database, FIRST, &place), STATUS_OK);
    assert_true(place.xid > 30);
    assert_int_equal(place.seq, 0);
    assert_string_equal(ask(database, "SELECT xid::text FROM event_relay"),
                        arena_printf(database->scope.arena, "%llu", (unsigned long long)place.xid).data);
    /* Who was told of the one before it has missed one that the front server was never given. */
    assert_start(database, 10, false);
    assert_start(database, 20, false);
    assert_start(database, 30, true);
    assert_string_equal(ask(database, "SELECT count(*) FROM event_place"), "1");
    assert_int_equal(pass(database, FIRST, &place), STATUS_OK);
    assert_string_equal(ask(database, "SELECT count(*) FROM event_place"), "1");
}

static void nothing_is_passed_over_for_a_while_after_somebody_came(void **state)
{
    struct database *database = *state;
    struct feed_cursor place = {0};

    begin_at(database, (struct feed_cursor){10, 5});
    assert_false(start_of(database, 10).wanted);
    assert_int_equal(event_store_want(database->pg, &database->scope), STATUS_OK);
    assert_true(start_of(database, 10).wanted);
    assert_int_equal(pass(database, FIRST, &place), STATUS_NOT_FOUND);
    assert_int_equal(start_of(database, 10).relay.place.xid, 10);
    /* Who comes then notes it anew. */
    run_sql(database, "UPDATE event_relay SET wanted_at = now() - interval '21 s'");
    assert_false(start_of(database, 10).wanted);
    assert_int_equal(pass(database, FIRST, &place), STATUS_NOT_FOUND);
    run_sql(database, "UPDATE event_relay SET wanted_at = now() - interval '91 s'");
    assert_int_equal(pass(database, FIRST, &place), STATUS_OK);
    /* Another epoch does not forget who came. */
    assert_int_equal(event_store_want(database->pg, &database->scope), STATUS_OK);
    (void)begin_epoch(database, SECOND, NULL);
    assert_true(start_of(database, 10).wanted);
}

static void a_change_knows_the_categories_of_its_product(void **state)
{
    struct database *database = *state;
    struct feed_page page;

    run_sql(database,
            "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images, version) "
            "VALUES ('" NOWHERE "', 'x', 1, 'EUR', '" TEA "', 'active', '{}', '[]', 1)");
    run_sql(database, "UPDATE product SET version = 2, category_id = '" COFFEE "'");
    run_sql(database, "UPDATE product SET version = 3, name = 'y'");
    run_sql(database, "INSERT INTO change (type, id, version, at, data) SELECT 'product.updated', '" NOWHERE
                      "', v, now(), '{\"category_id\":\"" COFFEE "\"}' FROM generate_series(2, 3) v");
    assert_int_equal(feed_store_read_placed(database->pg, &database->scope, NULL, 10, &page), STATUS_OK);
    assert_int_equal(page.count, 2);
    assert_true(text_equal(page.changes[0].category_id, TEXT(COFFEE)));
    assert_true(text_equal(page.changes[0].category_left, TEXT(TEA)));
    assert_true(text_equal(page.changes[1].category_id, TEXT(COFFEE)));
    assert_null(page.changes[1].category_left.data);
}

#define IN_DATABASE(test) cmocka_unit_test_setup(test, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DATABASE(the_first_epoch_begins_at_the_end_of_the_feed),
        IN_DATABASE(a_reader_begins_at_the_last_place_before_its_cursor),
        IN_DATABASE(what_is_old_will_do_where_nothing_came_behind_it),
        IN_DATABASE(who_has_missed_nothing_may_begin_anywhere),
        IN_DATABASE(places_of_another_epoch_do_not_count),
        IN_DATABASE(only_who_holds_the_job_moves_the_relay),
        IN_DATABASE(what_nobody_came_for_is_passed_over),
        IN_DATABASE(nothing_is_passed_over_for_a_while_after_somebody_came),
        IN_DATABASE(a_change_knows_the_categories_of_its_product),
    };
    return cmocka_run_group_tests(tests, products_set_up, database_tear_down);
}

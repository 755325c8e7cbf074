/* Deliveries of webhooks on a real Postgres: the lines in which they stand, and what moves in them. */
#include "store/webhook_outbox.h"

#include "base/uuid.h"

#include "../database.h"

#define WEBHOOK "0193a7c0-0000-7000-8000-000000000001"
#define OTHER "0193a7c0-0000-7000-8000-000000000002"
#define TEA "0193a7c0-0000-7000-8000-00000000000a"
#define CUP "0193a7c0-0000-7000-8000-00000000000b"
#define JOB "0193a7c0-0000-7000-8000-0000000000ff"

static const struct job_hold hold = {.id = {JOB, sizeof JOB - 1}, .fence = {"1", 1}};

static void add_webhook(struct database *database, const char *id, const char *types)
{
    run_sql(database,
            arena_printf(database->scope.arena,
                         "INSERT INTO webhook (id, url, types, state, secret, version, created_at, updated_at, "
                         "xid, seq) VALUES ('%s', 'https://example.org/', '%s', 'active', 's', 1, now(), now(), "
                         "'0', 0)",
                         id, types)
                .data);
}

static int reset(void **state)
{
    struct database *database;

    (void)database_reset(state);
    database = *state;
    run_sql(database, "TRUNCATE change, webhook, webhook_delivery, job; UPDATE change_floor SET xid = '0', seq = 0");
    run_sql(database, "INSERT INTO job (id, kind, state, fence, lease_until) VALUES ('" JOB
                      "', 'webhook', 'running', 1, now() + interval '1 hour')");
    add_webhook(database, WEBHOOK, "[\"product.*\"]");
    return 0;
}

/* The next change of a thing. */
static void add_change(struct database *database, const char *type, const char *id, int version)
{
    run_sql(database,
            arena_printf(database->scope.arena,
                         "INSERT INTO change (type, id, version, at, data) VALUES ('%s', '%s', %d, now(), '{}')", type,
                         id, version)
                .data);
}

static struct outbox_fill fill(struct database *database, uint64_t limit)
{
    struct outbox_fill filled = {0};

    assert_int_equal(webhook_outbox_fill(database->pg, &database->scope, &hold, limit, &filled), STATUS_OK);
    return filled;
}

static size_t take(struct database *database, struct outbox_delivery **due)
{
    size_t count = 0;

    assert_int_equal(webhook_outbox_take(database->pg, &database->scope, 10, NULL, 0, (size_t)1024 * 1024, due, &count),
                     STATUS_OK);
    return count;
}

static void settle(struct database *database, const struct outbox_delivery *delivery, enum delivery_state state)
{
    const struct outbox_outcome outcome = {.key = delivery->key, .verdict = {.state = state, .delay_ms = 0}};
    struct outbox_disabled *disabled = NULL;
    size_t count = 0;

    assert_int_equal(webhook_outbox_settle(database->pg, &database->scope, &hold, &outcome, 1, 1000, &disabled, &count),
                     STATUS_OK);
    assert_int_equal(count, 0);
}

static void heed(struct database *database)
{
    bool more = false;

    assert_int_equal(webhook_outbox_heed(database->pg, &database->scope, &hold, &more), STATUS_OK);
}

/* "a1 b1": the first letter of what is due, tea or cup, and its place in the line of all changes, in order. */
static const char *due(struct database *database)
{
    return ask(database, "SELECT coalesce(string_agg(CASE subject WHEN '" TEA "' THEN 't' ELSE 'c' END || version, "
                         "' ' ORDER BY xid, seq), '') FROM webhook_delivery WHERE next_at <= now()");
}

/* What must hold at every moment: of each line the first one that is pending, and no other, has a time. */
static void assert_lines(struct database *database)
{
    assert_string_equal(
        ask(database,
            "SELECT count(*) FROM (SELECT next_at IS NOT NULL AS has_time, row_number() OVER (PARTITION BY "
            "webhook_id, subject ORDER BY xid, seq) AS place FROM webhook_delivery WHERE state = 'pending' AND NOT "
            "asked) d WHERE has_time <> (place = 1)"),
        "0");
}

static void of_each_line_the_first_is_due(void **state)
{
    struct database *database = *state;
    struct outbox_delivery *deliveries = NULL;

    add_change(database, "product.created", TEA, 1);
    add_change(database, "product.created", CUP, 1);
    add_change(database, "category.created", CUP, 1);
    add_change(database, "product.updated", TEA, 2);
    add_change(database, "product.updated", TEA, 3);
    assert_int_equal(fill(database, 100).made, 4);
    assert_string_equal(due(database), "t1 c1");
    assert_int_equal(take(database, &deliveries), 2);
    settle(database, &deliveries[0], DELIVERY_PENDING);
    assert_string_equal(due(database), "t1 c1");
    settle(database, &deliveries[0], DELIVERY_DELIVERED);
    assert_string_equal(due(database), "c1 t2");
    assert_lines(database);
    /* One that is given up makes way, too. */
    assert_int_equal(take(database, &deliveries), 2);
    settle(database, &deliveries[1], DELIVERY_FAILED);
    assert_string_equal(due(database), "c1 t3");
    assert_lines(database);
}

static void the_feed_is_read_in_parts_and_once(void **state)
{
    struct database *database = *state;

    for (int version = 1; version <= 5; version++) {
        add_change(database, "product.updated", TEA, version);
    }
    assert_int_equal(fill(database, 2).made, 2);
    assert_lines(database);
    assert_int_equal(fill(database, 2).made, 2);
    assert_int_equal(fill(database, 2).made, 1);
    assert_int_equal(fill(database, 2).read, 0);
    assert_string_equal(due(database), "t1");
    assert_lines(database);
}

static void a_redelivery_takes_its_place_in_the_line(void **state)
{
    struct database *database = *state;
    struct outbox_delivery *deliveries = NULL;

    for (int version = 1; version <= 3; version++) {
        add_change(database, "product.updated", TEA, version);
    }
    (void)fill(database, 100);
    assert_int_equal(take(database, &deliveries), 1);
    settle(database, &deliveries[0], DELIVERY_DELIVERED);
    assert_string_equal(due(database), "t2");
    run_sql(database, "UPDATE webhook_delivery SET asked = true WHERE version = 1");
    heed(database);
    assert_string_equal(due(database), "t1");
    assert_lines(database);
    /* What was under way meanwhile has ended: the line is kept. */
    assert_int_equal(take(database, &deliveries), 1);
    settle(database, &deliveries[0], DELIVERY_DELIVERED);
    assert_string_equal(due(database), "t2");
    assert_lines(database);
    /* The last one is asked for while it waits anyway. */
    run_sql(database, "UPDATE webhook_delivery SET asked = true WHERE version = 3");
    heed(database);
    assert_string_equal(due(database), "t2");
    assert_lines(database);
}

static void what_was_under_way_before_a_replay_does_not_count_for_it(void **state)
{
    struct database *database = *state;
    struct outbox_delivery *before = NULL;
    struct outbox_delivery *deliveries = NULL;

    for (int version = 1; version <= 3; version++) {
        add_change(database, "product.updated", TEA, version);
    }
    (void)fill(database, 100);
    assert_int_equal(take(database, &deliveries), 1);
    settle(database, &deliveries[0], DELIVERY_DELIVERED);
    assert_int_equal(take(database, &before), 1);
    run_sql(database, "UPDATE webhook SET replay_xid = '0', replay_seq = 0");
    heed(database);
    assert_int_equal(fill(database, 100).made, 3);
    assert_string_equal(due(database), "t1");
    assert_lines(database);
    settle(database, &before[0], DELIVERY_DELIVERED);
    assert_string_equal(ask(database, "SELECT count(*) FROM webhook_delivery WHERE state = 'pending'"), "3");
    assert_string_equal(due(database), "t1");
}

static void who_does_not_hold_the_job_changes_nothing(void **state)
{
    static const struct job_hold lost = {.id = {JOB, sizeof JOB - 1}, .fence = {"0", 1}};
    struct database *database = *state;
    struct outbox_delivery *deliveries = NULL;
    struct outbox_disabled *disabled = NULL;
    struct outbox_fill filled = {0};
    size_t count = 0;
    bool more = false;

    add_change(database, "product.created", TEA, 1);
    assert_int_equal(webhook_outbox_fill(database->pg, &database->scope, &lost, 10, &filled), STATUS_STALE);
    assert_string_equal(ask(database, "SELECT count(*) FROM webhook_delivery"), "0");
    assert_string_equal(ask(database, "SELECT xid FROM webhook"), "0");
    (void)fill(database, 10);
    assert_int_equal(take(database, &deliveries), 1);
    const struct outbox_outcome outcome = {.key = deliveries[0].key,
                                           .verdict = {.state = DELIVERY_FAILED, .gone = true}};
    assert_int_equal(webhook_outbox_settle(database->pg, &database->scope, &lost, &outcome, 1, 1, &disabled, &count),
                     STATUS_STALE);
    run_sql(database, "UPDATE webhook SET replay_xid = '0', replay_seq = 0");
    assert_int_equal(webhook_outbox_heed(database->pg, &database->scope, &lost, &more), STATUS_STALE);
    assert_int_equal(webhook_outbox_prove(database->pg, &database->scope, &lost), STATUS_STALE);
    assert_string_equal(ask(database, "SELECT state || attempts FROM webhook_delivery"), "pending0");
    assert_string_equal(ask(database, "SELECT state || (replay_xid IS NOT NULL) FROM webhook"), "activetrue");
}

static void webhooks_that_are_full_or_quiet_are_left_out(void **state)
{
    const struct text full[] = {TEXT(WEBHOOK)};
    struct database *database = *state;
    struct outbox_delivery *deliveries = NULL;
    size_t count = 0;

    add_webhook(database, OTHER, "[\"*\"]");
    add_change(database, "product.created", TEA, 1);
    assert_int_equal(fill(database, 10).made, 2);
    assert_int_equal(take(database, &deliveries), 2);
    assert_int_equal(
        webhook_outbox_take(database->pg, &database->scope, 10, full, 1, (size_t)1024, &deliveries, &count), STATUS_OK);
    assert_int_equal(count, 1);
    assert_text(deliveries[0].key.webhook, OTHER);
    run_sql(database, "UPDATE webhook SET quiet_until = now() + interval '1 hour' WHERE id = '" OTHER "'");
    assert_int_equal(take(database, &deliveries), 1);
    run_sql(database, "UPDATE webhook SET state = 'disabled' WHERE id = '" WEBHOOK "'");
    assert_int_equal(take(database, &deliveries), 0);
}

static void a_backlog_that_is_full_holds_the_feed_back(void **state)
{
    struct database *database = *state;
    uint64_t made = 0;

    run_sql(database,
            "INSERT INTO change (type, id, version, at, data) SELECT 'product.created', gen_random_uuid(), 1, "
            "now(), '{}' FROM generate_series(1, 3000)");
    for (int i = 0; i < 20; i++) {
        made += fill(database, 500).made;
    }
    assert_in_range(made, OUTBOX_BACKLOG_MAX, OUTBOX_BACKLOG_MAX + 500);
    run_sql(database, "UPDATE webhook_delivery SET state = 'delivered', ended_at = now(), next_at = NULL");
    for (int i = 0; i < 20; i++) {
        made += fill(database, 500).made;
    }
    assert_int_equal(made, 3000);
}

static void a_gap_in_the_feed_is_told(void **state)
{
    struct database *database = *state;

    add_change(database, "product.created", TEA, 1);
    run_sql(database, "UPDATE change_floor SET xid = '1', seq = 1");
    assert_int_equal(fill(database, 10).gaps, 1);
    assert_int_equal(fill(database, 10).gaps, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(of_each_line_the_first_is_due, reset),
        cmocka_unit_test_setup(the_feed_is_read_in_parts_and_once, reset),
        cmocka_unit_test_setup(a_redelivery_takes_its_place_in_the_line, reset),
        cmocka_unit_test_setup(what_was_under_way_before_a_replay_does_not_count_for_it, reset),
        cmocka_unit_test_setup(who_does_not_hold_the_job_changes_nothing, reset),
        cmocka_unit_test_setup(webhooks_that_are_full_or_quiet_are_left_out, reset),
        cmocka_unit_test_setup(a_backlog_that_is_full_holds_the_feed_back, reset),
        cmocka_unit_test_setup(a_gap_in_the_feed_is_told, reset),
    };

    return cmocka_run_group_tests(tests, catalogue_set_up, database_tear_down);
}

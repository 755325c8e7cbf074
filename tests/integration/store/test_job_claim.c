/* The queue on a real Postgres: claims of many at once, leases, fences, and what is unique. */
#include "store/job_change.h"
#include "store/job_claim.h"
#include "store/job_store.h"
#include "store/purge_store.h"

#include "base/uuid.h"

#include "../database.h"

#define LEASE_MS 60000

static char runner_a[UUID_TEXT_LENGTH + 1];
static char runner_b[UUID_TEXT_LENGTH + 1];
static const char *const kinds[] = {"work"};

static int reset(void **state)
{
    (void)database_reset(state);
    run_sql(*state, "TRUNCATE job, job_ended, job_schedule");
    uuid_make(runner_a);
    uuid_make(runner_b);
    return 0;
}

static struct text add(struct database *database, const char *key)
{
    char *made = arena_alloc(database->scope.arena, UUID_TEXT_LENGTH + 1);
    struct text id = TEXT_ABSENT;

    uuid_make(made);
    assert_int_equal(
        job_store_add(database->pg, &database->scope,
                      &(struct job_order){
                          .id = text_of(made), .kind = TEXT("work"), .unique_key = text_of(key), .attempts_max = 3},
                      &id),
        STATUS_OK);
    return id;
}

static size_t take_with(struct pg *pg, struct scope *scope, const char *runner, int64_t lease_ms, size_t max,
                        struct claimed_job **jobs)
{
    const struct job_claimant claimant = {
        .runner = text_of(runner), .kinds = kinds, .kind_count = 1, .lease_ms = lease_ms};
    size_t count = 0;

    assert_int_equal(job_claim_take(pg, scope, &claimant, max, jobs, &count), STATUS_OK);
    return count;
}

static struct claimed_job take_one(struct database *database, const char *runner, int64_t lease_ms)
{
    struct claimed_job *jobs = NULL;

    assert_int_equal(take_with(database->pg, &database->scope, runner, lease_ms, 1, &jobs), 1);
    return jobs[0];
}

static void rescue(struct database *database, uint64_t queued, uint64_t failed)
{
    uint64_t found_queued = 99;
    uint64_t found_failed = 99;

    assert_int_equal(job_claim_rescue(database->pg, &database->scope, &found_queued, &found_failed), STATUS_OK);
    assert_int_equal(found_queued, queued);
    assert_int_equal(found_failed, failed);
}

static void nobody_claims_what_another_has(void **state)
{
    enum { CONNECTIONS = 4, JOBS = 400 };
    struct database *database = *state;
    struct pg *pg[CONNECTIONS];
    size_t taken = 0;
    size_t round;

    for (size_t i = 0; i < JOBS; i++) {
        (void)add(database, NULL);
    }
    for (size_t i = 0; i < CONNECTIONS; i++) {
        pg[i] = database_connect(0);
    }
    do {
        round = 0;
        for (size_t i = 0; i < CONNECTIONS; i++) {
            struct claimed_job *jobs = NULL;
            round += take_with(pg[i], &database->scope, runner_a, LEASE_MS, 7, &jobs);
        }
        taken += round;
    } while (round > 0);
    assert_int_equal(taken, JOBS);
    assert_string_equal(
        ask(database, "SELECT count(*) FROM job WHERE state = 'running' AND attempts = 1 AND fence = 1"), "400");
    for (size_t i = 0; i < CONNECTIONS; i++) {
        pg_free(pg[i]);
    }
}

static void the_longest_due_is_claimed_first(void **state)
{
    struct database *database = *state;
    const struct text first = add(database, NULL);
    const struct text second = add(database, NULL);
    char sql[200];

    (void)snprintf(sql, sizeof(sql), "UPDATE job SET run_at = run_at - interval '1 hour' WHERE id = '%.*s'",
                   TEXT_PRINT(second));
    run_sql(database, sql);
    assert_true(text_equal(take_one(database, runner_a, LEASE_MS).hold.id, second));
    assert_true(text_equal(take_one(database, runner_b, LEASE_MS).hold.id, first));
    (void)add(database, NULL);
    run_sql(database, "UPDATE job SET run_at = now() + interval '1 hour' WHERE state = 'queued'");
    struct claimed_job *jobs = NULL;
    assert_int_equal(take_with(database->pg, &database->scope, runner_a, LEASE_MS, 1, &jobs), 0);
}

static void the_fence_keeps_a_late_runner_out(void **state)
{
    struct database *database = *state;
    uint64_t removed = 0;
    bool more = false;

    (void)add(database, NULL);
    const struct claimed_job late = take_one(database, runner_a, 0);
    rescue(database, 1, 0);
    const struct claimed_job now = take_one(database, runner_b, LEASE_MS);
    assert_int_equal(now.attempts, 2);
    struct job_beat beats[] = {{.hold = late.hold, .progress = 900, .checkpoint = TEXT("late")},
                               {.hold = now.hold, .progress = 100, .checkpoint = TEXT("now")}};

    assert_int_equal(job_claim_beat(database->pg, &database->scope, LEASE_MS, beats, 1), STATUS_OK);
    assert_false(beats[0].held);
    assert_int_equal(job_claim_beat(database->pg, &database->scope, LEASE_MS, &beats[1], 1), STATUS_OK);
    assert_true(beats[1].held && !beats[1].cancelling);
    assert_int_equal(job_claim_end(database->pg, &database->scope, &late.hold, JOB_SUCCEEDED, TEXT_ABSENT),
                     STATUS_STALE);
    assert_int_equal(job_claim_requeue(database->pg, &database->scope, &late.hold, 0, TEXT("late")), STATUS_STALE);
    assert_int_equal(purge_store_batch(database->pg, &database->scope, &late.hold, PURGE_JOBS, 0, 10, &removed, &more),
                     STATUS_STALE);
    assert_string_equal(ask(database, "SELECT state || attempts || progress || checkpoint FROM job"),
                        "running20.100now");
    assert_int_equal(job_claim_end(database->pg, &database->scope, &now.hold, JOB_SUCCEEDED, TEXT_ABSENT), STATUS_OK);
    assert_int_equal(job_claim_end(database->pg, &database->scope, &now.hold, JOB_FAILED, TEXT("x")), STATUS_STALE);
    assert_string_equal(ask(database, "SELECT state || progress FROM job_ended"), "succeeded1.000");
}

static void leases_run_out(void **state)
{
    struct database *database = *state;

    (void)add(database, NULL);
    (void)take_one(database, runner_a, LEASE_MS);
    rescue(database, 0, 0);
    run_sql(database, "UPDATE job SET lease_until = now() - interval '1 ms'");
    rescue(database, 1, 0);
    assert_string_equal(ask(database, "SELECT last_error FROM job WHERE state = 'queued' AND run_at <= now()"),
                        "its runner was lost");
    (void)take_one(database, runner_a, 0);
    rescue(database, 1, 0);
    (void)take_one(database, runner_a, 0);
    rescue(database, 0, 1);
    assert_string_equal(ask(database, "SELECT state || attempts FROM job_ended"), "failed3");
    /* One that was asked to end is not begun again. */
    (void)add(database, NULL);
    (void)take_one(database, runner_a, 0);
    run_sql(database, "UPDATE job SET cancelling = true");
    rescue(database, 0, 0);
    assert_string_equal(ask(database, "SELECT count(*) FROM job_ended WHERE state = 'cancelled'"), "1");
}

static void what_is_handed_back_counts_no_attempt(void **state)
{
    struct database *database = *state;
    struct claimed_job *jobs = NULL;
    uint64_t handed = 0;

    for (int i = 0; i < 4; i++) {
        (void)add(database, NULL);
    }
    assert_int_equal(take_with(database->pg, &database->scope, runner_a, LEASE_MS, 3, &jobs), 3);
    const struct job_hold kept = jobs[1].hold;
    assert_int_equal(take_with(database->pg, &database->scope, runner_b, LEASE_MS, 3, &jobs), 1);
    assert_int_equal(job_claim_hand_back(database->pg, &database->scope, text_of(runner_a), &kept, 1, &handed),
                     STATUS_OK);
    assert_int_equal(handed, 2);
    assert_string_equal(ask(database, "SELECT count(*) FROM job WHERE state = 'queued' AND attempts = 0"), "2");
    assert_string_equal(ask(database, "SELECT count(*) FROM job WHERE state = 'running' AND attempts = 1"), "2");
    assert_int_equal(take_with(database->pg, &database->scope, runner_b, LEASE_MS, 3, &jobs), 2);
}

static void of_a_key_there_is_one_job_at_a_time(void **state)
{
    struct database *database = *state;
    struct job_order order = {.id = TEXT("0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"),
                              .kind = TEXT("work"),
                              .unique_key = TEXT("k"),
                              .attempts_max = 3};
    const struct text first = add(database, "k");
    struct text found = TEXT_ABSENT;

    assert_int_equal(job_store_add(database->pg, &database->scope, &order, &found), STATUS_CONFLICT);
    assert_true(text_equal(found, first));
    const struct claimed_job job = take_one(database, runner_a, LEASE_MS);
    assert_int_equal(job_store_add(database->pg, &database->scope, &order, &found), STATUS_CONFLICT);
    assert_int_equal(job_claim_end(database->pg, &database->scope, &job.hold, JOB_FAILED, TEXT("x")), STATUS_OK);
    assert_int_equal(job_store_add(database->pg, &database->scope, &order, &found), STATUS_OK);
    assert_true(text_equal(found, order.id));
    struct stored_job stored = {0};
    assert_int_equal(job_store_load(database->pg, &database->scope, first, &stored), STATUS_OK);
    const struct job_change change = {.id = first, .seen = stored.seen, .at = stored.at};
    assert_int_equal(job_change_write(database->pg, &database->scope, JOB_EFFECT_REVIVE, &change), STATUS_CONFLICT);
}

static void the_schedule_queues_one(void **state)
{
    struct database *database = *state;
    char ids[3][UUID_TEXT_LENGTH + 1];
    uint64_t queued = 0;
    uint64_t sum = 0;

    for (int round = 0; round < 3; round++) { /* the first makes the row, the second finds it due */
        uuid_make(ids[round]);
        const struct periodic_job job = {text_of(ids[round]), "work", 100, 3};
        assert_int_equal(job_claim_schedule(database->pg, &database->scope, &job, 1, &queued), STATUS_OK);
        sum += queued;
    }
    assert_int_equal(sum, 1);
    const struct periodic_job job = {text_of(ids[2]), "work", 100, 3};
    /* Due again while the last one waits: none is added, and none is made up for. */
    run_sql(database, "UPDATE job_schedule SET next_at = now()");
    assert_int_equal(job_claim_schedule(database->pg, &database->scope, &job, 1, &queued), STATUS_OK);
    assert_int_equal(queued, 0);
    run_sql(database, "DELETE FROM job");
    assert_int_equal(job_claim_schedule(database->pg, &database->scope, &job, 1, &queued), STATUS_OK);
    assert_int_equal(queued, 0);
    /* An interval that was made shorter counts at once. */
    const struct periodic_job shorter = {text_of(ids[2]), "work", 10, 3};
    assert_int_equal(job_claim_schedule(database->pg, &database->scope, &shorter, 1, &queued), STATUS_OK);
    assert_int_equal(queued, 1);
}

#define IN_DATABASE(test) cmocka_unit_test_setup(test, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DATABASE(nobody_claims_what_another_has),
        IN_DATABASE(the_longest_due_is_claimed_first),
        IN_DATABASE(the_fence_keeps_a_late_runner_out),
        IN_DATABASE(leases_run_out),
        IN_DATABASE(what_is_handed_back_counts_no_attempt),
        IN_DATABASE(of_a_key_there_is_one_job_at_a_time),
        IN_DATABASE(the_schedule_queues_one),
    };
    return cmocka_run_group_tests(tests, catalogue_set_up, database_tear_down);
}

/* Changes of jobs on a real Postgres: each makes of the row what domain/job.h says, for the job as it was read, with the
 * answer that is kept. */
#include "store/job_change.h"

#include "../database.h"

static int reset(void **state)
{
    (void)database_reset(state);
    run_sql(*state, "TRUNCATE job, job_ended, idempotency");
    return 0;
}

#define ID "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"
#define LATER "now() + interval '1 hour'"
#define QUEUED(run_at)                                                                                                 \
    "INSERT INTO job (id, kind, payload, attempts, attempts_max, fence, progress, checkpoint, last_error, "            \
    "created_at, "                                                                                                     \
    "run_at, started_at) VALUES ('" ID "', 'work', '{\"a\":1}', 2, 3, 7, 0.25, 'c', 'late', "                          \
    "now() - interval '2 hours', " run_at ", now() - interval '1 hour');"
#define ENDED(state)                                                                                                   \
    QUEUED("now()")                                                                                                    \
    "INSERT INTO job_ended SELECT id, kind, unique_key, payload, '" state "', attempts, attempts_max, fence, "         \
    "progress, checkpoint, last_error, created_at, started_at, now() FROM job; DELETE FROM job;"
#define RUNNING(members)                                                                                               \
    QUEUED("now()")                                                                                                    \
    "UPDATE job SET state = 'running', lease_until = now() + interval '1 hour'" members ";"

typedef enum job_effect (*job_wish)(struct job *job, struct text at);

static const struct row {
    const char *sql;
    job_wish wish;
    enum job_effect effect;
} rows[] = {
    {ENDED("failed"), job_wish_retry, JOB_EFFECT_REVIVE},
    {ENDED("cancelled"), job_wish_retry, JOB_EFFECT_REVIVE},
    {QUEUED(LATER), job_wish_retry, JOB_EFFECT_HURRY},
    {QUEUED("now()"), job_wish_retry, JOB_EFFECT_NONE},
    {RUNNING(""), job_wish_retry, JOB_EFFECT_NONE},
    {QUEUED(LATER), job_wish_cancel, JOB_EFFECT_END},
    {RUNNING(""), job_wish_cancel, JOB_EFFECT_ASK},
    {ENDED("cancelled"), job_wish_cancel, JOB_EFFECT_NONE},
    {RUNNING(", cancelling = true"), job_wish_cancel, JOB_EFFECT_NONE},
};

#define ROWS (sizeof rows / sizeof rows[0])

/* Every column of every job, so that two states of the queue can be told apart. */
static const char *everything(struct database *database)
{
    return ask(database, "SELECT coalesce((SELECT string_agg(j::text, ' ') FROM job j), '') || ' ended ' || "
                         "coalesce((SELECT string_agg(e::text, ' ') FROM job_ended e), '')");
}

static struct stored_job load(struct database *database)
{
    struct stored_job stored = {0};

    assert_int_equal(job_store_load(database->pg, &database->scope, TEXT(ID), &stored), STATUS_OK);
    return stored;
}

static enum status change(struct database *database, const struct stored_job *stored, enum job_effect effect,
                          const char *key, bool dry_run)
{
    return job_change_write(database->pg, &database->scope, effect,
                            &(struct job_change){
                                .id = stored->job.id,
                                .seen = stored->seen,
                                .at = stored->at,
                                .json = TEXT("the answer"),
                                .idempotency = {.key = text_of(key), .request = TEXT("the request")},
                                .dry_run = dry_run,
                            });
}

static void assert_same(const struct job *job, const struct job *expected)
{
    assert_true(text_equal(job->id, expected->id));
    assert_true(text_equal(job->kind, expected->kind));
    assert_int_equal(job->state, expected->state);
    assert_true(text_equal(job->attempts, expected->attempts));
    assert_true(text_equal(job->attempts_max, expected->attempts_max));
    assert_true(text_equal(job->progress, expected->progress));
    assert_true(text_equal(job->last_error, expected->last_error));
    assert_true(text_equal(job->created_at, expected->created_at));
    assert_true(text_equal(job->run_at, expected->run_at));
    assert_true(text_equal(job->started_at, expected->started_at));
    assert_true(text_equal(job->ended_at, expected->ended_at));
    assert_int_equal(job->cancelling, expected->cancelling);
}

/* What is answered is what is there then, to the last member. */
static void a_job_becomes_what_was_said(void **state)
{
    struct database *database = *state;

    for (size_t i = 0; i < ROWS * 2; i++) {
        const struct row *row = &rows[i / 2];
        const char *key = i % 2 == 0 ? NULL : "k";

        (void)reset(state);
        run_sql(database, row->sql);
        struct stored_job stored = load(database);
        assert_int_equal(row->wish(&stored.job, stored.at), row->effect);
        assert_int_equal(change(database, &stored, row->effect, key, false), STATUS_OK);
        const struct stored_job after = load(database);
        assert_same(&after.job, &stored.job);
        assert_string_equal(ask(database, "SELECT count(*) FROM (SELECT FROM job UNION ALL SELECT FROM job_ended) a"),
                            "1");
        assert_string_equal(ask(database,
                                "SELECT payload || fence || checkpoint FROM (SELECT payload, fence, checkpoint "
                                "FROM job UNION ALL SELECT payload, fence, checkpoint FROM job_ended) a"),
                            "{\"a\":1}7c");
        assert_string_equal(ask(database, "SELECT coalesce(string_agg(id || body || unchanged, ''), '') "
                                          "FROM idempotency"),
                            key == NULL                      ? ""
                            : row->effect == JOB_EFFECT_NONE ? ID "the answertrue"
                                                             : ID "the answerfalse");
        /* Once more: it is another row by now, or the key is taken. */
        const bool is_same_row = row->effect == JOB_EFFECT_NONE || row->effect == JOB_EFFECT_ASK;
        assert_int_equal(change(database, &stored, row->effect, "k", false), !is_same_row  ? STATUS_STALE
                                                                             : key != NULL ? STATUS_IN_PROGRESS
                                                                                           : STATUS_OK);
    }
}

static void a_rehearsal_changes_nothing(void **state)
{
    struct database *database = *state;

    for (size_t i = 0; i < ROWS; i++) {
        (void)reset(state);
        run_sql(database, rows[i].sql);
        const struct stored_job stored = load(database);
        const char *before = everything(database);
        assert_int_equal(change(database, &stored, rows[i].effect, "k", true), STATUS_OK);
        assert_string_equal(everything(database), before);
        assert_string_equal(ask(database, "SELECT count(*) FROM idempotency"), "0");
    }
}

/* Another state, another run, another time, another end: none is what was read. */
static void nothing_is_written_to_what_has_changed(void **state)
{
    static const char *const meanwhile[] = {
        "UPDATE job SET fence = fence + 1",
        "UPDATE job SET fence = fence + 1, state = 'running', lease_until = now() + interval '1 hour'",
        "UPDATE job SET fence = fence + 1, state = 'queued', lease_until = NULL",
        "DELETE FROM job",
    };
    struct database *database = *state;

    for (size_t i = 0; i < ROWS * 4; i++) {
        const struct row *row = &rows[i / 4];

        (void)reset(state);
        run_sql(database, row->sql);
        const struct stored_job stored = load(database);
        run_sql(database, meanwhile[i % 4]);
        run_sql(database, "UPDATE job_ended SET ended_at = clock_timestamp()");
        const char *before = everything(database);
        assert_int_equal(change(database, &stored, row->effect, "k", false), STATUS_STALE);
        assert_string_equal(everything(database), before);
        assert_string_equal(ask(database, "SELECT count(*) FROM idempotency"), "0");
    }
}

/* However fast a runner tells how far it is. */
static void heartbeats_are_no_change(void **state)
{
    struct database *database = *state;

    run_sql(database, RUNNING(""));
    const struct stored_job stored = load(database);
    run_sql(database, "UPDATE job SET progress = 0.5, checkpoint = 'd', lease_until = now() + interval '2 hours'");
    assert_int_equal(change(database, &stored, JOB_EFFECT_ASK, "k", false), STATUS_OK);
    assert_string_equal(ask(database, "SELECT state || progress || checkpoint || cancelling FROM job"),
                        "running0.500dtrue");
}

static void a_place_that_is_taken_is_a_conflict(void **state)
{
    struct database *database = *state;

    run_sql(database, ENDED("failed") "UPDATE job_ended SET unique_key = 'u'; "
                                      "INSERT INTO job (id, kind, unique_key) VALUES (gen_random_uuid(), 'work', 'u')");
    const struct stored_job stored = load(database);
    const char *before = everything(database);
    assert_int_equal(change(database, &stored, JOB_EFFECT_REVIVE, "k", false), STATUS_CONFLICT);
    assert_int_equal(change(database, &stored, JOB_EFFECT_REVIVE, NULL, true), STATUS_CONFLICT);
    assert_string_equal(everything(database), before);
}

static void one_with_the_same_key_is_under_way(void **state)
{
    struct database *database = *state;
    struct pg *other = database_connect(0);
    struct pg_result *result = NULL;

    run_sql(database, QUEUED(LATER));
    const struct stored_job stored = load(database);
    assert_int_equal(pg_exec(other, &database->scope, "lock", "SELECT pg_advisory_lock(hashtextextended('k', 0))",
                             false, NULL, 0, &result),
                     STATUS_OK);
    assert_int_equal(change(database, &stored, JOB_EFFECT_END, "k", false), STATUS_IN_PROGRESS);
    assert_string_equal(ask(database, "SELECT count(*) FROM job"), "1");
    pg_free(other);
}

#define IN_DATABASE(test) cmocka_unit_test_setup(test, reset)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_DATABASE(a_job_becomes_what_was_said),
        IN_DATABASE(a_rehearsal_changes_nothing),
        IN_DATABASE(nothing_is_written_to_what_has_changed),
        IN_DATABASE(heartbeats_are_no_change),
        IN_DATABASE(a_place_that_is_taken_is_a_conflict),
        IN_DATABASE(one_with_the_same_key_is_under_way),
    };
    return cmocka_run_group_tests(tests, catalogue_set_up, database_tear_down);
}

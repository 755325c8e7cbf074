/* Tests of domain/job.h. */
#include "domain/job.h"

#include "../base/check.h"

static void states_have_names(void **state)
{
    enum job_state found = JOB_QUEUED;

    (void)state;
    for (unsigned i = 0; i < JOB_STATE_COUNT; i++) {
        assert_true(job_state_of(text_of(job_state_names[i]), &found));
        assert_int_equal(found, i);
    }
    assert_false(job_state_of(TEXT("Queued"), &found));
    assert_false(job_state_of(TEXT(""), &found));
    assert_false(job_state_of(TEXT_ABSENT, &found));
    assert_int_equal(found, JOB_CANCELLED);
}

static void kinds_are_small_letters(void **state)
{
    (void)state;
    assert_true(job_kind_is_valid(TEXT("purge")));
    assert_true(job_kind_is_valid(TEXT("cache_repair")));
    assert_true(job_kind_is_valid(TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
    assert_false(job_kind_is_valid(TEXT("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")));
    assert_false(job_kind_is_valid(TEXT("")));
    assert_false(job_kind_is_valid(TEXT_ABSENT));
    assert_false(job_kind_is_valid(TEXT("_a")));
    assert_false(job_kind_is_valid(TEXT("Purge")));
    assert_false(job_kind_is_valid(TEXT("a-b")));
}

static void a_step_tells_how_a_job_goes_on(void **state)
{
    static const struct {
        enum job_step step;
        bool cancelling;
        uint64_t attempts;
        unsigned away;
        enum job_turn turn;
    } rows[] = {
        {JOB_STEP_MORE, false, 1, 0, JOB_TURN_GO_ON},
        {JOB_STEP_WAIT, false, 3, 0, JOB_TURN_GO_ON},
        {JOB_STEP_MORE, true, 1, 0, JOB_TURN_CANCEL},
        {JOB_STEP_WAIT, true, 1, 0, JOB_TURN_CANCEL},
        {JOB_STEP_DONE, false, 3, 0, JOB_TURN_SUCCEED},
        {JOB_STEP_DONE, true, 1, 0, JOB_TURN_SUCCEED},
        {JOB_STEP_RETRY, false, 1, 0, JOB_TURN_REQUEUE},
        {JOB_STEP_RETRY, false, 2, 0, JOB_TURN_REQUEUE},
        {JOB_STEP_RETRY, false, 3, 0, JOB_TURN_FAIL},
        {JOB_STEP_RETRY, false, 4, 0, JOB_TURN_FAIL},
        {JOB_STEP_RETRY, true, 1, 0, JOB_TURN_CANCEL},
        {JOB_STEP_FAIL, false, 1, 0, JOB_TURN_FAIL},
        {JOB_STEP_FAIL, true, 1, 0, JOB_TURN_FAIL},
        {JOB_STEP_LOST, false, 1, 0, JOB_TURN_DROP},
        {JOB_STEP_LOST, true, 3, 0, JOB_TURN_DROP},
        {JOB_STEP_AWAY, false, 1, 1, JOB_TURN_GO_ON},
        {JOB_STEP_AWAY, false, 1, JOB_AWAY_MAX - 1, JOB_TURN_GO_ON},
        {JOB_STEP_AWAY, false, 1, JOB_AWAY_MAX, JOB_TURN_REQUEUE},
        {JOB_STEP_AWAY, false, 3, JOB_AWAY_MAX, JOB_TURN_FAIL},
        {JOB_STEP_AWAY, true, 1, 1, JOB_TURN_CANCEL},
        {JOB_STEP_AWAY, true, 3, JOB_AWAY_MAX, JOB_TURN_CANCEL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (job_turn_after(rows[i].step, rows[i].cancelling, rows[i].attempts, 3, rows[i].away) != rows[i].turn) {
            fail_msg("row %zu", i);
        }
    }
}

static void the_pause_doubles_up_to_a_bound_and_half_of_it_is_chance(void **state)
{
    int64_t whole = JOB_BACKOFF_FIRST_MS;

    (void)state;
    for (uint64_t attempt = 1; attempt < 100; attempt++) {
        int64_t least = INT64_MAX;
        int64_t most = 0;
        for (uint32_t random = 0; random < 4000000; random += 997) {
            const int64_t pause = job_backoff_ms(attempt, random * 2654435761U);
            least = pause < least ? pause : least;
            most = pause > most ? pause : most;
        }
        assert_true(least >= whole / 2 && least < whole * 6 / 10);
        assert_true(most <= whole && most > whole * 9 / 10);
        whole = whole * 2 < JOB_BACKOFF_MAX_MS ? whole * 2 : JOB_BACKOFF_MAX_MS;
    }
    assert_int_equal(job_backoff_ms(0, 0), JOB_BACKOFF_FIRST_MS / 2);
    assert_int_equal(job_backoff_ms(UINT64_MAX, UINT32_MAX) <= JOB_BACKOFF_MAX_MS, 1);
}

#define BEFORE TEXT("2026-11-23T09:15:02.123456Z")
#define AT TEXT("2026-11-23T09:15:02.123457Z")
#define AFTER TEXT("2026-11-23T09:15:02.123458Z")

/* A job in that state, with what such a job has. */
static struct job job_in(enum job_state state, struct text run_at)
{
    const bool over = state != JOB_QUEUED && state != JOB_RUNNING;

    return (struct job){
        .state = state,
        .attempts = TEXT("3"),
        .progress = TEXT("0.5"),
        .last_error = TEXT("late"),
        .created_at = BEFORE,
        .run_at = state == JOB_QUEUED ? run_at : TEXT_ABSENT,
        .started_at = BEFORE,
        .ended_at = over ? BEFORE : TEXT_ABSENT,
    };
}

static void assert_same_job(const struct job *job, const struct job *expected)
{
    assert_int_equal(job->state, expected->state);
    assert_int_equal(job->cancelling, expected->cancelling);
    assert_true(text_equal(job->attempts, expected->attempts));
    assert_true(text_equal(job->progress, expected->progress));
    assert_true(text_equal(job->last_error, expected->last_error));
    assert_true(text_equal(job->created_at, expected->created_at));
    assert_true(text_equal(job->run_at, expected->run_at));
    assert_true(text_equal(job->started_at, expected->started_at));
    assert_true(text_equal(job->ended_at, expected->ended_at));
}

static void what_is_over_is_queued_again_as_new(void **state)
{
    static const enum job_state over[] = {JOB_FAILED, JOB_CANCELLED};

    (void)state;
    for (size_t i = 0; i < sizeof over / sizeof over[0]; i++) {
        struct job job = job_in(over[i], TEXT_ABSENT);
        struct job expected = job_in(JOB_QUEUED, AT);

        expected.attempts = TEXT("0");
        expected.started_at = TEXT_ABSENT;
        assert_int_equal(job_wish_retry(&job, AT), JOB_EFFECT_REVIVE);
        assert_same_job(&job, &expected);
    }
}

static void what_waits_is_due_at_once(void **state)
{
    struct job job = job_in(JOB_QUEUED, AFTER);

    (void)state;
    assert_int_equal(job_wish_retry(&job, AT), JOB_EFFECT_HURRY);
    assert_same_job(&job, &(struct job){.state = JOB_QUEUED,
                                        .attempts = TEXT("3"),
                                        .progress = TEXT("0.5"),
                                        .last_error = TEXT("late"),
                                        .created_at = BEFORE,
                                        .run_at = AT,
                                        .started_at = BEFORE});
    assert_int_equal(job_wish_retry(&job, AT), JOB_EFFECT_NONE);
    assert_int_equal(job_wish_retry(&job, AFTER), JOB_EFFECT_NONE);
    assert_true(text_equal(job.run_at, AT));
}

static void what_is_queued_is_cancelled_and_what_runs_is_asked(void **state)
{
    struct job job = job_in(JOB_QUEUED, AFTER);
    struct job expected = job_in(JOB_CANCELLED, TEXT_ABSENT);

    (void)state;
    expected.ended_at = AT;
    assert_int_equal(job_wish_cancel(&job, AT), JOB_EFFECT_END);
    assert_same_job(&job, &expected);
    assert_int_equal(job_wish_cancel(&job, AFTER), JOB_EFFECT_NONE);
    assert_same_job(&job, &expected);
    job = job_in(JOB_RUNNING, TEXT_ABSENT);
    expected = job;
    expected.cancelling = true;
    assert_int_equal(job_wish_cancel(&job, AT), JOB_EFFECT_ASK);
    assert_same_job(&job, &expected);
    assert_int_equal(job_wish_cancel(&job, AT), JOB_EFFECT_NONE);
    assert_int_equal(job_wish_retry(&job, AT), JOB_EFFECT_NONE);
    assert_same_job(&job, &expected);
}

static void what_is_refused_stays_as_it_is(void **state)
{
    const struct job succeeded = job_in(JOB_SUCCEEDED, TEXT_ABSENT);
    const struct job failed = job_in(JOB_FAILED, TEXT_ABSENT);
    struct job job = succeeded;

    (void)state;
    assert_int_equal(job_wish_retry(&job, AT), JOB_EFFECT_REFUSED);
    assert_int_equal(job_wish_cancel(&job, AT), JOB_EFFECT_REFUSED);
    assert_same_job(&job, &succeeded);
    job = failed;
    assert_int_equal(job_wish_cancel(&job, AT), JOB_EFFECT_REFUSED);
    assert_same_job(&job, &failed);
}

static void a_cursor_belongs_to_its_filters(void **state)
{
    const struct job_query all = {.limit = 1};
    const struct job_query queued = {.has_state = true, .state = JOB_QUEUED};
    const struct job_query failed = {.has_state = true, .state = JOB_FAILED};
    const struct job_query kind = {.kind = TEXT("queued")};

    (void)state;
    assert_int_equal(job_query_fingerprint(&all), job_query_fingerprint(&(struct job_query){.limit = 9}));
    assert_int_not_equal(job_query_fingerprint(&all), job_query_fingerprint(&queued));
    assert_int_not_equal(job_query_fingerprint(&queued), job_query_fingerprint(&failed));
    assert_int_not_equal(job_query_fingerprint(&queued), job_query_fingerprint(&kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(states_have_names),
        cmocka_unit_test(kinds_are_small_letters),
        cmocka_unit_test(a_step_tells_how_a_job_goes_on),
        cmocka_unit_test(the_pause_doubles_up_to_a_bound_and_half_of_it_is_chance),
        cmocka_unit_test(what_is_over_is_queued_again_as_new),
        cmocka_unit_test(what_waits_is_due_at_once),
        cmocka_unit_test(what_is_queued_is_cancelled_and_what_runs_is_asked),
        cmocka_unit_test(what_is_refused_stays_as_it_is),
        cmocka_unit_test(a_cursor_belongs_to_its_filters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

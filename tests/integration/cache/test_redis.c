/* Tests of cache/redis.h, on a Redis that may be stopped and ended. */
#include "own_redis.h"

static enum status call(struct own_redis *own, struct redis *redis, const char *verb, const char *key,
                        const char *value, struct redis_answer *answer)
{
    const struct text words[] = {text_of(verb), text_of(key), text_of(value)};
    const size_t count = value != NULL ? 3 : (key != NULL ? 2 : 1);
    return redis_call(redis, &own->scope, words, count, answer);
}

static enum status ping(struct own_redis *own, struct redis *redis)
{
    struct redis_answer answer;
    return call(own, redis, "PING", NULL, NULL, &answer);
}

static int64_t elapsed_ms(int64_t since_ns)
{
    return (clock_monotonic_ns() - since_ns) / CLOCK_NS_PER_MS;
}

static void answers_have_their_kinds(void **state)
{
    struct own_redis *own = *state;
    struct redis *redis = connect_own(own, 0);
    struct redis_answer answer;

    assert_true(redis_healthy(redis));
    assert_int_equal(call(own, redis, "SET", "a", "x\r\n$5", &answer), STATUS_OK);
    assert_text(answer.string, "OK");
    assert_int_equal(call(own, redis, "GET", "a", NULL, &answer), STATUS_OK);
    assert_int_equal(answer.kind, REDIS_STRING);
    assert_text(answer.string, "x\r\n$5");
    assert_int_equal(call(own, redis, "GET", "none", NULL, &answer), STATUS_OK);
    assert_int_equal(answer.kind, REDIS_NIL);
    assert_int_equal(call(own, redis, "SET", "e", "", &answer), STATUS_OK);
    assert_int_equal(call(own, redis, "GET", "e", NULL, &answer), STATUS_OK);
    assert_text(answer.string, "");
    assert_int_equal(call(own, redis, "DEL", "a", NULL, &answer), STATUS_OK);
    assert_int_equal(answer.kind, REDIS_INTEGER);
    assert_int_equal(answer.integer, 1);
    assert_true(own->scope.cache_ns > 0);
    redis_free(redis);
}

static void an_error_is_no_answer_and_no_failure(void **state)
{
    struct own_redis *own = *state;
    struct redis *redis = connect_own(own, 0);
    struct redis_answer answer;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(call(own, redis, "NOSUCH", "a", NULL, &answer), STATUS_UNAVAILABLE);
        assert_false(redis_healthy(redis));
    }
    assert_int_equal(call(own, redis, "COMMAND", NULL, NULL, &answer), STATUS_UNAVAILABLE); /* an array */
    assert_int_equal(ping(own, redis), STATUS_OK);
    assert_true(redis_healthy(redis));
    redis_free(redis);
}

static void a_database_is_chosen_and_a_password_given(void **state)
{
    struct own_redis *own = *state;
    struct redis *network = connect_own(own, 3);
    struct redis *user = connect_to(
        arena_printf(own->scope.arena, "redis://default:%s@localhost:%s/3", OWN_PASSWORD_IN_URL, own->port).data);
    struct redis *other = connect_own(own, 4);
    struct redis_answer answer;
    assert_int_equal(call(own, network, "SET", "chosen", "3", &answer), STATUS_OK);
    assert_int_equal(call(own, user, "GET", "chosen", NULL, &answer), STATUS_OK);
    assert_text(answer.string, "3");
    assert_int_equal(call(own, other, "GET", "chosen", NULL, &answer), STATUS_OK);
    assert_int_equal(answer.kind, REDIS_NIL);
    redis_free(network);
    redis_free(user);
    redis_free(other);
}

static void a_wrong_password_or_none_is_a_failure(void **state)
{
    struct own_redis *own = *state;
    struct redis *wrong = connect_to(arena_printf(own->scope.arena, "redis://:wrong@127.0.0.1:%s", own->port).data);
    struct redis *none = connect_to(arena_printf(own->scope.arena, "unix://%s?db=2", own->socket).data);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(ping(own, wrong), STATUS_UNAVAILABLE);
        assert_int_equal(ping(own, none), STATUS_UNAVAILABLE);
    }
    assert_false(redis_healthy(wrong));
    redis_free(wrong);
    redis_free(none);
}

static void the_public_server_is_reached_by_its_url(void **state)
{
    struct own_redis *own = *state;
    const char *url = getenv("REDIS_URL");
    if (url == NULL) {
        skip();
    }
    struct redis *redis = connect_to(url);
    assert_int_equal(ping(own, redis), STATUS_OK);
    redis_free(redis);
}

static void off_is_off(void **state)
{
    struct own_redis *own = *state;
    struct redis *redis = connect_to("off");
    const struct text word = TEXT("PING");
    assert_int_equal(ping(own, redis), STATUS_UNAVAILABLE);
    redis_send(redis, &own->scope, &word, 1);
    assert_false(redis_healthy(redis));
    redis_free(redis);
}

/* --- what nobody waits for --- */

static void send_number(struct own_redis *own, struct redis *redis, int number)
{
    const struct text words[] = {TEXT("SET"), TEXT("sent"), arena_printf(own->scope.arena, "%d", number)};
    redis_send(redis, &own->scope, words, COUNT_OF(words));
}

static void what_was_sent_is_done_before_the_next_call(void **state)
{
    struct own_redis *own = *state;
    struct redis *redis = connect_own(own, 2);
    struct redis_answer answer;
    for (int i = 0; i < 50; i++) {
        send_number(own, redis, i);
        if (i % 7 == 0) {
            const struct text wrong = TEXT("NOSUCH");
            redis_send(redis, &own->scope, &wrong, 1);
        }
        if (i % 10 == 9) {
            assert_int_equal(call(own, redis, "GET", "sent", NULL, &answer), STATUS_OK);
            assert_text(answer.string, arena_printf(own->scope.arena, "%d", i).data);
        }
    }
    redis_free(redis);
}

static void sending_alone_goes_on_for_ever(void **state)
{
    struct own_redis *own = *state;
    struct redis *redis = connect_own(own, 2);
    struct redis_answer answer;
    const int64_t began_ns = clock_monotonic_ns();
    for (int i = 0; i < 20000; i++) {
        send_number(own, redis, i);
        if (i % 64 == 0) {
            arena_reset(own->scope.arena);
            (void)usleep(200); /* time to answer: without it what is beyond the bound is left out */
        }
    }
    assert_true(elapsed_ms(began_ns) < 5000);
    send_number(own, redis, 77);
    assert_int_equal(call(own, redis, "GET", "sent", NULL, &answer), STATUS_OK);
    assert_true(redis_healthy(redis));
    redis_free(redis);
}

static void a_large_value_goes_and_comes_back(void **state)
{
    enum { SIZE = 6 << 20 };
    struct own_redis *own = *state;
    struct redis *redis = connect_own(own, 2);
    struct redis_answer answer;
    char *bytes = arena_alloc(own->scope.arena, 2 * SIZE);
    const struct text value = {.data = memset(bytes, 'x', 2 * SIZE), .length = SIZE};
    const struct text words[] = {TEXT("SET"), TEXT("large"), value};
    const struct text larger[] = {TEXT("SET"), TEXT("large"), {.data = bytes, .length = 2 * SIZE}};

    redis_send(redis, &own->scope, words, COUNT_OF(words));
    redis_send(redis, &own->scope, larger, COUNT_OF(larger)); /* beyond the bound: left out */
    assert_int_equal(call(own, redis, "GET", "large", NULL, &answer), STATUS_OK);
    assert_true(text_equal(answer.string, value));
    assert_int_equal(redis_call(redis, &own->scope, larger, COUNT_OF(larger), &answer), STATUS_UNAVAILABLE);
    assert_true(redis_healthy(redis));
    redis_free(redis);
}

/* --- failures --- */

/* A Redis that is there and silent costs the timeout three times, and then nothing. */
static void the_breaker_opens_after_three_timeouts(void **state)
{
    struct own_redis *own = *state;
    struct redis *redis = connect_own(own, 0);
    assert_int_equal(ping(own, redis), STATUS_OK);
    assert_int_equal(kill(own->pid, SIGSTOP), 0);

    for (int i = 0; i < REDIS_BREAKER_FAILURES; i++) {
        const int64_t began_ns = clock_monotonic_ns();
        assert_int_equal(ping(own, redis), STATUS_UNAVAILABLE);
        assert_in_range(elapsed_ms(began_ns), OWN_TIMEOUT_MS - 1, OWN_TIMEOUT_MS + 60);
        assert_false(redis_healthy(redis));
    }
    const int64_t began_ns = clock_monotonic_ns();
    int calls = 0;
    while (elapsed_ms(began_ns) < 20) {
        assert_int_equal(ping(own, redis), STATUS_UNAVAILABLE);
        calls++;
    }
    assert_true(calls > 1000);

    /* While it stays silent the pause doubles: 50 to 2,000 ms less up to a half, and one timeout after each. */
    int timeouts = 0;
    const int64_t open_ns = clock_monotonic_ns();
    while (elapsed_ms(open_ns) < 1500) {
        const int64_t call_ns = clock_monotonic_ns();
        assert_int_equal(ping(own, redis), STATUS_UNAVAILABLE);
        timeouts += elapsed_ms(call_ns) >= OWN_TIMEOUT_MS / 2;
        (void)usleep(1000);
    }
    assert_in_range(timeouts, 2, 6);

    assert_int_equal(kill(own->pid, SIGCONT), 0);
    const int64_t back_ns = clock_monotonic_ns();
    while (ping(own, redis) != STATUS_OK) {
        assert_true(elapsed_ms(back_ns) < REDIS_BREAKER_PAUSE_MAX_MS + 500);
        (void)usleep(1000);
    }
    assert_true(redis_healthy(redis));
    redis_free(redis);
}

static void a_late_answer_is_never_taken_for_another(void **state)
{
    struct own_redis *own = *state;
    struct redis *redis = connect_own(own, 0);
    struct redis_answer answer;
    assert_int_equal(call(own, redis, "SET", "first", "1", &answer), STATUS_OK);
    assert_int_equal(call(own, redis, "SET", "second", "2", &answer), STATUS_OK);
    assert_int_equal(kill(own->pid, SIGSTOP), 0);
    assert_int_equal(call(own, redis, "GET", "first", NULL, &answer), STATUS_UNAVAILABLE);
    assert_int_equal(kill(own->pid, SIGCONT), 0);
    (void)usleep(20000);
    assert_int_equal(call(own, redis, "GET", "second", NULL, &answer), STATUS_OK);
    assert_text(answer.string, "2");
    redis_free(redis);
}

/* Being late by the request's own deadline says nothing about Redis. */
static void a_request_in_a_hurry_does_not_open_the_breaker(void **state)
{
    struct own_redis *own = *state;
    struct redis *redis = connect_own(own, 0);
    assert_int_equal(ping(own, redis), STATUS_OK);
    assert_int_equal(kill(own->pid, SIGSTOP), 0);
    for (int i = 0; i < 5; i++) {
        own->scope.deadline_ns = clock_deadline_in_ms(5);
        assert_int_equal(ping(own, redis), STATUS_UNAVAILABLE);
    }
    assert_int_equal(kill(own->pid, SIGCONT), 0);
    own->scope.deadline_ns = clock_deadline_in_ms(5000);
    assert_int_equal(ping(own, redis), STATUS_OK);
    redis_free(redis);
}

static void a_redis_that_was_restarted_is_found_again(void **state)
{
    struct own_redis *own = *state;
    struct redis *redis = connect_own(own, 1);
    const struct text word = TEXT("PING");
    assert_int_equal(ping(own, redis), STATUS_OK);
    own_redis_end(own);

    const int64_t began_ns = clock_monotonic_ns();
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(ping(own, redis), STATUS_UNAVAILABLE);
        redis_send(redis, &own->scope, &word, 1);
    }
    assert_true(elapsed_ms(began_ns) < 500);
    assert_false(redis_healthy(redis));

    own_redis_start(own);
    const int64_t back_ns = clock_monotonic_ns();
    while (ping(own, redis) != STATUS_OK) {
        assert_true(elapsed_ms(back_ns) < REDIS_BREAKER_PAUSE_MAX_MS + 500);
        (void)usleep(1000);
    }
    redis_free(redis);
}

/* A client that was cut must end in a status, not in a signal. */
static void sending_to_a_cut_connection_raises_no_signal(void **state)
{
    struct own_redis *own = *state;
    struct redis *redis = connect_own(own, 0);
    assert_int_equal(ping(own, redis), STATUS_OK);
    own_redis_end(own);
    (void)usleep(20000);
    for (int i = 0; i < 5; i++) {
        send_number(own, redis, i);
    }
    assert_int_equal(ping(own, redis), STATUS_UNAVAILABLE);
    redis_free(redis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(answers_have_their_kinds, own_redis_reset),
        cmocka_unit_test_setup(an_error_is_no_answer_and_no_failure, own_redis_reset),
        cmocka_unit_test_setup(a_database_is_chosen_and_a_password_given, own_redis_reset),
        cmocka_unit_test_setup(a_wrong_password_or_none_is_a_failure, own_redis_reset),
        cmocka_unit_test_setup(the_public_server_is_reached_by_its_url, own_redis_reset),
        cmocka_unit_test_setup(off_is_off, own_redis_reset),
        cmocka_unit_test_setup(what_was_sent_is_done_before_the_next_call, own_redis_reset),
        cmocka_unit_test_setup(sending_alone_goes_on_for_ever, own_redis_reset),
        cmocka_unit_test_setup(a_large_value_goes_and_comes_back, own_redis_reset),
        cmocka_unit_test_setup(the_breaker_opens_after_three_timeouts, own_redis_reset),
        cmocka_unit_test_setup(a_late_answer_is_never_taken_for_another, own_redis_reset),
        cmocka_unit_test_setup(a_request_in_a_hurry_does_not_open_the_breaker, own_redis_reset),
        cmocka_unit_test_setup(a_redis_that_was_restarted_is_found_again, own_redis_reset),
        cmocka_unit_test_setup(sending_to_a_cut_connection_raises_no_signal, own_redis_reset),
    };
    return cmocka_run_group_tests(tests, own_redis_set_up, own_redis_tear_down);
}

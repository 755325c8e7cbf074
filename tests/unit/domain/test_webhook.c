/* Tests of domain/webhook.h. */
#include "domain/webhook.h"

#include "../base/check.h"

static void patterns_match_types(void **state)
{
    static const struct {
        const char *pattern;
        const char *type;
        bool matches;
    } rows[] = {
        {"*", "product.created", true},
        {"*", "webhook.disabled", true},
        {"product.*", "product.created", true},
        {"product.*", "category.created", false},
        {"product.*", "product", false},
        {"product.*", "products.created", false},
        {"product.created", "product.created", true},
        {"product.created", "product.created2", false},
        {"product.create", "product.created", false},
        {"*.created", "product.created", false},
        {".*", "product.created", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_row(webhook_type_matches(text_of(rows[i].pattern), text_of(rows[i].type)) == rows[i].matches,
                   rows[i].pattern);
    }
    for (size_t i = 0; i < WEBHOOK_EVENT_COUNT; i++) {
        bool by_another = false;

        for (size_t k = WEBHOOK_EVENT_COUNT; k + 1 < webhook_type_count; k++) {
            by_another = by_another || webhook_type_matches(text_of(webhook_types[k]), text_of(webhook_types[i]));
        }
        assert_row(by_another, webhook_types[i]);
    }
}

static void event_ids_are_places(void **state)
{
    static const char *const bad[] = {"",
                                      "evt_",
                                      "evt_1",
                                      "evt_1_",
                                      "evt_01_2",
                                      "evt_1_02",
                                      "evt_1.2",
                                      "EVT_1_2",
                                      "evt_1_2_3",
                                      "evt_-1_2",
                                      "evt_1_2 ",
                                      "msg_1_2",
                                      "evt_99999999999999999999_1",
                                      "evt_1_9223372036854775808"};
    const struct feed_cursor places[] = {{0, 0}, {8123, 17}, {UINT64_MAX, INT64_MAX}};
    struct feed_cursor back = {0};
    char id[WEBHOOK_EVENT_ID_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        webhook_event_id_encode(&places[i], id);
        assert_true(webhook_event_id_decode(text_of(id), &back));
        assert_int_equal(back.xid, places[i].xid);
        assert_int_equal(back.seq, places[i].seq);
    }
    webhook_event_id_encode(&places[1], id);
    assert_string_equal(id, "evt_8123_17");
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_row(!webhook_event_id_decode(text_of(bad[i]), &back), bad[i]);
    }
}

static const struct config_delays retries = {.seconds = {5, 300, 1800}, .count = 3};

static void what_answers_mean(void **state)
{
    static const struct {
        const char *what;
        struct webhook_answer answer;
        uint64_t attempts;
        enum delivery_state state;
        int64_t delay_ms;
        int64_t quiet_ms;
        bool gone;
    } rows[] = {
        {"200", {200, -1}, 1, DELIVERY_DELIVERED, 0, 0, false},
        {"204", {204, -1}, 9, DELIVERY_DELIVERED, 0, 0, false},
        {"299", {299, 60}, 1, DELIVERY_DELIVERED, 0, 0, false},
        {"no answer", {0, -1}, 1, DELIVERY_PENDING, 5000, 0, false},
        {"101", {101, -1}, 1, DELIVERY_PENDING, 5000, 0, false},
        {"302", {302, -1}, 2, DELIVERY_PENDING, 300000, 0, false},
        {"404", {404, 9}, 3, DELIVERY_PENDING, 1800000, 0, false},
        {"the last attempt", {500, -1}, 4, DELIVERY_FAILED, 0, 0, false},
        {"410", {410, -1}, 1, DELIVERY_PENDING, 5000, 0, true},
        {"410 at last", {410, -1}, 4, DELIVERY_FAILED, 0, 0, true},
        {"429 alone", {429, -1}, 1, DELIVERY_PENDING, 5000, 0, false},
        {"429 for longer", {429, 60}, 1, DELIVERY_PENDING, 60000, 60000, false},
        {"429 for less", {429, 2}, 1, DELIVERY_PENDING, 5000, 2000, false},
        {"503", {503, 90}, 1, DELIVERY_PENDING, 90000, 90000, false},
        {"503 at last", {503, 90}, 4, DELIVERY_FAILED, 0, 90000, false},
        {"for ever", {429, INT64_MAX}, 1, DELIVERY_PENDING, 86400000, 86400000, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct webhook_verdict verdict = webhook_judge(&rows[i].answer, rows[i].attempts, &retries, 0);

        assert_row(verdict.state == rows[i].state, rows[i].what);
        assert_row(verdict.delay_ms == rows[i].delay_ms, rows[i].what);
        assert_row(verdict.quiet_ms == rows[i].quiet_ms, rows[i].what);
        assert_row(verdict.gone == rows[i].gone, rows[i].what);
    }
}

static void a_fifth_at_most_is_added_to_a_delay(void **state)
{
    const struct webhook_answer answer = {500, -1};
    int64_t least = INT64_MAX;
    int64_t most = 0;

    (void)state;
    for (uint32_t random = 0; random < 20000; random += 7) {
        const int64_t delay_ms = webhook_judge(&answer, 1, &retries, random).delay_ms;

        least = delay_ms < least ? delay_ms : least;
        most = delay_ms > most ? delay_ms : most;
    }
    assert_in_range(least, 5000, 5010);
    assert_in_range(most, 5990, 6000);
    assert_in_range(webhook_judge(&answer, 1, &retries, UINT32_MAX).delay_ms, 5000, 6000);
}

static void lists_have_cursors_of_their_own(void **state)
{
    const struct delivery_query a = {.webhook = TEXT("a")};
    const struct delivery_query b = {.webhook = TEXT("b")};
    const struct delivery_query failed = {.webhook = TEXT("a"), .has_state = true, .state = DELIVERY_FAILED};

    (void)state;
    assert_true(delivery_query_fingerprint(&a) != delivery_query_fingerprint(&b));
    assert_true(delivery_query_fingerprint(&a) != delivery_query_fingerprint(&failed));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_match_types),
        cmocka_unit_test(event_ids_are_places),
        cmocka_unit_test(what_answers_mean),
        cmocka_unit_test(a_fifth_at_most_is_added_to_a_delay),
        cmocka_unit_test(lists_have_cursors_of_their_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The feed of changes and background jobs as handlers answer them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_catalog.h"

#include <stdio.h>
#include <string.h>

#define ID "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"
#define JOB "/api/v1/jobs/" ID

static void assert_contains(const char *where, const char *what)
{
    if (strstr(where, what) == NULL) {
        fail_msg("\"%s\" is not in: %s", what, where);
    }
}

static void changes_are_answered_in_the_order_of_the_contract(void **state)
{
    struct change changes[] = {
        {{17, 3},
         TEXT("product.created"),
         TEXT(ID),
         TEXT("1"),
         TEXT("2026-11-23T09:15:02.123456Z"),
         TEXT("{\"a\":1}"),
         TEXT_ABSENT,
         TEXT_ABSENT},
        {{17, 9},
         TEXT("product.updated"),
         TEXT(ID),
         TEXT("2"),
         TEXT("2026-11-23T09:15:02.123456Z"),
         TEXT("{}"),
         TEXT_ABSENT,
         TEXT_ABSENT},
    };
    struct catalog catalog = {.feed = {.changes = changes, .count = 2}};
    struct exchange *exchange = serve(&catalog, "GET", "/api/v1/changes?limit=2", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 200);
    assert_string_equal(body_of(exchange),
                        "[{\"cursor\":\"17.3\",\"type\":\"product.created\",\"id\":\"" ID "\",\"version\":1,"
                        "\"at\":\"2026-11-23T09:15:02.123456Z\",\"data\":{\"a\":1}},"
                        "{\"cursor\":\"17.9\",\"type\":\"product.updated\",\"id\":\"" ID "\",\"version\":2,"
                        "\"at\":\"2026-11-23T09:15:02.123456Z\",\"data\":{}}]");
    assert_true(text_equal(header_of(exchange, "Link"), TEXT("</api/v1/changes?limit=2&after=17.9>; rel=\"next\"")));
    assert_true(text_equal(header_of(exchange, "ETag"), TEXT("\"17.3-17.9\"")));
    assert_false(catalog.has_after);
    assert_int_equal(catalog.feed_limit, 2);
}

static void the_end_is_an_empty_array(void **state)
{
    struct catalog catalog = {0};
    struct exchange *exchange = serve(&catalog, "GET", "/api/v1/changes?after=5.0", NULL, NULL);

    (void)state;
    assert_string_equal(body_of(exchange), "[]");
    assert_null(header_of(exchange, "Link").data);
    assert_true(catalog.has_after);
    assert_int_equal(catalog.after.xid, 5);
    assert_int_equal(catalog.feed_limit, 50);
}

static void what_is_gone_is_a_410_that_says_what_to_do(void **state)
{
    struct catalog catalog = {.status = STATUS_GONE, .feed = {.floor = {40, 7}}};
    struct exchange *exchange = serve(&catalog, "GET", "/api/v1/changes?after=5.0", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 410);
    assert_contains(body_of(exchange), "Changes up to 40.7 are not kept any more");
}

static void a_job_is_shown_with_all_its_members(void **state)
{
    struct catalog catalog = {.job = {.kind = TEXT("purge"),
                                      .state = JOB_RUNNING,
                                      .attempts = TEXT("1"),
                                      .attempts_max = TEXT("5"),
                                      .progress = TEXT("0.25"),
                                      .created_at = TEXT("c"),
                                      .started_at = TEXT("s"),
                                      .cancelling = true}};
    struct exchange *exchange = serve(&catalog, "GET", JOB, NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 200);
    assert_string_equal(
        body_of(exchange),
        "{\"id\":\"" ID "\",\"kind\":\"purge\",\"state\":\"running\",\"attempts\":1,\"attempts_max\":5,"
        "\"progress\":0.25,\"last_error\":null,\"cancelling\":true,\"created_at\":\"c\",\"run_at\":null,"
        "\"started_at\":\"s\",\"ended_at\":null}");
}

static void filters_are_handed_down(void **state)
{
    struct catalog catalog = {0};

    (void)state;
    assert_string_equal(body_of(serve(&catalog, "GET", "/api/v1/jobs?state=failed&kind=purge&limit=3", NULL, NULL)),
                        "[]");
    assert_true(catalog.job_query.has_state);
    assert_int_equal(catalog.job_query.state, JOB_FAILED);
    assert_true(text_equal(catalog.job_query.kind, TEXT("purge")));
    assert_int_equal(catalog.job_query.limit, 3);
    catalog.calls = 0;
    assert_int_equal(serve(&catalog, "GET", "/api/v1/jobs?state=dead", NULL, NULL)->response.status, 400);
    assert_int_equal(catalog.calls, 0);
}

static void conflicts_say_why(void **state)
{
    struct catalog catalog = {.status = STATUS_CONFLICT, .job = {.state = JOB_SUCCEEDED}};

    (void)state;
    assert_contains(body_of(serve(&catalog, "POST", JOB "/retry", NULL, NULL)), "The job has succeeded");
    assert_contains(body_of(serve(&catalog, "DELETE", JOB, NULL, NULL)), "The job has succeeded already");
    catalog.job.state = JOB_FAILED;
    assert_contains(body_of(serve(&catalog, "POST", JOB "/retry", NULL, NULL)), "Another job has taken the place");
}

static void keys_and_rehearsals_are_handed_down(void **state)
{
    static const char *const headers[] = {"HTTP_IDEMPOTENCY_KEY=k", "HTTP_IF_MATCH=\"1\"", NULL};
    static const struct {
        const char *method;
        const char *path;
    } changes[] = {{"POST", JOB "/retry"}, {"DELETE", JOB}};

    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct catalog catalog = {.view = {.json = TEXT("{}")}, .require_if_match = true};
        char rehearsal[100];

        assert_int_not_equal(serve(&catalog, changes[i].method, changes[i].path, NULL, NULL)->response.status, 428);
        assert_null(catalog.options.key.data);
        assert_false(catalog.options.dry_run);
        (void)serve(&catalog, changes[i].method, changes[i].path, headers, NULL);
        assert_true(text_equal(catalog.options.key, TEXT("k")));
        assert_true(text_starts_with(catalog.options.request, text_of(changes[i].method)));
        assert_false(catalog.options.expectation.match);
        (void)snprintf(rehearsal, sizeof rehearsal, "%s?dry_run=true", changes[i].path);
        (void)serve(&catalog, changes[i].method, rehearsal, NULL, NULL);
        assert_true(catalog.options.dry_run);
        assert_int_equal(catalog.calls, 3);
        (void)snprintf(rehearsal, sizeof rehearsal, "%s?dry_run=yes", changes[i].path);
        assert_int_equal(serve(&catalog, changes[i].method, rehearsal, NULL, NULL)->response.status, 400);
        (void)snprintf(rehearsal, sizeof rehearsal, "%s?atomic=true", changes[i].path);
        assert_int_equal(serve(&catalog, changes[i].method, rehearsal, NULL, NULL)->response.status, 400);
        assert_int_equal(catalog.calls, 3);
    }
}

static void an_answer_that_is_given_again_has_its_first_status(void **state)
{
    static const struct {
        const char *json;
        int status;
    } rows[] = {{"{\"state\":\"cancelled\",\"cancelling\":false}", 200},
                {"{\"state\":\"running\",\"last_error\":\"cancelled\",\"cancelling\":true}", 202}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct catalog catalog = {.view = {.json = text_of(rows[i].json)}, .result = {.replayed = true}};
        struct exchange *exchange = serve(&catalog, "DELETE", JOB, NULL, NULL);

        assert_int_equal(exchange->response.status, rows[i].status);
        assert_string_equal(body_of(exchange), rows[i].json);
        assert_true(text_equal(header_of(exchange, "Idempotency-Replayed"), TEXT("true")));
    }
}

static int end(void **state)
{
    (void)state;
    serve_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(changes_are_answered_in_the_order_of_the_contract),
        cmocka_unit_test(the_end_is_an_empty_array),
        cmocka_unit_test(what_is_gone_is_a_410_that_says_what_to_do),
        cmocka_unit_test(a_job_is_shown_with_all_its_members),
        cmocka_unit_test(filters_are_handed_down),
        cmocka_unit_test(conflicts_say_why),
        cmocka_unit_test(keys_and_rehearsals_are_handed_down),
        cmocka_unit_test(an_answer_that_is_given_again_has_its_first_status),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}

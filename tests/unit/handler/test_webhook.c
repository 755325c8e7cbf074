/* Webhooks as handlers answer them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_catalog.h"

#include "handler/webhook_json.h"

#include <string.h>

#define ID "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"
#define WEBHOOKS "/api/v1/webhooks"
#define WEBHOOK WEBHOOKS "/" ID

static const char *const json[] = {"CONTENT_TYPE=application/json", NULL};

static void assert_contains(const char *where, const char *what)
{
    if (strstr(where, what) == NULL) {
        fail_msg("\"%s\" is not in: %s", what, where);
    }
}

static void a_secret_is_written_where_it_is_new(void **state)
{
    struct record webhook = {0};
    struct strbuf out;

    (void)state;
    record_set(&webhook, WEBHOOK_ID, TEXT(ID));
    record_set(&webhook, WEBHOOK_TYPES, TEXT("[\"*\"]"));
    record_set(&webhook, WEBHOOK_VERSION, TEXT("1"));
    strbuf_init(&out, 4096);
    webhook_write(&out, &webhook, TEXT_ABSENT);
    strbuf_append_char(&out, '\0');
    assert_null(strstr(out.data, "secret\":\""));
    assert_contains(out.data, "{\"id\":\"" ID "\",\"url\":null,\"types\":[\"*\"],\"description\":null,");
    strbuf_clear(&out, 4096);
    webhook_write(&out, &webhook, TEXT("whsec_QQ=="));
    strbuf_append_char(&out, '\0');
    assert_contains(out.data, ",\"updated_at\":null,\"secret\":\"whsec_QQ==\"}");
    strbuf_free(&out);
}

static void a_delivery_is_shown_with_all_its_members(void **state)
{
    struct catalog catalog = {.count = 1,
                              .delivery = {.place = {17, 3},
                                           .type = TEXT("product.created"),
                                           .subject = TEXT("s"),
                                           .version = TEXT("4"),
                                           .state = DELIVERY_PENDING,
                                           .attempts = TEXT("2"),
                                           .next_attempt_at = TEXT("n"),
                                           .last_attempt_at = TEXT("l"),
                                           .response_status = TEXT("500"),
                                           .response_body = TEXT("\"no\""),
                                           .duration_ms = TEXT("12"),
                                           .last_error = TEXT("e"),
                                           .created_at = TEXT("c")}};

    (void)state;
    assert_string_equal(body_of(serve(&catalog, "GET", WEBHOOK "/deliveries?state=pending&limit=7", NULL, NULL)),
                        "[{\"id\":\"evt_17_3\",\"cursor\":\"17.3\",\"type\":\"product.created\",\"subject_id\":\"s\","
                        "\"subject_version\":4,"
                        "\"state\":\"pending\",\"attempts\":2,\"next_attempt_at\":\"n\",\"last_attempt_at\":\"l\","
                        "\"response_status\":500,"
                        "\"response_body\":\"\\\"no\\\"\",\"duration_ms\":12,\"last_error\":\"e\",\"created_at\":\"c\","
                        "\"ended_at\":null}]");
    assert_true(catalog.delivery_query.has_state);
    assert_int_equal(catalog.delivery_query.state, DELIVERY_PENDING);
    assert_int_equal(catalog.delivery_query.limit, 7);
    assert_false(catalog.delivery_query.has_place);
    assert_true(text_equal(catalog.delivery_query.webhook, TEXT(ID)));
}

static void what_is_refused_does_not_reach_the_catalog(void **state)
{
    static const struct {
        const char *method;
        const char *path;
        const char *body;
        const char *told;
    } rows[] = {
        {"POST", WEBHOOKS, "{\"url\":\"http://example.org/\"}", "/url\",\"code\":\"https"},
        {"POST", WEBHOOKS, "{\"url\":\"https://10.0.0.1/\"}", "/url\",\"code\":\"address"},
        {"POST", WEBHOOKS, "{\"url\":\"https://0x7f.1/\"}", "/url\",\"code\":\"url"},
        {"POST", WEBHOOKS, "{\"url\":\"https://example.org/\",\"types\":[]}", "/types\",\"code\":\"too_few"},
        {"POST", WEBHOOKS, "{\"url\":\"https://example.org/\",\"types\":[\"products.*\"]}",
         "did you mean \\\"product.*\\\"?"},
        {"POST", WEBHOOKS, "{}", "/url\",\"code\":\"required"},
        {"POST", WEBHOOK "/replay?after=x", NULL, "\"after\",\"code\":\"malformed"},
        {"POST", WEBHOOK "/replay?from=1.1", NULL, "\"from\",\"code\":\"unknown_parameter"},
        {"POST", WEBHOOK "/replay", "{\"after\":\"1.1\"}", "takes no body"},
        {"POST", WEBHOOK "/rotate", "{\"secret\":\"x\"}", "takes no body"},
        {"POST", WEBHOOK "/deliveries/17/redeliver", NULL, "\"delivery\",\"code\":\"malformed"},
        {"GET", WEBHOOK "/deliveries?state=lost", NULL, "\"state\",\"code\":\"unknown_value"},
        {"GET", WEBHOOK "/deliveries?limit=0", NULL, "\"limit\",\"code\":\"out_of_range"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct catalog catalog = {0};
        struct exchange *exchange = serve(&catalog, rows[i].method, rows[i].path, json, rows[i].body);

        assert_int_equal(exchange->response.status, 400);
        assert_contains(body_of(exchange), rows[i].told);
        assert_int_equal(catalog.calls, 0);
    }
}

static void what_is_allowed_may_be_private(void **state)
{
    struct catalog catalog = {.webhook_allow = "10.0.0.0/8"};

    (void)state;
    assert_int_equal(serve(&catalog, "POST", WEBHOOKS, json, "{\"url\":\"http://10.0.0.1/\"}")->response.status, 201);
    assert_int_equal(serve(&catalog, "POST", WEBHOOKS, json, "{\"url\":\"http://erp/\"}")->response.status, 201);
    assert_int_equal(serve(&catalog, "POST", WEBHOOKS, json, "{\"url\":\"https://127.0.0.1/\"}")->response.status, 400);
    assert_true(text_equal(catalog.input.value[WEBHOOK_TYPES], TEXT("[\"*\"]")));
}

static void a_patched_url_is_checked(void **state)
{
    struct catalog catalog = {0};
    struct record *webhook = &catalog.records[0];

    (void)state;
    record_set(webhook, WEBHOOK_ID, TEXT(ID));
    record_set(webhook, WEBHOOK_URL, TEXT("http://10.0.0.1/")); /* from when it was allowed */
    record_set(webhook, WEBHOOK_TYPES, TEXT("[\"*\"]"));
    record_set(webhook, WEBHOOK_STATE, TEXT("active"));
    record_set(webhook, WEBHOOK_DISABLED_REASON, TEXT_ABSENT);
    record_set(webhook, WEBHOOK_PREVIOUS_SECRET_UNTIL, TEXT_ABSENT);
    record_set(webhook, WEBHOOK_VERSION, TEXT("1"));
    record_set(webhook, WEBHOOK_CREATED_AT, TEXT("2026-11-23T09:15:02.123456Z"));
    record_set(webhook, WEBHOOK_UPDATED_AT, TEXT("2026-11-23T09:15:02.123456Z"));
    assert_int_equal(serve(&catalog, "PATCH", WEBHOOK, json, "{\"state\":\"disabled\"}")->response.status, 200);
    assert_true(text_equal(catalog.input.value[WEBHOOK_STATE], TEXT("disabled")));
    assert_int_equal(serve(&catalog, "PATCH", WEBHOOK, json, "{\"url\":\"https://[::1]/\"}")->response.status, 400);
    assert_int_equal(serve(&catalog, "PATCH", WEBHOOK, json, "{\"version\":7}")->response.status, 400);
}

static void what_is_asked_is_handed_down(void **state)
{
    static const char *const keyed[] = {"HTTP_IDEMPOTENCY_KEY=abc", "HTTP_IF_MATCH=\"3\"", NULL};
    struct catalog catalog = {.view = {.version = 3, .json = TEXT("{}")}};
    struct exchange *exchange = serve(&catalog, "POST", WEBHOOK "/replay?after=17.3&dry_run=true", keyed, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 202);
    assert_true(catalog.has_after && catalog.after.xid == 17 && catalog.after.seq == 3);
    assert_true(catalog.options.dry_run && catalog.options.expectation.match);
    assert_true(text_equal(catalog.options.key, TEXT("abc")));
    assert_true(text_equal(header_of(exchange, "ETag"), TEXT("\"3\"")));
    assert_int_equal(serve(&catalog, "POST", WEBHOOK "/replay", NULL, NULL)->response.status, 202);
    assert_false(catalog.has_after);
    assert_int_equal(serve(&catalog, "POST", WEBHOOK "/rotate", NULL, NULL)->response.status, 200);
    assert_int_equal(catalog.overlap_s, 3600);
    exchange = serve(&catalog, "POST", WEBHOOK "/deliveries/evt_8123_17/redeliver", NULL, NULL);
    assert_int_equal(exchange->response.status, 202);
    assert_true(catalog.after.xid == 8123 && catalog.after.seq == 17);
    assert_null(header_of(exchange, "ETag").data); /* it would be the webhook's */
}

static void a_replay_from_what_is_gone_says_so(void **state)
{
    struct catalog catalog = {.status = STATUS_GONE, .floor = {40, 7}};
    struct exchange *exchange = serve(&catalog, "POST", WEBHOOK "/replay?after=5.0", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 410);
    assert_contains(body_of(exchange), "Changes up to 40.7 are not kept any more");
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
        cmocka_unit_test(a_secret_is_written_where_it_is_new),
        cmocka_unit_test(a_delivery_is_shown_with_all_its_members),
        cmocka_unit_test(what_is_refused_does_not_reach_the_catalog),
        cmocka_unit_test(what_is_allowed_may_be_private),
        cmocka_unit_test(a_patched_url_is_checked),
        cmocka_unit_test(what_is_asked_is_handed_down),
        cmocka_unit_test(a_replay_from_what_is_gone_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, end);
}

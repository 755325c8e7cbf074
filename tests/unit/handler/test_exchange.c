/* What every request goes through: routes, methods, Accept, bodies, and the headers that every answer has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_catalog.h"

#include <string.h>

static void assert_contains(const char *where, const char *what)
{
    if (strstr(where, what) == NULL) {
        fail_msg("\"%s\" is not in: %s", what, where);
    }
}

static void assert_header(const struct exchange *exchange, const char *name, const char *value)
{
    struct text found = header_of(exchange, name);

    if (!text_equal(found, text_of(value))) {
        fail_msg("%s is \"%.*s\" and not \"%s\"", name, TEXT_PRINT(found), value);
    }
}

static void an_unknown_path_is_a_404_problem(void **state)
{
    struct catalog catalog = {0};
    struct exchange *exchange = serve(&catalog, "GET", "/api/v1/nothing", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 404);
    assert_header(exchange, "Content-Type", "application/problem+json");
    assert_contains(body_of(exchange), "\"type\":\"/problems/not-found\",\"title\":\"Not found\",\"status\":404");
    assert_contains(body_of(exchange), "\"instance\":\"/api/v1/nothing\",\"error\":\"Not found\",\"timestamp\":\"2");
    assert_int_equal(catalog.calls, 0);
}

static void a_trailing_slash_is_another_path(void **state)
{
    struct catalog catalog = {0};

    (void)state;
    assert_int_equal(serve(&catalog, "GET", "/api/v1/products/", NULL, NULL)->response.status, 404);
    assert_int_equal(serve(&catalog, "GET", "/api/v1/../v1/products", NULL, NULL)->response.status, 404);
}

static void a_path_with_raw_bytes_is_shown_encoded(void **state)
{
    struct catalog catalog = {0};
    struct exchange *exchange = serve(&catalog, "GET", "/\xff\"<", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 404);
    assert_contains(body_of(exchange), "\"instance\":\"/%FF\\\"<\"");
}

static void a_wrong_method_is_a_405_with_allow(void **state)
{
    struct catalog catalog = {0};
    struct exchange *exchange = serve(&catalog, "DELETE", "/api/v1/products", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 405);
    assert_header(exchange, "Allow", "GET, HEAD, POST, OPTIONS");
    exchange = serve(&catalog, "BREW", "/livez", NULL, NULL);
    assert_int_equal(exchange->response.status, 405);
    assert_header(exchange, "Allow", "GET, HEAD, OPTIONS");
    assert_contains(body_of(exchange), "BREW is not allowed here");
}

static void options_is_answered_with_allow(void **state)
{
    struct catalog catalog = {0};
    struct exchange *exchange = serve(&catalog, "OPTIONS", "/api/v1/categories", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 204);
    assert_header(exchange, "Allow", "GET, HEAD, POST, OPTIONS");
}

static void an_accept_without_json_is_a_406(void **state)
{
    static const char *const html[] = {"HTTP_ACCEPT=text/html", NULL};
    static const char *const any[] = {"HTTP_ACCEPT=text/html, */*;q=0.1", NULL};
    struct catalog catalog = {0};

    (void)state;
    assert_int_equal(serve(&catalog, "GET", "/livez", html, NULL)->response.status, 406);
    assert_int_equal(serve(&catalog, "GET", "/livez", any, NULL)->response.status, 200);
}

static void a_body_that_is_too_large_or_cut_never_reaches_a_handler(void **state)
{
    static const char *const headers[] = {"CONTENT_TYPE=application/json", "CONTENT_LENGTH=9999999", NULL};
    struct catalog catalog = {0};
    struct exchange *exchange = serve_in_state(&catalog, "POST", "/api/v1/products", headers, "{}", BODY_TOO_LARGE);

    (void)state;
    assert_int_equal(exchange->response.status, 413);
    assert_contains(body_of(exchange), "The body is 9999999 bytes; at most 1048576 are taken.");
    exchange = serve_in_state(&catalog, "POST", "/api/v1/products", headers, "{}", BODY_MALFORMED);
    assert_int_equal(exchange->response.status, 400);
    assert_int_equal(catalog.calls, 0);
}

static void every_answer_has_its_request_id_timing_and_trace(void **state)
{
    static const char *const headers[] = {
        "HTTP_X_REQUEST_ID=abc-1", "HTTP_TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", NULL};
    static const char *const bad[] = {"HTTP_X_REQUEST_ID=a b", "HTTP_TRACEPARENT=00-xyz", NULL};
    struct catalog catalog = {0};
    struct exchange *exchange = serve(&catalog, "GET", "/nothing", headers, NULL);
    struct text made;

    (void)state;
    assert_header(exchange, "X-Request-Id", "abc-1");
    assert_header(exchange, "traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_contains(body_of(exchange), "\"request_id\":\"abc-1\"");
    assert_true(text_starts_with(header_of(exchange, "Server-Timing"), TEXT("total;dur=")));

    exchange = serve(&catalog, "GET", "/livez", bad, NULL);
    made = header_of(exchange, "X-Request-Id");
    assert_true(made.length >= 16);
    assert_false(text_equal(made, TEXT("a b")));
    assert_null(header_of(exchange, "traceparent").data);
}

static void head_tells_the_length_and_sends_no_body(void **state)
{
    struct catalog catalog = {0};
    struct exchange *exchange = serve(&catalog, "HEAD", "/livez", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 200);
    assert_true(exchange->response.head);
    assert_string_equal(body_of(exchange), "{\"status\":\"live\"}");
}

static void readiness_needs_the_database_and_not_the_cache(void **state)
{
    struct catalog catalog = {.status = STATUS_OK, .cache_answers = false};
    struct exchange *exchange = serve(&catalog, "GET", "/readyz", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 200);
    assert_string_equal(body_of(exchange), "{\"status\":\"ready\",\"postgres\":\"ok\",\"redis\":\"away\"}");
    catalog.cache_answers = true;
    assert_contains(body_of(serve(&catalog, "GET", "/readyz", NULL, NULL)), "\"redis\":\"ok\"");
    catalog.status = STATUS_DEADLINE;
    exchange = serve(&catalog, "GET", "/readyz", NULL, NULL);
    assert_int_equal(exchange->response.status, 503);
    assert_header(exchange, "Retry-After", "1");
}

static void each_status_becomes_its_http_status(void **state)
{
    static const struct {
        enum status status;
        int http_status;
        const char *type;
    } expected[] = {
        {STATUS_NOT_FOUND, 404, "/problems/not-found"},     {STATUS_INVALID, 400, "/problems/validation"},
        {STATUS_CONFLICT, 409, "/problems/conflict"},       {STATUS_TOO_LARGE, 413, "/problems/too-large"},
        {STATUS_UNAVAILABLE, 503, "/problems/unavailable"}, {STATUS_UNCERTAIN, 503, "/problems/outcome-unknown"},
        {STATUS_READ_ONLY, 503, "/problems/read-only"},     {STATUS_DEADLINE, 504, "/problems/deadline"},
        {STATUS_INTERNAL, 500, "/problems/internal"},
    };
    struct catalog catalog = {0};

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct exchange *exchange;

        catalog.status = expected[i].status;
        exchange = serve(&catalog, "GET", "/api/v1/products", NULL, NULL);
        assert_int_equal(exchange->response.status, expected[i].http_status);
        assert_contains(body_of(exchange), expected[i].type);
        assert_header(exchange, "Cache-Control", "no-store");
        assert_int_equal(header_of(exchange, "Retry-After").data != NULL, expected[i].http_status == 503);
    }
}

static void headers_that_leave_no_room_for_the_common_ones_are_a_500(void **state)
{
    static char uri[RESPONSE_HEADERS_MAX];
    struct catalog catalog = {.more = true, .next = {.id = "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"}};
    const size_t start = strlen(strcpy(uri, "/api/v1/categories?limit="));

    (void)state;
    /* The Link of such a list repeats the parameters, zeros and all. */
    for (size_t zeros = sizeof uri - 1500; zeros < sizeof uri - start - 2; zeros += 7) {
        struct exchange *exchange;

        memset(uri + start, '0', zeros);
        (void)strcpy(uri + start + zeros, "1");
        exchange = serve(&catalog, "GET", uri, NULL, NULL);
        assert_true(exchange->response.status == 200 || exchange->response.status == 500);
        assert_false(exchange->response.headers.overflowed);
        assert_non_null(header_of(exchange, "X-Request-Id").data);
        assert_memory_equal(exchange->response.headers.data + exchange->response.headers.length - 2, "\r\n", 2);
    }
}

static int teardown(void **state)
{
    (void)state;
    serve_end();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_path_is_a_404_problem),
        cmocka_unit_test(a_trailing_slash_is_another_path),
        cmocka_unit_test(a_path_with_raw_bytes_is_shown_encoded),
        cmocka_unit_test(a_wrong_method_is_a_405_with_allow),
        cmocka_unit_test(options_is_answered_with_allow),
        cmocka_unit_test(an_accept_without_json_is_a_406),
        cmocka_unit_test(a_body_that_is_too_large_or_cut_never_reaches_a_handler),
        cmocka_unit_test(every_answer_has_its_request_id_timing_and_trace),
        cmocka_unit_test(head_tells_the_length_and_sends_no_body),
        cmocka_unit_test(readiness_needs_the_database_and_not_the_cache),
        cmocka_unit_test(each_status_becomes_its_http_status),
        cmocka_unit_test(headers_that_leave_no_room_for_the_common_ones_are_a_500),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}

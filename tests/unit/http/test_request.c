/* Requests from CGI variables: what is read, what is ignored, what is made here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/request.h"

#include <stdio.h>
#include <string.h>

#define VARIABLES_MAX 64

static int setup(void **state)
{
    *state = arena_new(4096);
    return 0;
}

static int teardown(void **state)
{
    arena_free(*state);
    return 0;
}

static void assert_text(struct text text, const char *expected)
{
    if (!text_equal(text, text_of(expected))) {
        fail_msg("\"%.*s\" is not \"%s\"", TEXT_PRINT(text), expected != NULL ? expected : "(absent)");
    }
}

/* Reads the variables, given as strings up to a NULL. */
static struct request read_variables(struct arena *arena, const char *const *variables)
{
    char *environment[VARIABLES_MAX + 1] = {NULL};
    for (size_t i = 0; i < VARIABLES_MAX && variables[i] != NULL; i++) {
        environment[i] = arena_string(arena, text_of(variables[i]));
    }
    struct request request;
    memset(&request, 0xa5, sizeof(request));
    request_read(&request, environment, arena);
    return request;
}

#define READ(arena, ...) read_variables(arena, (const char *const[]){__VA_ARGS__, NULL})

/* As the shipped nginx sends it. */
static void test_all_variables(void **state)
{
    struct request request = READ(
        *state, "REQUEST_METHOD=PATCH", "REQUEST_URI=/api/v1/products/%61?fields=id%2Cname", "QUERY_STRING=other=1",
        "CONTENT_TYPE=application/json", "CONTENT_LENGTH=12", "HTTP_CONTENT_ENCODING=br", "GATEWAY_INTERFACE=CGI/1.1",
        "SERVER_PROTOCOL=HTTP/1.1", "SERVER_SOFTWARE=nginx", "SERVER_NAME=_", "SERVER_ADDR=127.0.0.1",
        "SERVER_PORT=8080", "REMOTE_ADDR=127.0.0.1", "REMOTE_PORT=5000", "REQUEST_SCHEME=http",
        "HTTP_X_REQUEST_ID=0af7651916cd43dd8448eb211c80319c", "HTTP_HOST=shop.example", "HTTP_USER_AGENT=curl/8",
        "HTTP_ACCEPT=*/*", "HTTP_CACHE_CONTROL=max-age=0", "HTTP_IF_MATCH=\"3\"", "HTTP_IF_NONE_MATCH=\"4\"",
        "HTTP_PREFER=return=minimal", "HTTP_IDEMPOTENCY_KEY=k-1", "HTTP_AUTHORIZATION=Bearer x", "HTTP_LAST_EVENT_ID=9",
        "HTTP_IF_MODIFIED_SINCE=Sun, 06 Nov 1994 08:49:37 GMT", "ACCEL_EXPIRES=on",
        "HTTP_TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_int_equal(request.method, METHOD_PATCH);
    assert_text(request.method_name, "PATCH");
    assert_text(request.uri, "/api/v1/products/%61?fields=id%2Cname");
    assert_text(request.path, "/api/v1/products/%61");
    assert_text(request.query, "fields=id%2Cname");
    assert_text(request.content_type, "application/json");
    assert_text(request.content_encoding, "br");
    assert_text(request.content_length, "12");
    assert_text(request.accept, "*/*");
    assert_text(request.cache_control, "max-age=0");
    assert_text(request.if_match, "\"3\"");
    assert_text(request.if_none_match, "\"4\"");
    assert_text(request.if_modified_since, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_true(request.accel_expires);
    assert_text(request.prefer, "return=minimal");
    assert_text(request.idempotency_key, "k-1");
    assert_text(request.authorization, "Bearer x");
    assert_text(request.last_event_id, "9");
    assert_text(request.host, "shop.example");
    assert_string_equal(request.request_id, "0af7651916cd43dd8448eb211c80319c");
    assert_text(request.traceparent, "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
    assert_text(request.trace_id, "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_null(request.body.data);
}

static void test_nothing_sent(void **state)
{
    struct request request = read_variables(*state, (const char *const[]){NULL});
    assert_int_equal(request.method, METHOD_OTHER);
    assert_text(request.method_name, NULL);
    assert_text(request.uri, "");
    assert_text(request.path, "");
    assert_text(request.query, NULL);
    assert_text(request.content_type, NULL);
    assert_text(request.content_encoding, NULL);
    assert_text(request.content_length, NULL);
    assert_text(request.accept, NULL);
    assert_text(request.cache_control, NULL);
    assert_text(request.if_match, NULL);
    assert_text(request.if_none_match, NULL);
    assert_text(request.if_modified_since, NULL);
    assert_false(request.accel_expires);
    assert_text(request.prefer, NULL);
    assert_text(request.idempotency_key, NULL);
    assert_text(request.authorization, NULL);
    assert_text(request.last_event_id, NULL);
    assert_text(request.host, NULL);
    assert_text(request.traceparent, NULL);
    assert_text(request.trace_id, NULL);
    assert_int_equal(strlen(request.request_id), 36);
}

static void test_names_are_exact_and_the_first_counts(void **state)
{
    struct request request =
        READ(*state, "=x", "", "HTTP_HOST", "HTTP_HOSX=a", "http_host=b", "HTTP_HOST2=c", "XTTP_HOST=d",
             "HTTP_HOST=", "HTTP_HOST=second", "REQUEST_METHOD=GET", "REQUEST_METHOD=DELETE", "HTTP_PREFER=a=b=c",
             "HTTP_A_VERY_LONG_NAME_THAT_NOTHING_HERE_READS=x");
    assert_text(request.host, "");
    assert_int_equal(request.method, METHOD_GET);
    assert_text(request.prefer, "a=b=c");
}

static void test_methods(void **state)
{
    static const struct {
        const char *variable;
        enum http_method method;
    } cases[] = {
        {"REQUEST_METHOD=GET", METHOD_GET},         {"REQUEST_METHOD=HEAD", METHOD_HEAD},
        {"REQUEST_METHOD=POST", METHOD_POST},       {"REQUEST_METHOD=PUT", METHOD_PUT},
        {"REQUEST_METHOD=PATCH", METHOD_PATCH},     {"REQUEST_METHOD=DELETE", METHOD_DELETE},
        {"REQUEST_METHOD=OPTIONS", METHOD_OPTIONS}, {"REQUEST_METHOD=get", METHOD_OTHER},
        {"REQUEST_METHOD=", METHOD_OTHER},          {"REQUEST_METHOD=TRACE", METHOD_OTHER},
        {"REQUEST_METHOD=GETX", METHOD_OTHER},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_int_equal(READ(*state, cases[i].variable).method, cases[i].method);
    }
}

static void test_targets(void **state)
{
    static const struct {
        const char *variables[4];
        const char *uri;
        const char *path;
        const char *query;
    } cases[] = {
        {{"REQUEST_URI=/a"}, "/a", "/a", NULL},
        {{"REQUEST_URI=/a?"}, "/a?", "/a", ""},
        {{"REQUEST_URI=/a?b=1?c"}, "/a?b=1?c", "/a", "b=1?c"},
        {{"REQUEST_URI=/a//../b%2f"}, "/a//../b%2f", "/a//../b%2f", NULL},
        {{"REQUEST_URI=?x"}, "?x", "", "x"},
        {{"REQUEST_URI=*"}, "*", "*", NULL},
        {{"REQUEST_URI=/a", "QUERY_STRING="}, "/a", "/a", NULL},
        {{"REQUEST_URI=/a", "QUERY_STRING=b=1"}, "/a", "/a", "b=1"},
        {{"REQUEST_URI=/a?b=1", "QUERY_STRING=c=2"}, "/a?b=1", "/a", "b=1"},
        {{"SCRIPT_NAME=/a", "PATH_INFO=/b", "QUERY_STRING=c=1"}, "/a/b?c=1", "/a/b", "c=1"},
        {{"PATH_INFO=/b", "QUERY_STRING="}, "/b", "/b", NULL},
        {{"REQUEST_URI=", "SCRIPT_NAME=/a"}, "/a", "/a", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request request = read_variables(*state, cases[i].variables);
        assert_text(request.uri, cases[i].uri);
        assert_text(request.path, cases[i].path);
        assert_text(request.query, cases[i].query);
    }
}

static void test_content_length(void **state)
{
    assert_text(READ(*state, "CONTENT_LENGTH=").content_length, NULL);
    assert_text(READ(*state, "CONTENT_LENGTH=0").content_length, "0");
    assert_text(READ(*state, "CONTENT_LENGTH=-1").content_length, "-1");
}

static void test_request_ids(void **state)
{
    char longest[64 + REQUEST_ID_MAX + 2];
    (void)snprintf(longest, sizeof(longest), "HTTP_X_REQUEST_ID=%0*d", REQUEST_ID_MAX, 7);
    assert_string_equal(READ(*state, longest).request_id, longest + strlen("HTTP_X_REQUEST_ID="));
    assert_string_equal(READ(*state, "HTTP_X_REQUEST_ID=aZ09._-").request_id, "aZ09._-");

    static const char *const refused[] = {
        "HTTP_X_REQUEST_ID=",    "HTTP_X_REQUEST_ID=a b",      "HTTP_X_REQUEST_ID=a\r\nb",
        "HTTP_X_REQUEST_ID=a/b", "HTTP_X_REQUEST_ID=\xc3\xa9",
    };
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct request request = READ(*state, refused[i]);
        assert_int_equal(strlen(request.request_id), 36);
    }
    (void)snprintf(longest, sizeof(longest), "HTTP_X_REQUEST_ID=%0*d", REQUEST_ID_MAX + 1, 7);
    assert_int_equal(strlen(READ(*state, longest).request_id), 36);
    assert_string_not_equal(READ(*state, longest).request_id, READ(*state, longest).request_id);
}

#define IDS "4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7"

static void test_traceparent(void **state)
{
    static const struct {
        const char *given;
        const char *passed_on; /* NULL: not valid */
    } cases[] = {
        {"00-" IDS "-01", "00-" IDS "-01"},
        {"00-" IDS "-00", "00-" IDS "-00"},
        {"00-" IDS "-ff", "00-" IDS "-ff"},
        {"", NULL},
        {"00", NULL},
        {"00-" IDS "-0", NULL},
        {"00-" IDS "-01-", NULL},
        {"00-" IDS "-01 ", NULL},
        {" 00-" IDS "-01", NULL},
        {"00-" IDS "-0g", NULL},
        {"00-" IDS "-0A", NULL},
        {"00-" IDS "_01", NULL},
        {"00_" IDS "-01", NULL},
        {"00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01", NULL},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736_00f067aa0ba902b7-01", NULL},
        {"00-00000000000000000000000000000000-00f067aa0ba902b7-01", NULL},
        {"00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01", NULL},
        {"00-4bf92f3577b34da6a3ce929d0e0e473-600f067aa0ba902b7-01", NULL},
        {"ff-" IDS "-01", NULL},
        {"FF-" IDS "-01", NULL},
        {"0g-" IDS "-01", NULL},
        /* later versions, in the form that we know: of the flags only "sampled" is known */
        {"01-" IDS "-01", "00-" IDS "-01"},
        {"cc-" IDS "-01-what-the-future-will-be-like", "00-" IDS "-01"},
        {"fe-" IDS "-0a-", "00-" IDS "-00"},
        {"01-" IDS "-0f", "00-" IDS "-01"},
        {"01-" IDS "-01.what", NULL},
        {"01-" IDS "-01 ", NULL},
        {"01-" IDS "-0", NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char variable[256];
        (void)snprintf(variable, sizeof(variable), "HTTP_TRACEPARENT=%s", cases[i].given);
        struct request request = READ(*state, variable);
        assert_text(request.traceparent, cases[i].passed_on);
        assert_text(request.trace_id, cases[i].passed_on != NULL ? "4bf92f3577b34da6a3ce929d0e0e4736" : NULL);
    }
}

static void test_decode(void **state)
{
    static const struct {
        const char *encoded;
        bool plus_is_space;
        const char *decoded; /* NULL: refused */
    } cases[] = {
        {"", false, ""},
        {"plain", false, "plain"},
        {"a+b", false, "a+b"},
        {"a+b", true, "a b"},
        {"%2B", true, "+"},
        {"%41%5a%7E", false, "AZ~"},
        {"%e2%82%ac", false, "\xe2\x82\xac"},
        {"\xe2\x82%ac", false, "\xe2\x82\xac"},
        {"%0d%0a", false, "\r\n"},
        {"%", false, NULL},
        {"a%", false, NULL},
        {"a%4", false, NULL},
        {"%4%41", false, NULL},
        {"%x1", false, NULL},
        {"%1x", false, NULL},
        {"% 1", false, NULL},
        {"%-1", false, NULL},
        {"%00", false, NULL},
        {"%80", false, NULL},
        {"\x80", false, NULL},
        {"%e2%82", false, NULL},
        {"%F4%90%80%80", false, NULL},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct text decoded = TEXT("untouched");
        enum status status = request_decode(text_of(cases[i].encoded), cases[i].plus_is_space, *state, &decoded);
        assert_int_equal(status, cases[i].decoded != NULL ? STATUS_OK : STATUS_INVALID);
        assert_text(decoded, cases[i].decoded != NULL ? cases[i].decoded : "untouched");
    }
    struct text cut = {.data = "%41", .length = 2};
    struct text with_nul = {.data = "a\0b", .length = 3};
    struct text decoded = TEXT_ABSENT;
    assert_int_equal(request_decode(cut, false, *state, &decoded), STATUS_INVALID);
    assert_int_equal(request_decode(with_nul, false, *state, &decoded), STATUS_INVALID);
    /* Terminated, for those who need a string. */
    assert_int_equal(request_decode(TEXT("%61b"), false, *state, &decoded), STATUS_OK);
    assert_string_equal(decoded.data, "ab");
}

static void test_wants_fresh(void **state)
{
    static const struct {
        const char *cache_control;
        bool fresh;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"no-cache", true},
        {"No-Cache", true},
        {"no-store", true},
        {"max-age=0, no-cache", true},
        {"max-age=0 ,\tno-store ", true},
        {",,no-cache", true},
        {"max-age=0", false},
        {"no-cachex", false},
        {"xno-cache", false},
        {"no cache", false},
        {"x=\"a, no-cache\"", false},
        {"x=\"a, no-cache\", no-cache", true},
        {"no-transform, only-if-cached", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct request request = {.cache_control = text_of(cases[i].cache_control)};
        if (request_wants_fresh(&request) != cases[i].fresh) {
            fail_msg("%s", cases[i].cache_control);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_variables, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_sent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_are_exact_and_the_first_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_methods, setup, teardown),
        cmocka_unit_test_setup_teardown(test_targets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_content_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_request_ids, setup, teardown),
        cmocka_unit_test_setup_teardown(test_traceparent, setup, teardown),
        cmocka_unit_test_setup_teardown(test_decode, setup, teardown),
        cmocka_unit_test(test_wants_fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

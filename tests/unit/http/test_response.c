/* Responses: header lines that nothing can break out of, and the head as CGI wants it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/response.h"

#include <stdlib.h>
#include <string.h>

static int setup(void **state)
{
    struct response *response = malloc(sizeof(*response));
    if (response == NULL) {
        return -1;
    }
    response_init(response);
    *state = response;
    return 0;
}

static int teardown(void **state)
{
    response_free(*state);
    free(*state);
    return 0;
}

static void assert_head(const struct response *response, const char *expected)
{
    struct strbuf out;
    strbuf_init(&out, (size_t)64 * 1024);
    response_write_head(response, &out);
    if (!text_equal(strbuf_text(&out), text_of(expected))) {
        fail_msg("%.*s", TEXT_PRINT(strbuf_text(&out)));
    }
    strbuf_free(&out);
}

static void test_heads(void **state)
{
    struct response *response = *state;
    assert_head(response, "Status: 200 OK\r\nContent-Length: 0\r\n\r\n");
    response->status = 201;
    response_header(response, "Location", TEXT("/api/v1/products/1"));
    response_header(response, "ETag", TEXT("\"1\""));
    strbuf_append_text(&response->body, TEXT("{}"));
    assert_head(response, "Status: 201 Created\r\nLocation: /api/v1/products/1\r\nETag: \"1\"\r\n"
                          "Content-Length: 2\r\n\r\n");
    response->lent_body = TEXT("[1,2]");
    assert_true(text_equal(response_body(response), TEXT("[1,2]")));
    assert_head(response, "Status: 201 Created\r\nLocation: /api/v1/products/1\r\nETag: \"1\"\r\n"
                          "Content-Length: 5\r\n\r\n");
}

static void test_head_method_tells_the_length(void **state)
{
    struct response *response = *state;
    response->head = true;
    strbuf_append_text(&response->body, TEXT("{}"));
    assert_head(response, "Status: 200 OK\r\nContent-Length: 2\r\n\r\n");
}

static void test_statuses_without_content(void **state)
{
    struct response *response = *state;
    response->status = 204;
    assert_head(response, "Status: 204 No Content\r\n\r\n");
    response->status = 304;
    assert_head(response, "Status: 304 Not Modified\r\n\r\n");
}

static void test_empty_lent_body(void **state)
{
    struct response *response = *state;
    strbuf_append_text(&response->body, TEXT("written"));
    response->lent_body = TEXT("");
    assert_int_equal(response_body(response).length, 0);
}

static void test_values_cannot_add_lines(void **state)
{
    struct response *response = *state;
    static const char hostile[] = "a\r\nSet-Cookie: x=1\r\n\r\n<b>\0\t\x1b\x7f z";
    response_header(response, "X-A", (struct text){.data = hostile, .length = sizeof(hostile) - 1});
    response_header(response, "X-B", TEXT("caf\xc3\xa9"));
    response_header(response, "X-C", TEXT_ABSENT);
    assert_head(response, "Status: 200 OK\r\nX-A: aSet-Cookie: x=1<b> z\r\nX-B: caf\xc3\xa9\r\nX-C: \r\n"
                          "Content-Length: 0\r\n\r\n");
}

static void test_a_header_past_the_bound_is_left_out_whole(void **state)
{
    struct response *response = *state;
    static char large[RESPONSE_HEADERS_MAX];
    memset(large, 'x', sizeof(large));
    response_header(response, "X-First", TEXT("1"));
    response_header(response, "X-Large", (struct text){.data = large, .length = sizeof(large)});
    assert_true(response->headers.overflowed);
    assert_head(response, "Status: 200 OK\r\nX-First: 1\r\nContent-Length: 0\r\n\r\n");
}

static void test_reset(void **state)
{
    struct response *response = *state;
    response->status = 500;
    response->head = true;
    response->lent_body = TEXT("x");
    response_header(response, "X-A", TEXT("1"));
    char *room = strbuf_reserve(&response->body, (size_t)1024 * 1024);
    assert_non_null(room);
    memset(room, 'x', (size_t)1024 * 1024);
    response->body.length += (size_t)1024 * 1024;
    response_reset(response);
    assert_int_equal(response->status, 200);
    assert_false(response->head);
    assert_null(response->lent_body.data);
    assert_true(response->body.capacity <= (size_t)64 * 1024);
    assert_head(response, "Status: 200 OK\r\nContent-Length: 0\r\n\r\n");
}

static void test_reasons(void **state)
{
    (void)state;
    assert_string_equal(response_reason(200), "OK");
    assert_string_equal(response_reason(404), "Not Found");
    assert_string_equal(response_reason(413), "Content Too Large");
    assert_string_equal(response_reason(422), "Unprocessable Content");
    assert_string_equal(response_reason(503), "Service Unavailable");
    assert_string_equal(response_reason(299), "Unknown");
    assert_string_equal(response_reason(0), "Unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_heads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_head_method_tells_the_length, setup, teardown),
        cmocka_unit_test_setup_teardown(test_statuses_without_content, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_lent_body, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_cannot_add_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_header_past_the_bound_is_left_out_whole, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
        cmocka_unit_test(test_reasons),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Live events as the handler answers them: handed over, told here, or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_catalog.h"

#include <string.h>

#define EVENTS "/api/v1/events"
#define EPOCH "01a213ad-ae5a-7604-bf39-65bef02bbd5c"
#define TEA "01900000-0000-7000-8000-000000000001"
#define SSE "/.wares-events/sse/" EPOCH

static const char *const push[] = {"WARES_PUSH=nchan", NULL};

static struct catalog standing(bool held)
{
    return (struct catalog){.stand = {.epoch = TEXT(EPOCH), .relayed = {40, 2}, .held = held}};
}

static void assert_handed_to(struct exchange *exchange, const char *target)
{
    assert_int_equal(exchange->response.status, 200);
    assert_true(text_equal(header_of(exchange, "X-Accel-Redirect"), text_of(target)));
    assert_true(text_equal(header_of(exchange, "Content-Type"), TEXT("text/event-stream")));
    assert_string_equal(body_of(exchange), "");
}

static void a_reader_is_handed_over_with_its_channel(void **state)
{
    static const char *const came_back[] = {"WARES_PUSH=nchan", "HTTP_LAST_EVENT_ID=41.7", NULL};
    static const char *const upgrade[] = {"WARES_PUSH=nchan", "HTTP_UPGRADE=WebSocket", NULL};
    struct catalog catalog = standing(true);

    (void)state;
    assert_handed_to(serve(&catalog, "GET", EVENTS, push, NULL), SSE "/all");
    assert_handed_to(serve(&catalog, "GET", EVENTS "?after=41.6", push, NULL), SSE "/all?from=0:0");
    assert_int_equal(catalog.after.seq, 6);
    assert_handed_to(serve(&catalog, "GET", EVENTS "?after=41.6", came_back, NULL), SSE "/all?from=0:0");
    assert_int_equal(catalog.after.seq, 7);
    assert_handed_to(serve(&catalog, "GET", EVENTS "?category_id=" TEA, push, NULL), SSE "/c-" TEA);
    assert_handed_to(serve(&catalog, "GET", EVENTS "?product_id=" TEA "&after=41.6", upgrade, NULL),
                     "/.wares-events/ws/" EPOCH "/p-" TEA "?from=0:0");
}

static void what_would_be_a_place_in_the_channel_is_refused(void **state)
{
    static const char *const tag[] = {"WARES_PUSH=nchan", "HTTP_IF_NONE_MATCH=1795624339:0", NULL};
    static const char *const date[] = {"WARES_PUSH=nchan", "HTTP_IF_MODIFIED_SINCE=x", NULL};
    struct catalog catalog = standing(true);

    (void)state;
    assert_int_equal(serve(&catalog, "GET", EVENTS, tag, NULL)->response.status, 400);
    assert_int_equal(serve(&catalog, "GET", EVENTS, date, NULL)->response.status, 400);
    assert_int_equal(catalog.calls, 0);
}

static void what_was_missed_is_told_up_to_where_the_relay_is(void **state)
{
    struct change changes[] = {
        {{39, 1}, TEXT("product.updated"), TEXT(TEA), TEXT("1"), TEXT("t"), TEXT("{}"), TEXT(TEA), TEXT_ABSENT},
        {{40, 1}, TEXT("category.updated"), TEXT(TEA), TEXT("2"), TEXT("t"), TEXT("{}"), TEXT_ABSENT, TEXT_ABSENT},
        {{40, 3}, TEXT("category.updated"), TEXT(TEA), TEXT("3"), TEXT("t"), TEXT("{}"), TEXT_ABSENT, TEXT_ABSENT},
    };
    struct catalog catalog = standing(false);
    const char *body;

    (void)state;
    catalog.feed = (struct feed_page){.changes = changes, .count = 3};
    body = body_of(serve(&catalog, "GET", EVENTS "?after=1.0", push, NULL));
    assert_ptr_equal(strstr(body, "retry: "), body);
    assert_non_null(strstr(body, "id: 39.1\nevent: product.updated\ndata: {"));
    assert_non_null(strstr(body, "id: 40.1\nevent: category.updated\ndata: {"));
    assert_null(strstr(body, "40.3"));
    assert_non_null(strstr(body, "\n\nid: 40.2\n\n"));
    /* A filter leaves events out, and not the place. */
    body = body_of(serve(&catalog, "GET", EVENTS "?after=1.0&product_id=" TEA, push, NULL));
    assert_null(strstr(body, "40.1"));
    assert_non_null(strstr(body, "\n\nid: 40.2\n\n"));
    /* A page that ends before there goes as far as it goes. */
    catalog.feed.count = 1;
    assert_non_null(strstr(body_of(serve(&catalog, "GET", EVENTS "?after=1.0", push, NULL)), "\n\nid: 39.1\n\n"));
    catalog.feed.count = 0;
    assert_string_equal(body_of(serve(&catalog, "GET", EVENTS "?after=1.0", push, NULL)),
                        "retry: 1000\n\nid: 40.2\n\n");
}

static void refusals_say_what_to_do(void **state)
{
    static const char *const upgrade[] = {"WARES_PUSH=nchan", "HTTP_UPGRADE=websocket", NULL};
    struct catalog catalog = standing(false);

    (void)state;
    assert_int_equal(serve(&catalog, "GET", EVENTS "?after=1.0", upgrade, NULL)->response.status, 409);
    catalog.calls = 0;
    assert_int_equal(serve(&catalog, "GET", EVENTS, NULL, NULL)->response.status, 501);
    assert_int_equal(serve(&catalog, "HEAD", EVENTS, push, NULL)->response.status, 200);
    assert_int_equal(serve(&catalog, "GET", EVENTS "?after=x", push, NULL)->response.status, 400);
    assert_int_equal(serve(&catalog, "GET", EVENTS "?types=product.updated", push, NULL)->response.status, 400);
    assert_int_equal(serve(&catalog, "GET", EVENTS "?category_id=" TEA "&product_id=" TEA, push, NULL)->response.status,
                     400);
    assert_int_equal(catalog.calls, 0);
    catalog.status = STATUS_NOT_FOUND;
    assert_int_equal(serve(&catalog, "GET", EVENTS, push, NULL)->response.status, 503);
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
        cmocka_unit_test(a_reader_is_handed_over_with_its_channel),
        cmocka_unit_test(what_would_be_a_place_in_the_channel_is_refused),
        cmocka_unit_test(what_was_missed_is_told_up_to_where_the_relay_is),
        cmocka_unit_test(refusals_say_what_to_do),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}

/* The export as its handler answers it: formats, the end that makes it whole, and what becomes of it where it fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_catalog.h"

#include <string.h>

#define EXPORT "/api/v1/products/export"
#define ID "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"

static const char *const csv[] = {"HTTP_ACCEPT=text/csv", NULL};

static int setup(void **state)
{
    (void)state;
    memset(&fake_stream, 0, sizeof fake_stream);
    return 0;
}

static struct catalog catalog_of(size_t count)
{
    struct catalog catalog = {.count = count, .feed_cursor = {.xid = 812}};

    record_set(&catalog.records[0], PRODUCT_ID, TEXT(ID));
    record_set(&catalog.records[0], PRODUCT_NAME, TEXT("Tea, \"green\""));
    record_set(&catalog.records[0], PRODUCT_PRICE, TEXT("1.50"));
    record_set(&catalog.records[0], PRODUCT_VERSION, TEXT("1"));
    return catalog;
}

static void assert_sent(const char *wanted)
{
    assert_true(fake_stream.length < sizeof fake_stream.sent);
    fake_stream.sent[fake_stream.length] = '\0';
    assert_string_equal(fake_stream.sent, wanted);
}

static void assert_header(const struct exchange *exchange, const char *name, const char *value)
{
    const struct text found = header_of(exchange, name);

    if (!text_equal(found, text_of(value))) {
        fail_msg("%s: %.*s", name, TEXT_PRINT(found));
    }
}

static void ndjson_is_a_line_for_each_and_one_at_the_end(void **state)
{
    struct catalog catalog = catalog_of(2);
    struct exchange *exchange = serve(&catalog, "GET", EXPORT "?fields=name,price", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 200);
    assert_header(exchange, "Content-Type", "application/x-ndjson");
    assert_header(exchange, "Content-Disposition", "attachment; filename=\"products.ndjson\"");
    assert_header(exchange, "Cache-Control", "no-store");
    assert_header(exchange, "Vary", "Accept");
    assert_non_null(header_of(exchange, "X-Request-Id").data);
    assert_sent(
        "{\"name\":\"Tea, \\\"green\\\"\",\"price\":\"1.50\"}\n{\"name\":\"Tea, \\\"green\\\"\",\"price\":\"1.50\"}\n"
        "{\"cursor\":\"812.0\",\"count\":2}\n");
    assert_null(exchange->stream->cut);
    assert_int_equal(catalog.open, 0);
}

static void csv_has_names_and_a_comment_at_the_end(void **state)
{
    struct catalog catalog = catalog_of(1);
    struct exchange *exchange = serve(&catalog, "GET", EXPORT "?fields=name,price,sku", csv, NULL);

    (void)state;
    assert_header(exchange, "Content-Type", "text/csv; charset=utf-8; header=present");
    assert_header(exchange, "Content-Disposition", "attachment; filename=\"products.csv\"");
    assert_sent("sku,name,price\r\n,\"Tea, \"\"green\"\"\",1.50\r\n# cursor=812.0 count=1\r\n");
}

static void whole_records_are_those_of_a_read(void **state)
{
    struct catalog catalog = catalog_of(1);

    (void)state;
    (void)serve(&catalog, "GET", EXPORT, NULL, NULL);
    assert_sent("{\"id\":\"" ID
                "\",\"sku\":null,\"name\":\"Tea, \\\"green\\\"\",\"description\":null,\"price\":\"1.50\","
                "\"currency\":null,\"category_id\":null,\"status\":null,\"attributes\":null,\"images\":null,"
                "\"group_key\":null,\"version\":1,\"created_at\":null,\"updated_at\":null}\n"
                "{\"cursor\":\"812.0\",\"count\":1}\n");
}

/* Sent as they come, and not kept until the end. */
static void many_leave_in_parts(void **state)
{
    static const char end[] = "{\"cursor\":\"812.0\",\"count\":3000}\n";
    struct catalog catalog = catalog_of(3000);
    struct exchange *exchange = serve(&catalog, "GET", EXPORT, NULL, NULL);

    (void)state;
    assert_true(fake_stream.parts > 10);
    assert_true(exchange->response.body.capacity <= (size_t)128 * 1024);
    assert_memory_equal(fake_stream.sent + fake_stream.length - strlen(end), end, strlen(end));
}

static void filters_and_bounds_are_handed_down(void **state)
{
    struct catalog catalog = catalog_of(0);
    struct exchange *exchange =
        serve(&catalog, "GET", EXPORT "?status=draft,archived&min_price=5&category_scope=subtree&category_id=" ID, NULL,
              NULL);

    (void)state;
    assert_int_equal(catalog.filter.statuses, 5);
    assert_true(text_equal(catalog.filter.min_price, TEXT("5")));
    assert_true(catalog.filter.subtree);
    assert_int_equal(catalog.bounds.exports, 3);
    assert_int_equal(catalog.bounds.time_ms, 600000);
    assert_true(catalog.bounds.idle_ms >= 10000);
    assert_ptr_equal(catalog.bounds.waiter, &exchange->stream->waiter);
    /* It has more time than other requests. */
    assert_true(exchange->scope.deadline_ns - exchange->started_ns == INT64_C(600000000000));
}

static void faults_are_answered_before_anything_is_asked(void **state)
{
    static const char *const html[] = {"HTTP_ACCEPT=text/html", NULL};
    struct catalog catalog = catalog_of(1);
    struct exchange *exchange = serve(&catalog, "GET", EXPORT "?limit=3&fields=x&status=y", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 400);
    assert_non_null(strstr(body_of(exchange), "\"parameter\":\"limit\""));
    assert_non_null(strstr(body_of(exchange), "\"parameter\":\"fields\""));
    assert_non_null(strstr(body_of(exchange), "\"parameter\":\"status\""));
    exchange = serve(&catalog, "GET", EXPORT, html, NULL);
    assert_int_equal(exchange->response.status, 406);
    assert_header(exchange, "Content-Type", "application/problem+json");
    assert_int_equal(catalog.calls, 0);
    assert_int_equal(fake_stream.parts, 0);
}

static void head_asks_nothing(void **state)
{
    struct catalog catalog = catalog_of(1);
    struct exchange *exchange = serve(&catalog, "HEAD", EXPORT, csv, NULL);
    struct strbuf head;

    (void)state;
    strbuf_init(&head, RESPONSE_HEADERS_MAX);
    response_write_head(&exchange->response, &head);
    assert_int_equal(exchange->response.status, 200);
    assert_header(exchange, "Content-Type", "text/csv; charset=utf-8; header=present");
    assert_null(memmem(head.data, head.length, "Content-Length", 14));
    assert_int_equal(catalog.calls, 0);
    strbuf_free(&head);
}

static void too_many_at_once_are_sent_away(void **state)
{
    struct catalog catalog = catalog_of(1);
    struct exchange *exchange;

    (void)state;
    catalog.status = STATUS_TOO_LARGE;
    exchange = serve(&catalog, "GET", EXPORT, NULL, NULL);
    assert_int_equal(exchange->response.status, 503);
    assert_header(exchange, "Retry-After", "10");
    assert_header(exchange, "Content-Type", "application/problem+json");
    assert_non_null(strstr(body_of(exchange), "/problems/busy"));

    /* So is one that comes to a worker beside its own export. */
    catalog = catalog_of(1);
    fake_stream.absent = true;
    exchange = serve(&catalog, "GET", EXPORT, NULL, NULL);
    assert_int_equal(exchange->response.status, 503);
    assert_non_null(strstr(body_of(exchange), "/problems/busy"));
    assert_int_equal(catalog.calls, 0);
}

static void a_failure_at_the_start_is_an_answer(void **state)
{
    struct catalog catalog = catalog_of(1);
    struct exchange *exchange;

    (void)state;
    catalog.status = STATUS_UNAVAILABLE;
    exchange = serve(&catalog, "GET", EXPORT, NULL, NULL);
    assert_int_equal(exchange->response.status, 503);
    assert_header(exchange, "Retry-After", "1");
    assert_false(exchange->stream->begun);

    /* Also where a product or two were read, and nothing was sent yet. */
    catalog = catalog_of(2);
    catalog.broken = STATUS_UNAVAILABLE;
    exchange = serve(&catalog, "GET", EXPORT, csv, NULL);
    assert_int_equal(exchange->response.status, 503);
    assert_header(exchange, "Content-Type", "application/problem+json");
    assert_int_equal(body_of(exchange)[0], '{');
    assert_false(exchange->stream->begun);
    assert_int_equal(catalog.open, 0);
}

static void a_failure_half_way_cuts(void **state)
{
    struct catalog catalog = catalog_of(2000);
    struct exchange *exchange;

    (void)state;
    catalog.broken = STATUS_UNAVAILABLE;
    exchange = serve(&catalog, "GET", EXPORT, NULL, NULL);
    assert_true(exchange->stream->begun);
    assert_string_equal(exchange->stream->cut, "database");
    assert_null(memmem(fake_stream.sent, fake_stream.length, "cursor", 6));
    assert_int_equal(catalog.open, 0);

    catalog = catalog_of(2000);
    catalog.broken = STATUS_DEADLINE;
    assert_string_equal(serve(&catalog, "GET", EXPORT, NULL, NULL)->stream->cut, "export_time");
}

static void a_client_that_is_gone_ends_it(void **state)
{
    struct catalog catalog = catalog_of(100000);
    struct exchange *exchange;

    (void)state;
    fake_stream.cut_after = 2;
    exchange = serve(&catalog, "GET", EXPORT, NULL, NULL);
    assert_string_equal(exchange->stream->cut, "client_gone");
    assert_true(catalog.exported < 1000);
    assert_int_equal(catalog.open, 0);
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
        cmocka_unit_test_setup(ndjson_is_a_line_for_each_and_one_at_the_end, setup),
        cmocka_unit_test_setup(csv_has_names_and_a_comment_at_the_end, setup),
        cmocka_unit_test_setup(whole_records_are_those_of_a_read, setup),
        cmocka_unit_test_setup(many_leave_in_parts, setup),
        cmocka_unit_test_setup(filters_and_bounds_are_handed_down, setup),
        cmocka_unit_test_setup(faults_are_answered_before_anything_is_asked, setup),
        cmocka_unit_test_setup(head_asks_nothing, setup),
        cmocka_unit_test_setup(too_many_at_once_are_sent_away, setup),
        cmocka_unit_test_setup(a_failure_at_the_start_is_an_answer, setup),
        cmocka_unit_test_setup(a_failure_half_way_cuts, setup),
        cmocka_unit_test_setup(a_client_that_is_gone_ends_it, setup),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}

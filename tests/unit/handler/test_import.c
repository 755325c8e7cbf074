/* Tests of src/handler/import: what an upload comes to, and how imports are shown. */
#include "fake_catalog.h"

#include "../base/check.h"
#include "base/uuid.h"

#include <string.h>

#define PATH "/api/v1/imports"
#define ID "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"

static struct catalog catalog;
static const char *const ndjson[] = {"CONTENT_TYPE=application/x-ndjson", NULL};
static const char *const csv[] = {"CONTENT_TYPE=text/csv; charset=utf-8", NULL};

static int set_up(void **state)
{
    (void)state;
    fake_upload = (struct fake_upload){0};
    fake_stream = (struct fake_stream){0};
    catalog = (struct catalog){.import = {.job = {.created_at = TEXT("2026-11-23T09:15:02.123456Z")}}};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    assert_int_equal(catalog.intakes, 0);
    serve_end();
    return 0;
}

static struct exchange *upload(const char *query, const char *const *headers, const char *body)
{
    char uri[500] = PATH;

    (void)strncat(uri, query, sizeof uri - sizeof PATH);
    return serve_in_state(&catalog, "POST", uri, headers, body, BODY_UNREAD);
}

static void lines_are_staged_and_a_job_is_told_of(void **state)
{
    struct exchange *exchange =
        upload("?mode=update&on_error=abort&dry_run=true&category_id=0193A7C0-9A3E-7CC3-98C4-DC0C0C07398F", ndjson,
               "{\"sku\":\"A\"}\n{}");

    (void)state;
    assert_int_equal(exchange->response.status, 202);
    assert_text(header_of(exchange, "Location"), PATH "/" ID);
    assert_text(header_of(exchange, "Content-Type"), "application/json");
    assert_int_equal(catalog.line_count, 2);
    assert_string_equal(catalog.lines[0], "{\"sku\":\"A\"}");
    assert_int_equal(catalog.import_options.mode, IMPORT_UPDATE);
    assert_int_equal(catalog.import_options.on_error, IMPORT_ABORT);
    assert_true(catalog.import_options.dry_run);
    assert_int_equal(catalog.uploads, 4);
    assert_int_equal(catalog.import_whole.lines, 2);
    assert_int_equal(catalog.import_whole.bytes, 14);
    assert_int_equal(catalog.import_whole.digest.length, 64);
    assert_null(catalog.import_whole.key.data);
    assert_null(header_of(exchange, "Idempotency-Replayed").data);
}

static void what_tells_files_apart_is_their_bytes_and_parameters(void **state)
{
    char first[65], other[65];

    (void)state;
    (void)upload("", ndjson, "{}\n");
    memcpy(first, catalog.import_whole.digest.data, 65);
    fake_upload.part = 1;
    (void)upload("", ndjson, "{}\n");
    assert_memory_equal(first, catalog.import_whole.digest.data, 64);
    (void)upload("?mode=update", ndjson, "{}\n");
    memcpy(other, catalog.import_whole.digest.data, 65);
    assert_string_not_equal(first, other);
    (void)upload("", ndjson, "{}\n\n");
    assert_memory_not_equal(first, catalog.import_whole.digest.data, 64);
}

static void a_key_goes_with_what_makes_a_request_the_same(void **state)
{
    static const char *const headers[] = {"CONTENT_TYPE=text/csv", "HTTP_IDEMPOTENCY_KEY=\"k\"", NULL};
    struct exchange *exchange;

    (void)state;
    catalog.replayed = true;
    exchange = upload("", headers, "sku\nA\n");
    assert_int_equal(exchange->response.status, 202);
    assert_text(header_of(exchange, "Idempotency-Replayed"), "true");
    assert_text(catalog.import_whole.key, "k");
    assert_true(text_starts_with(catalog.import_whole.request, TEXT("POST " PATH "\ntext/csv\n")));
    catalog.finish_status = STATUS_KEY_REUSED;
    assert_int_equal(upload("", headers, "sku\nA\n")->response.status, 422);
    catalog.finish_status = STATUS_IN_PROGRESS;
    assert_int_equal(upload("", headers, "sku\nA\n")->response.status, 409);
    catalog.finish_status = STATUS_UNCERTAIN;
    assert_int_equal(upload("", headers, "sku\nA\n")->response.status, 503);
}

static void what_cannot_be_an_import_is_refused(void **state)
{
    static const char *const html[] = {"CONTENT_TYPE=text/html", NULL};
    static const char *const packed[] = {"CONTENT_TYPE=text/csv", "HTTP_CONTENT_ENCODING=gzip", NULL};
    static const char *const bad[] = {
        "?mode=x",         "?on_error=x", "?dry_run=1", "?category_id=7",           "?colour=1",
        "?map.sku=colour", "?map.=sku",   "?map.x=sku", "?mode=create&mode=create", "?map.sku=attr.A"};

    (void)state;
    assert_int_equal(upload("", html, "x")->response.status, 415);
    assert_int_equal(upload("", packed, "x")->response.status, 415);
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(upload(bad[i], csv, "sku\nA\n")->response.status, 400);
    }
    assert_int_equal(upload("?map.sku=sku", ndjson, "{}")->response.status, 400);
    assert_int_equal(upload("", csv, "sku,prise\nA,1\n")->response.status, 400);
    assert_int_equal(upload("", csv, "sku\n")->response.status, 400);
    assert_int_equal(upload("", ndjson, "\n\n")->response.status, 400);
    assert_int_equal(catalog.import_whole.lines, 0);
}

static void no_more_than_a_set_number_are_taken_in_at_once(void **state)
{
    struct exchange *exchange;

    (void)state;
    fake_upload.absent = true;
    exchange = upload("", ndjson, "{}");
    assert_int_equal(exchange->response.status, 503);
    assert_text(header_of(exchange, "Retry-After"), "10");
    assert_int_equal(catalog.calls, 0);
    fake_upload.absent = false;
    catalog.status = STATUS_TOO_LARGE;
    assert_int_equal(upload("", ndjson, "{}")->response.status, 503);
}

static void an_upload_that_is_not_whole_is_nothing(void **state)
{
    static const struct {
        const char *fault;
        int status;
    } rows[] = {{"client_gone", 400}, {"client_slow", 400}, {"malformed", 400}, {"stop", 503}};

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        fake_upload = (struct fake_upload){.cut_at = 3, .fault = rows[i].fault};
        struct exchange *exchange = upload("", ndjson, "{}\n{}\n{}\n{}\n");
        assert_int_equal(exchange->response.status, rows[i].status);
        assert_non_null(strstr(body_of(exchange), "nothing was imported"));
        assert_int_equal(catalog.import_whole.lines, 0);
    }
    fake_upload = (struct fake_upload){0};
    catalog.broken = STATUS_UNAVAILABLE;
    assert_int_equal(upload("", ndjson, "{}\n{}")->response.status, 503);
    assert_int_equal(catalog.line_count, 1);
}

static void an_import_is_shown(void **state)
{
    struct exchange *exchange;

    (void)state;
    catalog.import = (struct import){
        .options = {.format = IMPORT_SHOPIFY, .mode = IMPORT_UPSERT, .on_error = IMPORT_ABORT},
        .job = {.state = JOB_RUNNING},
        .checking = true,
        .bytes = 10,
        .lines = 8,
        .place = 4,
        .created = 1,
        .updated = 2,
        .failed = 1,
        .differences = TEXT("{\"line\":1}"),
    };
    exchange = serve(&catalog, "GET", PATH "/" ID, NULL, NULL);
    assert_int_equal(exchange->response.status, 200);
    assert_string_equal(
        body_of(exchange),
        "{\"id\":\"" ID "\",\"state\":\"running\",\"format\":\"shopify\",\"mode\":\"upsert\",\"on_error\":\"abort\","
        "\"dry_run\":false,\"category_id\":null,\"phase\":\"check\",\"bytes\":10,\"total\":8,\"rows\":4,\"created\":1,"
        "\"updated\":2,\"unchanged\":0,\"failed\":1,\"progress\":0.250,\"differences\":[{\"line\":1}],"
        "\"last_error\":null,\"created_at\":null,\"started_at\":null,\"ended_at\":null}");
    catalog.status = STATUS_NOT_FOUND;
    assert_int_equal(serve(&catalog, "GET", PATH "/" ID, NULL, NULL)->response.status, 404);
    assert_int_equal(serve(&catalog, "GET", PATH "/x", NULL, NULL)->response.status, 400);
}

static void failed_lines_come_in_pages(void **state)
{
    struct text lines[] = {TEXT("{\"a\":1}"), TEXT("{\"b\":2}")};
    struct exchange *exchange;

    (void)state;
    catalog.error_pages[0] = (struct import_error_page){.lines = lines, .count = 2, .next = 2};
    exchange = serve(&catalog, "GET", PATH "/" ID "/errors", NULL, NULL);
    assert_int_equal(exchange->response.status, 200);
    assert_string_equal(body_of(exchange), "{\"a\":1}\n{\"b\":2}\n");
    assert_int_equal(fake_stream.parts, 0);
    catalog.error_page = 0;
    catalog.error_pages[0].more = true;
    catalog.error_pages[1] = (struct import_error_page){.lines = lines + 1, .count = 1, .next = 3, .more = true};
    (void)serve(&catalog, "GET", PATH "/" ID "/errors", NULL, NULL);
    assert_int_equal(fake_stream.parts, 3);
    assert_memory_equal(fake_stream.sent, "{\"a\":1}\n{\"b\":2}\n{\"b\":2}\n", 24);
    catalog.error_page = 0;
    fake_stream.absent = true;
    assert_int_equal(serve(&catalog, "GET", PATH "/" ID "/errors", NULL, NULL)->response.status, 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_are_staged_and_a_job_is_told_of, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_tells_files_apart_is_their_bytes_and_parameters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_key_goes_with_what_makes_a_request_the_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_an_import_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_more_than_a_set_number_are_taken_in_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_upload_that_is_not_whole_is_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_import_is_shown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(failed_lines_come_in_pages, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

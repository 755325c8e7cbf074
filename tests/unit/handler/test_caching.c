/* What answers tell caches: Cache-Control, Vary, the date and the tags, and what may be out of date. */
#include "fake_catalog.h"

#include "../base/check.h"
#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"
#define PRODUCT "/api/v1/products/" ID
#define PRODUCTS "/api/v1/products"
#define DATE "Mon, 24 Nov 2025 09:15:02 GMT"
/* All members, as a part is taken out of them, in the order of the table. */
#define OF_DATE(updated_at)                                                                                            \
    "{\"id\":\"" ID                                                                                                    \
    "\",\"sku\":null,\"name\":\"Tea\",\"description\":null,\"price\":\"1\",\"currency\":\"EUR\",\"category_id\":"      \
    "\"" ID                                                                                                            \
    "\",\"status\":\"active\",\"attributes\":{},\"images\":[],\"group_key\":null,\"version\":3,\"created_at\":"        \
    "\"2025-01-01T00:00:00.000000Z\",\"updated_at\":\"" updated_at "\"}"
#define CHANGED OF_DATE("2025-11-24T09:15:02.999999Z")

static void assert_header(const struct exchange *exchange, const char *name, const char *value)
{
    struct text found = header_of(exchange, name);

    if (value == NULL ? found.data != NULL : !text_equal(found, text_of(value))) {
        fail_msg("%s is \"%.*s\" and not \"%s\"", name, TEXT_PRINT(found), value != NULL ? value : "absent");
    }
}

/* A product that is settled and old. */
static struct catalog settled(void)
{
    return (struct catalog){.stale_max_s = 300, .view = {.version = 3, .json = TEXT(CHANGED), .settled = true}};
}

static void reads_may_be_kept_and_are_asked_after(void **state)
{
    static const struct {
        const char *method;
        const char *target;
        const char *vary;
    } reads[] = {
        {"GET", PRODUCT, "Accept"},
        {"HEAD", PRODUCT, "Accept"},
        {"GET", PRODUCT "?fields=id", "Accept"},
        {"GET", PRODUCTS, "Accept, Prefer"},
        {"GET", PRODUCTS "/facets", "Accept"},
        {"GET", "/api/v1/categories", "Accept"},
        {"GET", "/api/v1/openapi.json", "Accept"},
    };
    struct catalog catalog = settled();

    (void)state;
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        const char *const known[] = {"HTTP_IF_NONE_MATCH=*", NULL};

        for (int conditional = 0; conditional < 2; conditional++) {
            const int status = conditional ? 304 : 200;

            catalog.stale_max_s = 300;
            struct exchange *exchange =
                serve(&catalog, reads[i].method, reads[i].target, conditional ? known : NULL, NULL);
            assert_int_equal(exchange->response.status, status);
            assert_header(exchange, "Cache-Control", "max-age=0, stale-if-error=300");
            assert_header(exchange, "Vary", reads[i].vary);
            assert_header(exchange, "Cache-Status", NULL);
            assert_header(exchange, "X-Accel-Expires", NULL);
            assert_true(header_of(exchange, "ETag").length > 2);
            if (conditional) {
                assert_header(exchange, "Content-Type", NULL);
                assert_int_equal(response_body(&exchange->response).length, 0);
            }
            catalog.stale_max_s = 0;
            exchange = serve(&catalog, reads[i].method, reads[i].target, conditional ? known : NULL, NULL);
            assert_header(exchange, "Cache-Control", "no-cache");
        }
    }
}

static void what_is_of_this_moment_is_not_stored(void **state)
{
    struct catalog catalog = settled();

    (void)state;
    assert_header(serve(&catalog, "GET", "/api/v1/jobs", NULL, NULL), "Cache-Control", "no-store");
    assert_header(serve(&catalog, "GET", "/livez", NULL, NULL), "Cache-Control", "no-store");
    assert_header(serve(&catalog, "GET", "/api/v1/nothing", NULL, NULL), "Cache-Control", "no-store");
    assert_header(serve(&catalog, "DELETE", PRODUCT, NULL, NULL), "Cache-Control", NULL);
    assert_header(serve(&catalog, "POST", PRODUCT "/restore", NULL, NULL), "Cache-Control", "no-store");
    catalog.status = STATUS_GONE;
    assert_header(serve(&catalog, "GET", PRODUCT, NULL, NULL), "Cache-Control", "no-store");
}

/* In that order: nginx stores what the first of them allows, and looks at no max-age after the second. */
static void a_cache_of_nginx_is_told_apart(void **state)
{
    static const char *const accel[] = {"ACCEL_EXPIRES=on", NULL};
    struct catalog catalog = settled();
    struct exchange *exchange = serve(&catalog, "GET", PRODUCT, accel, NULL);
    const char *headers = arena_string(exchange->scope.arena, strbuf_text(&exchange->response.headers));
    const char *first = strstr(headers, "Cache-Control: stale-if-error=300\r\n");
    const char *second = strstr(headers, "X-Accel-Expires: @");
    const char *third = strstr(headers, "Cache-Control: max-age=0\r\n");

    (void)state;
    assert_true(first != NULL && second != NULL && third != NULL && first < second && second < third);
    const int64_t expires = strtoll(second + strlen("X-Accel-Expires: @"), NULL, 10);
    const int64_t now = clock_unix_us() / 1000000;
    assert_true(expires == now - 1 || expires == now - 2);
    catalog.stale_max_s = 0;
    exchange = serve(&catalog, "GET", PRODUCT, accel, NULL);
    headers = arena_string(exchange->scope.arena, strbuf_text(&exchange->response.headers));
    second = strstr(headers, "X-Accel-Expires: @");
    third = strstr(headers, "Cache-Control: no-cache\r\n");
    assert_true(second != NULL && third != NULL && second < third);
    catalog.status = STATUS_NOT_FOUND;
    assert_header(serve(&catalog, "GET", PRODUCT, accel, NULL), "X-Accel-Expires", NULL);
    catalog.status = STATUS_OK;
    assert_header(serve(&catalog, "GET", "/api/v1/jobs", accel, NULL), "X-Accel-Expires", NULL);
}

/* --- dates --- */

static void a_date_is_told_and_asked_for(void **state)
{
    static const char *const same[] = {"HTTP_IF_MODIFIED_SINCE= " DATE, NULL};
    static const char *const old_form[] = {"HTTP_IF_MODIFIED_SINCE=Mon Nov 24 09:15:02 2025", NULL};
    struct catalog catalog = settled();

    (void)state;
    catalog.view.json = TEXT(OF_DATE("2025-11-23T09:15:02.999999Z"));
    assert_header(serve(&catalog, "GET", PRODUCT, NULL, NULL), "Last-Modified", "Sun, 23 Nov 2025 09:15:02 GMT");
    assert_header(serve(&catalog, "HEAD", PRODUCT, NULL, NULL), "Last-Modified", "Sun, 23 Nov 2025 09:15:02 GMT");
    assert_header(serve(&catalog, "GET", PRODUCT "?fields=id", NULL, NULL), "Last-Modified",
                  "Sun, 23 Nov 2025 09:15:02 GMT");
    /* The category changes without the product. */
    assert_header(serve(&catalog, "GET", PRODUCT "?expand=category", NULL, NULL), "Last-Modified", NULL);
    assert_int_equal(serve(&catalog, "GET", PRODUCT, same, NULL)->response.status, 200);

    catalog.view.json = TEXT(CHANGED);
    assert_int_equal(serve(&catalog, "GET", PRODUCT, old_form, NULL)->response.status, 304);
    assert_int_equal(serve(&catalog, "GET", PRODUCT "?fields=id", same, NULL)->response.status, 304);
    assert_int_equal(serve(&catalog, "GET", PRODUCT "?expand=category", same, NULL)->response.status, 200);
    assert_int_equal(serve(&catalog, "HEAD", PRODUCT, same, NULL)->response.status, 304);
    struct exchange *exchange = serve(&catalog, "GET", PRODUCT, same, NULL);
    assert_int_equal(exchange->response.status, 304);
    assert_header(exchange, "ETag", "\"3\"");
    assert_int_equal(response_body(&exchange->response).length, 0);
}

static void a_tag_wins_over_a_date(void **state)
{
    static const char *const other[] = {"HTTP_IF_NONE_MATCH=\"2\"", "HTTP_IF_MODIFIED_SINCE=" DATE, NULL};
    static const char *const known[] = {"HTTP_IF_NONE_MATCH=\"3\"",
                                        "HTTP_IF_MODIFIED_SINCE=Thu, 01 Jan 1970 00:00:00 GMT", NULL};
    struct catalog catalog = settled();

    (void)state;
    assert_int_equal(serve(&catalog, "GET", PRODUCT, other, NULL)->response.status, 200);
    assert_int_equal(serve(&catalog, "GET", PRODUCT, known, NULL)->response.status, 304);
}

static void only_the_very_date_counts(void **state)
{
    static const char *const dates[] = {
        "Mon, 24 Nov 2025 09:15:01 GMT",
        "Mon, 24 Nov 2025 09:15:03 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "2025-11-24T09:15:02Z",
        "",
        "*",
    };
    struct catalog catalog = settled();

    (void)state;
    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        char header[128];
        const char *const headers[] = {header, NULL};

        (void)snprintf(header, sizeof header, "HTTP_IF_MODIFIED_SINCE=%s", dates[i]);
        assert_int_equal(serve(&catalog, "GET", PRODUCT, headers, NULL)->response.status, 200);
    }
}

/* The deadline is 5 s here, the margin a minute. */
static void a_date_that_is_not_safe_is_not_told(void **state)
{
    static const int64_t ages_s[] = {-3600, 0, 1, 5, 60, 64};
    struct catalog catalog = settled();
    char stamp[CLOCK_TEXT_SIZE];
    char json[128];

    (void)state;
    for (size_t i = 0; i < sizeof ages_s / sizeof ages_s[0]; i++) {
        clock_format_micros(clock_unix_us() - ages_s[i] * 1000000, stamp);
        (void)snprintf(json, sizeof json, "{\"updated_at\":\"%s\"}", stamp);
        catalog.view.json = text_of(json);
        assert_header(serve(&catalog, "GET", PRODUCT, NULL, NULL), "Last-Modified", NULL);
    }
    clock_format_micros(clock_unix_us() - 66 * INT64_C(1000000), stamp);
    (void)snprintf(json, sizeof json, "{\"updated_at\":\"%s\"}", stamp);
    assert_true(header_of(serve(&catalog, "GET", PRODUCT, NULL, NULL), "Last-Modified").data != NULL);
    catalog.view.settled = false;
    assert_header(serve(&catalog, "GET", PRODUCT, NULL, NULL), "Last-Modified", NULL);
    catalog = settled();
    catalog.view.json = TEXT("{\"updated_at\":\"2025-11-23T09:15:02.999999Z\",\"more\":1}");
    assert_header(serve(&catalog, "GET", PRODUCT, NULL, NULL), "Last-Modified", NULL);
    catalog.view.json = TEXT("{}");
    assert_header(serve(&catalog, "GET", PRODUCT, NULL, NULL), "Last-Modified", NULL);
}

/* --- lists --- */

static void the_tag_of_a_list_is_of_all_that_it_says(void **state)
{
    static const char *const counted[] = {"HTTP_PREFER=count=exact", NULL};
    struct catalog catalog = {.count = 1, .total = 7, .next = {.id = ID}};
    char tags[5][64];
    const char *const fields[] = {"", "?fields=id", "?limit=2"};

    (void)state;
    record_set(&catalog.records[0], PRODUCT_ID, TEXT(ID));
    record_set(&catalog.records[0], PRODUCT_NAME, TEXT("Tea"));
    for (size_t i = 0; i < 3; i++) {
        char target[128];
        (void)snprintf(target, sizeof target, PRODUCTS "%s", fields[i]);
        const struct text tag = header_of(serve(&catalog, "GET", target, NULL, NULL), "ETag");
        (void)snprintf(tags[i], sizeof tags[i], "%.*s", TEXT_PRINT(tag));
    }
    assert_string_not_equal(tags[0], tags[1]);
    assert_string_equal(tags[0], tags[2]); /* the same products, and no link */
    const struct text with_count = header_of(serve(&catalog, "GET", PRODUCTS, counted, NULL), "ETag");
    assert_false(text_equal(with_count, text_of(tags[0])));
    catalog.more = true;
    const struct text with_link = header_of(serve(&catalog, "GET", PRODUCTS, NULL, NULL), "ETag");
    assert_false(text_equal(with_link, text_of(tags[0])));
    catalog.more = false;
    record_set(&catalog.records[0], PRODUCT_NAME, TEXT("Tee"));
    const struct text renamed = header_of(serve(&catalog, "GET", PRODUCTS, NULL, NULL), "ETag");
    assert_false(text_equal(renamed, text_of(tags[0])));

    char header[96];
    const char *const known[] = {header, NULL};
    (void)snprintf(header, sizeof header, "HTTP_IF_NONE_MATCH=%.*s", TEXT_PRINT(renamed));
    struct exchange *exchange = serve(&catalog, "GET", PRODUCTS, known, NULL);
    assert_int_equal(exchange->response.status, 304);
    assert_int_equal(response_body(&exchange->response).length, 0);
    record_set(&catalog.records[0], PRODUCT_NAME, TEXT("Tea"));
    assert_int_equal(serve(&catalog, "GET", PRODUCTS, known, NULL)->response.status, 200);
}

/* Whatever has a tag can be asked for by it: what is something else by now is not sent. */
static void a_read_that_expects_another_tag_fails(void **state)
{
    static const char *const reads[] = {
        PRODUCT,
        PRODUCT "?fields=id",
        PRODUCTS,
        PRODUCTS "/facets",
        "/api/v1/categories",
        "/api/v1/categories?tree=true",
        "/api/v1/changes",
        "/api/v1",
        "/api/v1/openapi.json",
    };
    static const char *const any[] = {"HTTP_IF_MATCH=*", NULL};
    static const char *const other[] = {"HTTP_IF_MATCH=\"other\", \"2\"", "HTTP_IF_NONE_MATCH=*", NULL};
    static const char *const malformed[] = {"HTTP_IF_MATCH=other", NULL};
    struct catalog catalog = settled();

    (void)state;
    catalog.more = true;
    memcpy(catalog.next.id, ID, sizeof ID);
    for (size_t i = 0; i < sizeof reads / sizeof reads[0]; i++) {
        char header[128];
        const char *const same[] = {header, NULL};
        struct exchange *exchange = serve(&catalog, "GET", reads[i], any, NULL);
        assert_row(exchange->response.status == 200, reads[i]);
        const struct text tag = header_of(exchange, "ETag");
        (void)snprintf(header, sizeof header, "HTTP_IF_MATCH=\"other\", W/%.*s-gzip\"", (int)tag.length - 1, tag.data);
        assert_row(serve(&catalog, "GET", reads[i], same, NULL)->response.status == 200, reads[i]);

        exchange = serve(&catalog, "GET", reads[i], other, NULL);
        assert_row(exchange->response.status == 412, reads[i]);
        assert_row(header_of(exchange, "ETag").length > 2, reads[i]);
        assert_header(exchange, "Cache-Control", "no-store");
        assert_header(exchange, "Link", NULL);
        assert_non_null(strstr(body_of(exchange), "/problems/precondition-failed"));

        exchange = serve(&catalog, "GET", reads[i], malformed, NULL);
        assert_row(exchange->response.status == 400, reads[i]);
        assert_header(exchange, "Link", NULL);
        assert_non_null(strstr(body_of(exchange), "\"header\":\"If-Match\""));
    }
}

/* --- out of date, perhaps --- */

static void what_may_be_out_of_date_says_so(void **state)
{
    static const char *const known[] = {"HTTP_IF_NONE_MATCH=\"3\"", NULL};
    static const char *const match[] = {"HTTP_IF_MATCH=\"3\"", NULL};
    static const char *const accel[] = {"ACCEL_EXPIRES=on", NULL};
    struct catalog catalog = settled();

    (void)state;
    catalog.view.settled = false;
    catalog.view.unproven = true;
    catalog.view.age_ms = 37999;
    const char *const *const headers[] = {NULL, known, accel};
    for (size_t i = 0; i < 3; i++) {
        struct exchange *exchange = serve(&catalog, "GET", PRODUCT, headers[i], NULL);
        assert_int_equal(exchange->response.status, i == 1 ? 304 : 200);
        assert_header(exchange, "Cache-Status", "wares; hit; ttl=-37; detail=unproven");
        assert_header(exchange, "Age", "37");
        assert_header(exchange, "Cache-Control", "no-store");
        assert_header(exchange, "X-Accel-Expires", NULL);
        assert_header(exchange, "ETag", "\"3\"");
    }
    struct exchange *exchange = serve(&catalog, "GET", PRODUCT, match, NULL);
    assert_int_equal(exchange->response.status, 503);
    assert_header(exchange, "Cache-Status", NULL);
    assert_header(serve(&catalog, "GET", "/api/v1/categories", NULL, NULL), "Cache-Status", NULL);
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
        cmocka_unit_test(reads_may_be_kept_and_are_asked_after),
        cmocka_unit_test(what_is_of_this_moment_is_not_stored),
        cmocka_unit_test(a_cache_of_nginx_is_told_apart),
        cmocka_unit_test(a_date_is_told_and_asked_for),
        cmocka_unit_test(a_tag_wins_over_a_date),
        cmocka_unit_test(only_the_very_date_counts),
        cmocka_unit_test(a_date_that_is_not_safe_is_not_told),
        cmocka_unit_test(the_tag_of_a_list_is_of_all_that_it_says),
        cmocka_unit_test(a_read_that_expects_another_tag_fails),
        cmocka_unit_test(what_may_be_out_of_date_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}

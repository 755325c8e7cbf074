/* What all writes have in common: preconditions, keys, preferences and dry runs, on the way in and out. */
#include "fake_catalog.h"

#include "../base/check.h"

#include <stdio.h>
#include <string.h>

#define ID "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"
#define PRODUCT "/api/v1/products/" ID
#define RESTORE PRODUCT "/restore"
#define BY_SKU "/api/v1/products/by-sku/Tea-1"
#define BODY "{\"name\":\"Tea\",\"price\":\"1\",\"category_id\":\"" ID "\"}"

static struct catalog fresh_catalog(void)
{
    return (struct catalog){.view = {.version = 3, .json = TEXT("{\"the\":\"product\"}")}};
}

/* One PUT with a header "NAME=value" besides its Content-Type. */
static struct exchange *put_with(struct catalog *catalog, const char *header)
{
    const char *const headers[] = {"CONTENT_TYPE=application/json", header, NULL};
    return serve(catalog, "PUT", PRODUCT, headers, BODY);
}

static void assert_fault(struct exchange *exchange, const char *place, const char *name, const char *code)
{
    const char *wanted = arena_printf(exchange->scope.arena, "{\"%s\":\"%s\",\"code\":\"%s\"", place, name, code).data;
    assert_int_equal(exchange->response.status, 400);
    if (strstr(body_of(exchange), wanted) == NULL) {
        fail_msg("%s is not in %s", wanted, body_of(exchange));
    }
}

/* --- preconditions --- */

static void if_match_tells_the_versions_that_are_expected(void **state)
{
    struct catalog catalog = fresh_catalog();
    const struct expectation *expectation = &catalog.options.expectation;

    (void)state;
    assert_int_equal(put_with(&catalog, NULL)->response.status, 200);
    assert_false(expectation->match || expectation->any || expectation->absent || expectation->disjoint);
    assert_int_equal(put_with(&catalog, "HTTP_IF_MATCH=W/\"3-gzip\", \"x\", \"12\"")->response.status, 200);
    assert_true(expectation->match);
    assert_false(expectation->any);
    assert_int_equal(expectation->version_count, 2);
    assert_int_equal(expectation->versions[0], 3);
    assert_int_equal(expectation->versions[1], 12);
    assert_int_equal(put_with(&catalog, "HTTP_IF_MATCH=*")->response.status, 200);
    assert_true(expectation->match && expectation->any);
    assert_int_equal(put_with(&catalog, "HTTP_IF_MATCH=\"x\"")->response.status, 200);
    assert_true(expectation->match);
    assert_false(expectation->any);
    assert_int_equal(expectation->version_count, 0);
    catalog.calls = 0;
    assert_fault(put_with(&catalog, "HTTP_IF_MATCH=3"), "header", "If-Match", "malformed");
    assert_int_equal(catalog.calls, 0);
}

static void if_none_match_is_a_star_on_a_write(void **state)
{
    static const char *const both[] = {"CONTENT_TYPE=application/json", "HTTP_IF_MATCH=*", "HTTP_IF_NONE_MATCH=*",
                                       NULL};
    struct catalog catalog = fresh_catalog();

    (void)state;
    assert_int_equal(put_with(&catalog, "HTTP_IF_NONE_MATCH= * ")->response.status, 200);
    assert_true(catalog.options.expectation.absent);
    assert_fault(put_with(&catalog, "HTTP_IF_NONE_MATCH=\"3\""), "header", "If-None-Match", "malformed");
    assert_fault(serve(&catalog, "PUT", PRODUCT, both, BODY), "header", "If-None-Match", "contradictory");
}

static void all_faults_of_headers_and_parameters_come_at_once(void **state)
{
    static const char *const headers[] = {"CONTENT_TYPE=application/json", "HTTP_IF_MATCH=3", "HTTP_IDEMPOTENCY_KEY=\"",
                                          NULL};
    struct catalog catalog = fresh_catalog();
    struct exchange *exchange = serve(&catalog, "PUT", PRODUCT "?dry_run=1&dryrun=true", headers, BODY);

    (void)state;
    assert_fault(exchange, "header", "If-Match", "malformed");
    assert_fault(exchange, "header", "Idempotency-Key", "malformed");
    assert_fault(exchange, "parameter", "dry_run", "boolean");
    assert_fault(exchange, "parameter", "dryrun", "unknown_parameter");
    assert_int_equal(catalog.calls, 0);
}

static void a_precondition_can_be_required(void **state)
{
    static const struct {
        const char *method;
        const char *uri;
        const char *header;
        int status;
    } rows[] = {
        {"PUT", PRODUCT, NULL, 428},
        {"PUT", PRODUCT, "HTTP_IF_MATCH=\"1\"", 200},
        {"PUT", PRODUCT, "HTTP_IF_MATCH=*", 200},
        {"PUT", PRODUCT, "HTTP_IF_NONE_MATCH=*", 200},
        {"PUT", BY_SKU, NULL, 428},
        {"PATCH", PRODUCT, NULL, 428},
        {"DELETE", PRODUCT, NULL, 428},
        {"DELETE", PRODUCT, "HTTP_IF_MATCH=\"1\"", 204},
        {"POST", "/api/v1/products", NULL, 201},
        {"POST", RESTORE, NULL, 200},
        {"PUT", PRODUCT "?dry_run=true", NULL, 428},
        {"PUT", PRODUCT "?dry_run=x", NULL, 400}, /* what is wrong is told before what is missing */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const bool has_body = strcmp(rows[i].method, "DELETE") != 0 && strcmp(rows[i].uri, RESTORE) != 0;
        const char *const headers[] = {"CONTENT_TYPE=application/json", rows[i].header, NULL};
        struct catalog catalog = fresh_catalog();
        catalog.require_if_match = true;
        struct exchange *exchange = serve(&catalog, rows[i].method, rows[i].uri, headers, has_body ? BODY : NULL);
        if (exchange->response.status != rows[i].status) {
            fail_msg("%s %s: %d %s", rows[i].method, rows[i].uri, exchange->response.status, body_of(exchange));
        }
        assert_int_equal(catalog.calls, rows[i].status < 300);
        if (rows[i].status == 428) {
            assert_non_null(strstr(body_of(exchange), "/problems/precondition-required"));
        }
    }
}

static void a_stale_change_is_told_what_is_there(void **state)
{
    struct catalog catalog = fresh_catalog();
    struct exchange *exchange;

    (void)state;
    catalog.status = STATUS_STALE;
    catalog.result = (struct change_result){.current_version = 7, .changed = TEXT("name,price")};
    exchange = put_with(&catalog, "HTTP_IF_MATCH=\"3\"");
    assert_int_equal(exchange->response.status, 412);
    assert_text(header_of(exchange, "ETag"), "\"7\"");
    assert_non_null(strstr(body_of(exchange), "\"current_version\":7,\"changed_fields\":[\"name\",\"price\"]"));
    assert_non_null(strstr(body_of(exchange), "The product is at version 7 now"));

    catalog.result = (struct change_result){.current_version = 7};
    exchange = put_with(&catalog, "HTTP_IF_MATCH=\"3\"");
    assert_non_null(strstr(body_of(exchange), "\"current_version\":7"));
    assert_null(strstr(body_of(exchange), "changed_fields"));

    catalog.result = (struct change_result){0};
    exchange = put_with(&catalog, "HTTP_IF_MATCH=\"3\"");
    assert_int_equal(exchange->response.status, 412);
    assert_null(header_of(exchange, "ETag").data);
    assert_null(strstr(body_of(exchange), "current_version"));
    assert_non_null(strstr(body_of(exchange), "There is no such product"));
}

/* --- keys --- */

static void a_key_is_bare_or_quoted(void **state)
{
    static const struct {
        const char *header;
        const char *key; /* NULL: refused */
    } rows[] = {
        {"x", "x"},
        {"\"x\"", "x"},
        {"  x ", "x"},
        {"\t\"x y\"\t", "x y"},
        {"a;b=c", "a;b=c"},
        {"*", "*"},
        {"'x'", "'x'"},
        {"~!@#$%^&()", "~!@#$%^&()"},
        {"\"\"", NULL},
        {"\"", NULL},
        {"a\"", NULL},
        {"\"a", NULL},
        {"\"a\"b\"", NULL},
        {"a\\b", NULL},
        {"a\tb", NULL},
        {"caf\xc3\xa9", NULL},
        {"\"caf\xc3\xa9\"", NULL},
        {"\xff", NULL},
        {"a\x7f", NULL},
        {"\x01", NULL},
        {"\"a\";p=1", NULL},
    };
    char header[64];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct catalog catalog = fresh_catalog();
        (void)snprintf(header, sizeof(header), "HTTP_IDEMPOTENCY_KEY=%s", rows[i].header);
        struct exchange *exchange = put_with(&catalog, header);
        if (rows[i].key == NULL) {
            assert_fault(exchange, "header", "Idempotency-Key", "malformed");
            assert_int_equal(catalog.calls, 0);
        } else {
            assert_text(catalog.options.key, rows[i].key);
        }
    }
}

static void a_key_has_at_most_255_characters(void **state)
{
    char header[400] = "HTTP_IDEMPOTENCY_KEY=";
    const size_t start = strlen(header);
    (void)state;
    for (size_t length = 254; length <= 257; length++) {
        for (int quoted = 0; quoted < 2; quoted++) {
            struct catalog catalog = fresh_catalog();
            char *at = header + start;
            if (quoted) {
                *at++ = '"';
            }
            memset(at, 'k', length);
            at[length] = quoted ? '"' : '\0';
            at[length + 1] = '\0';
            struct exchange *exchange = put_with(&catalog, header);
            assert_int_equal(exchange->response.status, length <= 255 ? 200 : 400);
            assert_int_equal(catalog.options.key.length, length <= 255 ? length : 0);
        }
    }
}

/* What the request is told by. */
static const char *identity_of(const char *method, const char *uri, const char *content_type, const char *body)
{
    const char *const headers[] = {"HTTP_IDEMPOTENCY_KEY=k", "HTTP_X_REQUEST_ID=varies", content_type, NULL};
    struct catalog catalog = fresh_catalog();
    struct exchange *exchange = serve(&catalog, method, uri, headers, body);
    static char kept[4][2048];
    static unsigned next;
    char *copy = kept[next++ % 4];
    assert_true(exchange->response.status < 300);
    (void)snprintf(copy, sizeof(kept[0]), "%.*s", TEXT_PRINT(catalog.options.request));
    return copy;
}

static void another_request_is_another(void **state)
{
    const char *json = "CONTENT_TYPE=application/json";
    const char *one = identity_of("PUT", PRODUCT, json, BODY);
    (void)state;
    assert_string_equal(one, "PUT " PRODUCT "\napplication/json\n" BODY);
    assert_string_not_equal(identity_of("PUT", PRODUCT "?dry_run=false", json, BODY), one);
    assert_string_not_equal(identity_of("PUT", PRODUCT, json, BODY " "), one);
    assert_string_not_equal(identity_of("PUT", PRODUCT, "CONTENT_TYPE=application/json; charset=utf-8", BODY), one);
    assert_string_equal(identity_of("DELETE", PRODUCT, NULL, NULL), "DELETE " PRODUCT "\n\n");
    /* Bytes that Postgres would not take as text are none of it. */
    assert_string_equal(identity_of("PUT", PRODUCT, "CONTENT_TYPE=application/json; a=\"\xff\xc3\"", BODY),
                        "PUT " PRODUCT "\napplication/json;%20a=\"%FF%C3\"\n" BODY);
}

static void the_status_of_a_key_is_a_conflict_or_unprocessable(void **state)
{
    struct catalog catalog = fresh_catalog();
    struct exchange *exchange;

    (void)state;
    catalog.status = STATUS_KEY_REUSED;
    assert_int_equal(put_with(&catalog, "HTTP_IDEMPOTENCY_KEY=k")->response.status, 422);
    catalog.status = STATUS_IN_PROGRESS;
    exchange = put_with(&catalog, "HTTP_IDEMPOTENCY_KEY=k");
    assert_int_equal(exchange->response.status, 409);
    assert_text(header_of(exchange, "Retry-After"), "1");
    /* What may have been done: who has a key can just send it again. */
    catalog.status = STATUS_UNCERTAIN;
    exchange = put_with(&catalog, "HTTP_IDEMPOTENCY_KEY=k");
    assert_int_equal(exchange->response.status, 503);
    assert_non_null(strstr(body_of(exchange), "with the same Idempotency-Key"));
    exchange = put_with(&catalog, NULL);
    assert_non_null(strstr(body_of(exchange), "Look before you send it again"));
}

static void a_replay_says_so(void **state)
{
    struct catalog catalog = fresh_catalog();
    struct exchange *exchange = put_with(&catalog, "HTTP_IDEMPOTENCY_KEY=k");

    (void)state;
    assert_null(header_of(exchange, "Idempotency-Replayed").data);
    catalog.result.replayed = true;
    exchange = put_with(&catalog, "HTTP_IDEMPOTENCY_KEY=k");
    assert_text(header_of(exchange, "Idempotency-Replayed"), "true");
    assert_text(header_of(exchange, "ETag"), "\"3\"");
    assert_text(header_of(serve(&catalog, "DELETE", PRODUCT, NULL, NULL), "Idempotency-Replayed"), "true");
    assert_text(header_of(serve(&catalog, "POST", RESTORE, NULL, NULL), "Idempotency-Replayed"), "true");
}

/* --- preferences and dry runs --- */

static void preferences_are_read(void **state)
{
    static const struct {
        const char *header;
        bool minimal;
        bool disjoint; /* of a PATCH */
    } rows[] = {
        {"HTTP_PREFER=return=minimal", true, false},
        {"HTTP_PREFER=Return=\"MINIMAL\", merge=disjoint", true, true},
        {"HTTP_PREFER=return=representation", false, false},
        {"HTTP_PREFER=merge=disjoint;x=1", false, true},
        {"HTTP_PREFER=merge, return", false, false},
        {"HTTP_PREFER=\"", false, false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct catalog catalog = fresh_catalog();
        struct exchange *exchange = put_with(&catalog, rows[i].header);
        assert_row(exchange->response.status == (rows[i].minimal ? 204 : 200), rows[i].header);
        assert_row((response_body(&exchange->response).length == 0) == rows[i].minimal, rows[i].header);
        assert_row((header_of(exchange, "Preference-Applied").data != NULL) == rows[i].minimal, rows[i].header);
        assert_text(header_of(exchange, "ETag"), "\"3\"");
        assert_row(!catalog.options.expectation.disjoint, rows[i].header);
        const char *const headers[] = {"CONTENT_TYPE=application/json", rows[i].header, NULL};
        (void)serve(&catalog, "PATCH", PRODUCT, headers, "{}");
        assert_row(catalog.options.expectation.disjoint == rows[i].disjoint, rows[i].header);
    }
}

static void a_minimal_answer_of_a_create_is_a_201(void **state)
{
    static const char *const headers[] = {"CONTENT_TYPE=application/json", "HTTP_PREFER=return=minimal", NULL};
    struct catalog catalog = fresh_catalog();
    struct exchange *exchange = serve(&catalog, "POST", "/api/v1/products", headers, BODY);

    (void)state;
    assert_int_equal(exchange->response.status, 201);
    assert_int_equal(response_body(&exchange->response).length, 0);
    assert_text(header_of(exchange, "Location"), PRODUCT);
    assert_null(header_of(exchange, "Content-Type").data);
}

static void a_dry_run_is_true_or_false(void **state)
{
    static const struct {
        const char *query;
        int dry; /* -1: refused */
    } rows[] = {
        {"", 0},
        {"?", 0},
        {"?dry_run=true", 1},
        {"?dry%5Frun=tru%65", 1},
        {"?dry_run=false", 0},
        {"?dry_run=", -1},
        {"?dry_run", -1},
        {"?dry_run=TRUE", -1},
        {"?dry_run=1", -1},
        {"?dry_run=true&dry_run=true", -1},
        {"?dry_run=true&x=1", -1},
        {"?dry_run=%zz", -1},
        {"?dry_run=%00", -1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *const headers[] = {"CONTENT_TYPE=application/json", NULL};
        struct catalog catalog = fresh_catalog();
        char uri[200];
        (void)snprintf(uri, sizeof(uri), PRODUCT "%s", rows[i].query);
        struct exchange *exchange = serve(&catalog, "PUT", uri, headers, BODY);
        assert_row(exchange->response.status == (rows[i].dry < 0 ? 400 : 200), rows[i].query);
        assert_row(catalog.calls == (rows[i].dry < 0 ? 0 : 1), rows[i].query);
        assert_row(rows[i].dry < 0 || catalog.options.dry_run == (rows[i].dry == 1), rows[i].query);
        (void)snprintf(uri, sizeof(uri), RESTORE "%s", rows[i].query);
        exchange = serve(&catalog, "POST", uri, NULL, NULL);
        assert_row(exchange->response.status == (rows[i].dry < 0 ? 400 : 200), rows[i].query);
    }
}

/* --- the routes --- */

static void a_put_may_repeat_its_id(void **state)
{
    static const char *const json[] = {"CONTENT_TYPE=application/json", NULL};
    struct catalog catalog = fresh_catalog();

    (void)state;
    assert_int_equal(serve(&catalog, "PUT", "/api/v1/products/0193A7C0-9A3E-7CC3-98C4-DC0C0C07398F", json,
                           "{\"id\":\"0193a7c0-9A3E-7cc3-98c4-dc0c0c07398f\"," /* as the path, but for the case */
                           "\"name\":\"Tea\",\"price\":1,\"category_id\":\"" ID "\"}")
                         ->response.status,
                     200);
    assert_fault(serve(&catalog, "PUT", PRODUCT, json,
                       "{\"id\":\"0193a7c0-9a3e-7cc3-98c4-dc0c0c073980\",\"name\":\"Tea\",\"price\":1,"
                       "\"category_id\":\"" ID "\"}"),
                 "pointer", "/id", "read_only");
    assert_fault(serve(&catalog, "PUT", BY_SKU, json,
                       "{\"id\":\"" ID "\",\"name\":\"Tea\",\"price\":1,\"category_id\":\"" ID "\"}"),
                 "pointer", "/id", "read_only");
    assert_int_equal(serve(&catalog, "PUT", "/api/v1/products/1", json, BODY)->response.status, 400);
}

static void the_sku_of_the_path_counts(void **state)
{
    static const char *const json[] = {"CONTENT_TYPE=application/json", NULL};
    static const struct {
        const char *uri;
        const char *sku;    /* of the body, as JSON; "" for none */
        const char *wanted; /* NULL: refused */
    } rows[] = {
        {"/api/v1/products/by-sku/Tea-1", "", "Tea-1"},   {"/api/v1/products/by-sku/Tea-1", "\"tEA-1\"", "tEA-1"},
        {"/api/v1/products/by-sku/%54ea-1", "", "Tea-1"}, {"/api/v1/products/by-sku/restore", "", "restore"},
        {"/api/v1/products/by-sku/by-sku", "", "by-sku"}, {"/api/v1/products/by-sku/Tea-1", "\"Tea-2\"", NULL},
        {"/api/v1/products/by-sku/Tea-1", "null", NULL},  {"/api/v1/products/by-sku/Tea-1", "\"\"", NULL},
        {"/api/v1/products/by-sku/-Tea", "", NULL},       {"/api/v1/products/by-sku/a%20b", "", NULL},
        {"/api/v1/products/by-sku/%C3%A9", "", NULL},
    };
    char body[300];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct catalog catalog = fresh_catalog();
        (void)snprintf(body, sizeof(body), "{%s%s%s\"name\":\"Tea\",\"price\":1,\"category_id\":\"" ID "\"}",
                       rows[i].sku[0] != '\0' ? "\"sku\":" : "", rows[i].sku, rows[i].sku[0] != '\0' ? "," : "");
        struct exchange *exchange = serve(&catalog, "PUT", rows[i].uri, json, body);
        if (rows[i].wanted == NULL) {
            assert_int_equal(exchange->response.status, 400);
            assert_non_null(strstr(body_of(exchange), "sku"));
        } else {
            assert_int_equal(exchange->response.status, 200);
            assert_text(catalog.input.value[PRODUCT_SKU], rows[i].wanted);
        }
    }
}

static void what_takes_no_body_says_so(void **state)
{
    static const char *const uris[][2] = {{"DELETE", PRODUCT}, {"POST", RESTORE}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(uris); i++) {
        struct catalog catalog = fresh_catalog();
        assert_int_equal(serve(&catalog, uris[i][0], uris[i][1], NULL, "{\"x\":1}")->response.status, 400);
        assert_int_equal(serve(&catalog, uris[i][0], uris[i][1], NULL, "\xff")->response.status, 400);
        assert_int_equal(catalog.calls, 0);
        assert_true(serve(&catalog, uris[i][0], uris[i][1], NULL, " {} ")->response.status < 300);
        assert_true(serve(&catalog, uris[i][0], uris[i][1], NULL, "")->response.status < 300);
    }
}

static void a_type_that_is_not_taken_is_told_in_the_header_of_the_method(void **state)
{
    static const char *const text[] = {"CONTENT_TYPE=text/plain", NULL};
    struct catalog catalog = fresh_catalog();

    (void)state;
    assert_text(header_of(serve(&catalog, "PUT", PRODUCT, text, BODY), "Accept"), "application/json");
    assert_text(header_of(serve(&catalog, "POST", "/api/v1/products", text, BODY), "Accept-Post"), "application/json");
    assert_non_null(header_of(serve(&catalog, "PATCH", PRODUCT, text, BODY), "Accept-Patch").data);
    assert_int_equal(catalog.calls, 0);
}

static void what_is_gone_is_a_410(void **state)
{
    struct catalog catalog = fresh_catalog();

    (void)state;
    catalog.status = STATUS_GONE;
    assert_int_equal(put_with(&catalog, NULL)->response.status, 410);
    assert_int_equal(serve(&catalog, "DELETE", PRODUCT, NULL, NULL)->response.status, 410);
    catalog.status = STATUS_OK;
    assert_int_equal(serve(&catalog, "DELETE", PRODUCT, NULL, NULL)->response.status, 204);
    assert_int_equal(response_body(&serve(&catalog, "DELETE", PRODUCT, NULL, NULL)->response).length, 0);
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
        cmocka_unit_test(if_match_tells_the_versions_that_are_expected),
        cmocka_unit_test(if_none_match_is_a_star_on_a_write),
        cmocka_unit_test(all_faults_of_headers_and_parameters_come_at_once),
        cmocka_unit_test(a_precondition_can_be_required),
        cmocka_unit_test(a_stale_change_is_told_what_is_there),
        cmocka_unit_test(a_key_is_bare_or_quoted),
        cmocka_unit_test(a_key_has_at_most_255_characters),
        cmocka_unit_test(another_request_is_another),
        cmocka_unit_test(the_status_of_a_key_is_a_conflict_or_unprocessable),
        cmocka_unit_test(a_replay_says_so),
        cmocka_unit_test(preferences_are_read),
        cmocka_unit_test(a_minimal_answer_of_a_create_is_a_201),
        cmocka_unit_test(a_dry_run_is_true_or_false),
        cmocka_unit_test(a_put_may_repeat_its_id),
        cmocka_unit_test(the_sku_of_the_path_counts),
        cmocka_unit_test(what_takes_no_body_says_so),
        cmocka_unit_test(a_type_that_is_not_taken_is_told_in_the_header_of_the_method),
        cmocka_unit_test(what_is_gone_is_a_410),
    };
    return cmocka_run_group_tests(tests, NULL, teardown);
}

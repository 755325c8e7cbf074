/* Products and categories as handlers answer them: parameters, bodies, headers, pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_catalog.h"

#include <string.h>

#define ID "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"
#define PRODUCT "/api/v1/products/" ID
#define CATEGORY "/api/v1/categories/" ID

static const char *const json[] = {"CONTENT_TYPE=application/json", NULL};

static void assert_contains(const char *where, const char *what)
{
    if (strstr(where, what) == NULL) {
        fail_msg("\"%s\" is not in: %s", what, where);
    }
}

static void a_product_is_answered_with_its_etag(void **state)
{
    struct catalog catalog = {.view = {.version = 3, .json = TEXT("{\"id\":\"x\"}")}};
    struct exchange *exchange =
        serve(&catalog, "GET", "/api/v1/products/0193A7C0-9A3E-7CC3-98C4-DC0C0C07398F", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 200);
    assert_string_equal(body_of(exchange), "{\"id\":\"x\"}");
    assert_true(text_equal(header_of(exchange, "ETag"), TEXT("\"3\"")));
    assert_true(text_equal(header_of(exchange, "Content-Type"), TEXT("application/json")));
    assert_true(text_equal(catalog.input.value[PRODUCT_ID], TEXT(ID)));
    assert_false(catalog.fresh);
}

static void a_tag_that_is_known_is_a_304(void **state)
{
    static const char *const same[] = {"HTTP_IF_NONE_MATCH=W/\"1\", \"3-gzip\"", NULL};
    static const char *const other[] = {"HTTP_IF_NONE_MATCH=\"2\"", NULL};
    struct catalog catalog = {.view = {.version = 3, .json = TEXT("{}")}};
    struct exchange *exchange = serve(&catalog, "GET", PRODUCT, same, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 304);
    assert_int_equal(response_body(&exchange->response).length, 0);
    assert_true(text_equal(header_of(exchange, "ETag"), TEXT("\"3\"")));
    assert_int_equal(serve(&catalog, "GET", PRODUCT, other, NULL)->response.status, 200);
}

static void no_cache_reads_the_database(void **state)
{
    static const char *const fresh[] = {"HTTP_CACHE_CONTROL=max-age=0, No-Cache", NULL};
    struct catalog catalog = {.view = {.version = 1, .json = TEXT("{}")}};

    (void)state;
    assert_int_equal(serve(&catalog, "GET", PRODUCT, fresh, NULL)->response.status, 200);
    assert_true(catalog.fresh);
}

static void an_id_that_is_none_is_named(void **state)
{
    struct catalog catalog = {0};
    struct exchange *exchange = serve(&catalog, "GET", "/api/v1/products/17", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 400);
    assert_contains(body_of(exchange), "\"errors\":[{\"parameter\":\"id\",\"code\":\"uuid\"");
    assert_int_equal(catalog.calls, 0);
}

static void unknown_and_repeated_parameters_are_named(void **state)
{
    struct catalog catalog = {0};
    struct exchange *exchange = serve(&catalog, "GET", "/api/v1/products?limt=3&offset=9", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 400);
    assert_contains(body_of(exchange), "\"parameter\":\"limt\"");
    assert_contains(body_of(exchange), "did you mean \\\"limit\\\"?");
    assert_contains(body_of(exchange), "\"parameter\":\"offset\"");
    exchange = serve(&catalog, "GET", "/api/v1/products?limit=3&limit=4", NULL, NULL);
    assert_contains(body_of(exchange), "{\"parameter\":\"limit\",\"code\":\"repeated\"");
    exchange = serve(&catalog, "GET", "/api/v1/products?limit=%zz", NULL, NULL);
    assert_contains(body_of(exchange), "{\"parameter\":\"limit\",\"code\":\"malformed\"");
    assert_int_equal(serve(&catalog, "GET", PRODUCT "?x=1", NULL, NULL)->response.status, 400);
    assert_int_equal(catalog.calls, 0);
}

static void all_faults_of_a_query_come_at_once(void **state)
{
    struct catalog catalog = {0};
    const char *body = body_of(serve(
        &catalog, "GET", "/api/v1/products?limit=501&category_id=x&min_price=-1&max_price=1e5&cursor=abc", NULL, NULL));

    (void)state;
    assert_contains(body, "\"parameter\":\"limit\"");
    assert_contains(body, "\"parameter\":\"category_id\"");
    assert_contains(body, "\"parameter\":\"min_price\"");
    assert_contains(body, "\"parameter\":\"max_price\"");
    assert_contains(body, "\"parameter\":\"cursor\"");
    assert_contains(body, "; and 2 more");
    body = body_of(serve(&catalog, "GET", "/api/v1/products?min_price=5&max_price=4.99", NULL, NULL));
    assert_contains(body, "\"code\":\"empty_range\"");
}

static void a_list_hands_its_filters_down(void **state)
{
    struct catalog catalog = {0};
    struct exchange *exchange =
        serve(&catalog, "GET", "/api/v1/products?category_id=" ID "&min_price=0&max_price=19.90&limit=7", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 200);
    assert_string_equal(body_of(exchange), "[]");
    assert_int_equal(catalog.product_query.limit, 7);
    assert_true(text_equal(catalog.product_query.filter.category_id, TEXT(ID)));
    assert_true(text_equal(catalog.product_query.filter.min_price, TEXT("0")));
    assert_true(text_equal(catalog.product_query.filter.max_price, TEXT("19.90")));
    assert_false(catalog.product_query.has_cursor);
    assert_null(header_of(exchange, "Link").data);
}

/* The target of a Link header, terminated. */
static const char *next_of(struct exchange *exchange)
{
    struct text link = header_of(exchange, "Link");
    const char *end = link.data != NULL ? memchr(link.data, '>', link.length) : NULL;

    assert_non_null(end);
    assert_string_equal(
        arena_string(exchange->scope.arena, (struct text){end, (size_t)(link.data + link.length - end)}),
        ">; rel=\"next\"");
    return arena_string(exchange->scope.arena, (struct text){link.data + 1, (size_t)(end - link.data - 1)});
}

static void a_link_leads_on_with_the_same_filters_only(void **state)
{
    struct catalog catalog = {.more = true, .next = {.key = "2026-11-23T09:15:02.123456Z", .key_length = 27, .id = ID}};
    struct exchange *exchange = serve(&catalog, "GET", "/api/v1/products?limit=1&max%5Fprice=5.0", NULL, NULL);
    char next[512];
    char changed[512];

    (void)state;
    (void)strncpy(next, next_of(exchange), sizeof next - 1);
    next[sizeof next - 1] = '\0';
    assert_contains(next, "/api/v1/products?limit=1&max_price=5.0&cursor=");

    exchange = serve(&catalog, "GET", next, NULL, NULL);
    assert_int_equal(exchange->response.status, 200);
    assert_true(catalog.product_query.has_cursor);
    assert_true(text_equal(cursor_key(&catalog.product_query.cursor), TEXT("2026-11-23T09:15:02.123456Z")));
    assert_string_equal(catalog.product_query.cursor.id, ID);
    assert_string_equal(next_of(exchange), next);

    (void)strncpy(changed, next, sizeof changed);
    memcpy(strstr(changed, "5.0"), "6.0", 3);
    exchange = serve(&catalog, "GET", changed, NULL, NULL);
    assert_int_equal(exchange->response.status, 400);
    assert_contains(body_of(exchange), "\"code\":\"other_filters\"");
}

static void a_creation_answers_201_with_its_location(void **state)
{
    struct catalog catalog = {.view = {.version = 1, .json = TEXT("{\"made\":true}")}};
    struct exchange *exchange = serve(&catalog, "POST", "/api/v1/products", json,
                                      "{\"name\":\" Tea \",\"price\":19.990,\"category_id\":\"" ID "\"}");

    (void)state;
    assert_int_equal(exchange->response.status, 201);
    assert_true(text_equal(header_of(exchange, "Location"), TEXT(PRODUCT)));
    assert_true(text_equal(header_of(exchange, "ETag"), TEXT("\"1\"")));
    assert_true(text_equal(catalog.input.value[PRODUCT_NAME], TEXT("Tea")));
    assert_true(text_equal(catalog.input.value[PRODUCT_PRICE], TEXT("19.990")));
    assert_true(text_equal(catalog.input.value[PRODUCT_CURRENCY], TEXT("USD")));
}

static void all_faults_of_a_body_come_at_once(void **state)
{
    struct catalog catalog = {0};
    const char *body = body_of(serve(&catalog, "POST", "/api/v1/products", json,
                                     "{\"name\":\" \",\"price\":0,\"id\":\"" ID "\",\"colour\":1}"));

    (void)state;
    assert_contains(body, "\"pointer\":\"/name\",\"code\":\"blank\"");
    assert_contains(body, "\"pointer\":\"/price\",\"code\":\"not_positive\",\"detail\":\"must be greater than zero\"");
    assert_contains(body, "\"pointer\":\"/id\",\"code\":\"read_only\"");
    assert_contains(body, "\"pointer\":\"/colour\",\"code\":\"unknown_member\"");
    assert_contains(body, "\"pointer\":\"/category_id\",\"code\":\"required\"");
}

static void a_body_that_is_not_json_is_refused(void **state)
{
    static const char *const form[] = {"CONTENT_TYPE=application/x-www-form-urlencoded", NULL};
    struct catalog catalog = {0};
    struct exchange *exchange = serve(&catalog, "POST", "/api/v1/products", form, "a=b");

    (void)state;
    assert_int_equal(exchange->response.status, 415);
    assert_true(text_equal(header_of(exchange, "Accept-Post"), TEXT("application/json")));
    assert_int_equal(serve(&catalog, "POST", "/api/v1/products", json, "")->response.status, 400);
    exchange = serve(&catalog, "POST", "/api/v1/products", json, "{\"name\":");
    assert_int_equal(exchange->response.status, 400);
    assert_contains(body_of(exchange), "\"code\":\"syntax\"");
    assert_int_equal(serve(&catalog, "POST", "/api/v1/products", json, "[]")->response.status, 400);
}

static void categories_are_listed_read_and_made(void **state)
{
    struct catalog catalog = {.count = 1};
    struct exchange *exchange;

    (void)state;
    record_set(&catalog.records[0], CATEGORY_ID, TEXT(ID));
    record_set(&catalog.records[0], CATEGORY_NAME, TEXT("Tea"));
    record_set(&catalog.records[0], CATEGORY_VERSION, TEXT("2"));
    exchange = serve(&catalog, "GET", "/api/v1/categories?parent_id=" ID, NULL, NULL);
    assert_int_equal(exchange->response.status, 200);
    assert_contains(body_of(exchange), "[{\"id\":\"" ID "\",\"parent_id\":null,\"name\":\"Tea\"");
    assert_true(text_equal(catalog.category_query.parent_id, TEXT(ID)));

    exchange = serve(&catalog, "GET", "/api/v1/categories/" ID, NULL, NULL);
    assert_true(text_equal(header_of(exchange, "ETag"), TEXT("\"2\"")));
    exchange = serve(&catalog, "POST", "/api/v1/categories", json, "{\"name\":\"Tea\"}");
    assert_int_equal(exchange->response.status, 201);
    assert_true(text_equal(header_of(exchange, "Location"), TEXT("/api/v1/categories/" ID)));
    assert_true(text_equal(catalog.input.value[CATEGORY_POSITION], TEXT("0")));
    assert_int_equal(serve(&catalog, "POST", "/api/v1/categories", json, "{}")->response.status, 400);
}

static void categories_are_changed_and_deleted(void **state)
{
    static const char *const patch[] = {"CONTENT_TYPE=application/merge-patch+json", "HTTP_IF_MATCH=\"2\"", NULL};
    static const char *const form[] = {"CONTENT_TYPE=text/plain", NULL};
    struct catalog catalog = {.view = {.version = 3, .json = TEXT("{\"id\":\"x\"}")}};
    struct exchange *exchange;

    (void)state;
    record_set(&catalog.records[0], CATEGORY_ID, TEXT(ID));
    record_set(&catalog.records[0], CATEGORY_NAME, TEXT("Tea"));
    record_set(&catalog.records[0], CATEGORY_SLUG, TEXT("tea"));
    record_set(&catalog.records[0], CATEGORY_POSITION, TEXT("4"));
    record_set(&catalog.records[0], CATEGORY_VERSION, TEXT("2"));
    record_set(&catalog.records[0], CATEGORY_CREATED_AT, TEXT("2026-11-23T09:15:02.123456Z"));
    record_set(&catalog.records[0], CATEGORY_UPDATED_AT, TEXT("2026-11-23T09:15:02.123456Z"));
    exchange = serve(&catalog, "PATCH", CATEGORY, patch, "{\"slug\":null,\"position\":null,\"name\":\"Teas\"}");
    assert_int_equal(exchange->response.status, 200);
    assert_string_equal(body_of(exchange), "{\"id\":\"x\"}");
    assert_true(text_equal(header_of(exchange, "ETag"), TEXT("\"3\"")));
    assert_true(text_equal(catalog.input.value[CATEGORY_NAME], TEXT("Teas")));
    assert_true(text_equal(catalog.input.value[CATEGORY_POSITION], TEXT("0")));
    assert_null(catalog.input.value[CATEGORY_SLUG].data);
    assert_true(text_equal(catalog.input.value[CATEGORY_VERSION], TEXT("2")));
    assert_int_equal(catalog.options.expectation.versions[0], 2);

    assert_int_equal(serve(&catalog, "PATCH", CATEGORY, patch, "{\"name\":null}")->response.status, 400);
    exchange = serve(&catalog, "PATCH", CATEGORY, form, "{}");
    assert_int_equal(exchange->response.status, 415);
    assert_contains(arena_string(exchange->scope.arena, header_of(exchange, "Accept-Patch")), "json-patch");

    exchange = serve(&catalog, "DELETE", CATEGORY, NULL, NULL);
    assert_int_equal(exchange->response.status, 204);
    catalog.status = STATUS_NOT_FOUND;
    assert_int_equal(serve(&catalog, "DELETE", CATEGORY, NULL, NULL)->response.status, 404);
    catalog.status = STATUS_STALE;
    catalog.result.current_version = 7;
    exchange = serve(&catalog, "DELETE", CATEGORY, NULL, NULL);
    assert_int_equal(exchange->response.status, 412);
    assert_contains(body_of(exchange), "The category is at version 7 now");
}

static void categories_are_shown_as_a_tree(void **state)
{
    struct catalog catalog = {.count = 2};
    struct exchange *exchange;

    (void)state;
    record_set(&catalog.records[0], CATEGORY_ID, TEXT(ID));
    record_set(&catalog.records[1], CATEGORY_ID, TEXT("below"));
    record_set(&catalog.records[1], CATEGORY_PARENT_ID, TEXT(ID));
    exchange = serve(&catalog, "GET", "/api/v1/categories?tree=true", NULL, NULL);
    assert_int_equal(exchange->response.status, 200);
    assert_contains(body_of(exchange), "\"children\":[{\"id\":\"below\"");
    exchange = serve(&catalog, "GET", "/api/v1/categories?tree=true&parent_id=" ID, NULL, NULL);
    assert_contains(body_of(exchange), "[{\"id\":\"below\"");
    exchange = serve(&catalog, "GET", "/api/v1/categories?tree=true&limit=3", NULL, NULL);
    assert_int_equal(exchange->response.status, 400);
    assert_contains(body_of(exchange), "\"parameter\":\"limit\"");
    catalog.status = STATUS_TOO_LARGE;
    exchange = serve(&catalog, "GET", "/api/v1/categories?tree=true", NULL, NULL);
    assert_int_equal(exchange->response.status, 400);
    assert_contains(body_of(exchange), "page through the list");
    catalog.status = STATUS_UNAVAILABLE;
    assert_int_equal(serve(&catalog, "GET", "/api/v1/categories?tree=true", NULL, NULL)->response.status, 503);
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
        cmocka_unit_test(a_product_is_answered_with_its_etag),
        cmocka_unit_test(a_tag_that_is_known_is_a_304),
        cmocka_unit_test(no_cache_reads_the_database),
        cmocka_unit_test(an_id_that_is_none_is_named),
        cmocka_unit_test(unknown_and_repeated_parameters_are_named),
        cmocka_unit_test(all_faults_of_a_query_come_at_once),
        cmocka_unit_test(a_list_hands_its_filters_down),
        cmocka_unit_test(a_link_leads_on_with_the_same_filters_only),
        cmocka_unit_test(a_creation_answers_201_with_its_location),
        cmocka_unit_test(all_faults_of_a_body_come_at_once),
        cmocka_unit_test(a_body_that_is_not_json_is_refused),
        cmocka_unit_test(categories_are_listed_read_and_made),
        cmocka_unit_test(categories_are_changed_and_deleted),
        cmocka_unit_test(categories_are_shown_as_a_tree),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}

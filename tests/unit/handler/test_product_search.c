/* Searches and facets as the handlers answer them: parameters, and what is told of a search. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_catalog.h"

#include <string.h>

#define LIST "/api/v1/products"

static void assert_contains(const char *where, const char *what)
{
    if (strstr(where, what) == NULL) {
        fail_msg("\"%s\" is not in: %s", what, where);
    }
}

static void assert_header(const struct exchange *exchange, const char *name, const char *value)
{
    struct text header = header_of(exchange, name);
    if (!text_equal(header, text_of(value))) {
        fail_msg("%s: \"%.*s\", not \"%s\"", name, TEXT_PRINT(header), value != NULL ? value : "absent");
    }
}

static void words_are_one_more_filter(void **state)
{
    struct catalog catalog = {0};

    (void)state;
    assert_int_equal(
        serve(&catalog, "GET", LIST "?q=gr%C3%BCner+%22tee%22+-x&sort=-price", NULL, NULL)->response.status, 200);
    assert_true(text_equal(catalog.product_query.filter.search, TEXT("gr\xC3\xBCner \"tee\" -x")));
    assert_int_equal(catalog.product_query.sort, SORT_PRICE);
    assert_int_equal(serve(&catalog, "GET", LIST "?q=tea", NULL, NULL)->response.status, 200);
    assert_int_equal(catalog.product_query.sort, SORT_CREATED_AT);
    assert_false(catalog.product_query.ascending);
}

static void relevance_comes_best_first(void **state)
{
    struct catalog catalog = {0};

    (void)state;
    assert_int_equal(serve(&catalog, "GET", LIST "?q=tea&sort=relevance", NULL, NULL)->response.status, 200);
    assert_int_equal(catalog.product_query.sort, SORT_RELEVANCE);
    assert_false(catalog.product_query.ascending);
}

static void what_is_wrong_is_told(void **state)
{
    static const struct {
        const char *target;
        const char *parameter;
        const char *detail;
    } rows[] = {
        {LIST "?q=", "\"q\"", "must have a letter or a digit in it"},
        {LIST "?q=%20-%20%22", "\"q\"", "must have a letter or a digit in it"},
        {LIST "?q=1+2+3+4+5+6+7+8+9+10+11+12+13+14+15+16+17", "\"q\"", "at most 16"},
        {LIST "?sort=relevance", "\"sort\"", "goes with q"},
        {LIST "?sort=-relevance&q=tea", "\"sort\"", "without - before it"},
        {LIST "?sort=relevanc&q=tea", "\"sort\"", "did you mean \\\"relevance\\\""},
        {LIST "/facets?q=", "\"q\"", "must have a letter or a digit in it"},
        {LIST "/facets?sort=price", "\"sort\"", "is not a parameter"},
        {LIST "/facets?limit=3", "\"limit\"", "is not a parameter"},
        {LIST "/facets?status=lost", "\"status\"", "must be one"},
    };
    struct catalog catalog = {0};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct exchange *exchange = serve(&catalog, "GET", rows[i].target, NULL, NULL);
        if (exchange->response.status != 400) {
            fail_msg("%s: %d", rows[i].target, exchange->response.status);
        }
        assert_contains(body_of(exchange), rows[i].parameter);
        assert_contains(body_of(exchange), rows[i].detail);
    }
    assert_int_equal(catalog.calls, 0);
}

static void what_became_of_a_search_is_told_in_headers(void **state)
{
    static const char *const targets[] = {LIST "?q=x", LIST "/facets?q=x"};
    struct catalog catalog = {
        .note = {.newest_only = true,
                 .spelling = {{TEXT("hamer"), TEXT("hammer")}, {TEXT("\xCF\x84\xCF\x83"), TEXT("\xCF\x84\r\n")}},
                 .spelling_count = 2},
    };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct exchange *exchange = serve(&catalog, "GET", targets[i], NULL, NULL);
        assert_header(exchange, "X-Search-Corrected", "hamer=hammer, %CF%84%CF%83=%CF%84%0D%0A");
        assert_header(exchange, "X-Search-Ranked", "newest");
    }
    catalog.note = (struct search_note){0};
    struct exchange *exchange = serve(&catalog, "GET", LIST "?q=x", NULL, NULL);
    assert_header(exchange, "X-Search-Corrected", NULL);
    assert_header(exchange, "X-Search-Ranked", NULL);
}

static void facets_take_every_filter(void **state)
{
    struct catalog catalog = {0};
    struct exchange *exchange =
        serve(&catalog, "GET", LIST "/facets?q=tea&currency=EUR&attr.colour=red&status=draft", NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 200);
    assert_true(text_equal(catalog.product_query.filter.search, TEXT("tea")));
    assert_true(text_equal(catalog.product_query.filter.currency, TEXT("EUR")));
    assert_int_equal(catalog.product_query.filter.attribute_count, 1);
    assert_false(catalog.product_query.has_cursor);
    assert_string_equal(body_of(exchange), "{\"complete\":true,\"count\":0,\"categories\":[],\"statuses\":[],"
                                           "\"prices\":[],\"attributes\":[]}");
    catalog.status = STATUS_DEADLINE;
    assert_int_equal(serve(&catalog, "GET", LIST "/facets", NULL, NULL)->response.status, 504);
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
        cmocka_unit_test(words_are_one_more_filter), cmocka_unit_test(relevance_comes_best_first),
        cmocka_unit_test(what_is_wrong_is_told),     cmocka_unit_test(what_became_of_a_search_is_told_in_headers),
        cmocka_unit_test(facets_take_every_filter),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}

/* The list of products as the handlers answer it: filters, order, pages, counts, parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake_catalog.h"

#include "domain/product.h"

#include <stdio.h>
#include <string.h>

#define ID "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"
#define OTHER "0193a7c0-9a3e-7cc3-98c4-dc0c0c073990"
#define LIST "/api/v1/products"
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static void assert_is(struct text got, const char *want)
{
    if (!text_equal(got, text_of(want))) {
        fail_msg("\"%.*s\", not \"%s\"", TEXT_PRINT(got), want);
    }
}

static void assert_contains(const char *where, const char *what)
{
    if (strstr(where, what) == NULL) {
        fail_msg("\"%s\" is not in: %s", what, where);
    }
}

/* The query that a target becomes. */
static const struct product_query *query_of(struct catalog *catalog, const char *parameters)
{
    char target[4096];
    (void)snprintf(target, sizeof target, LIST "?%s", parameters);
    struct exchange *exchange = serve(catalog, "GET", target, NULL, NULL);
    if (exchange->response.status != 200) {
        fail_msg("%s: %s", target, body_of(exchange));
    }
    return &catalog->product_query;
}

static void every_filter_is_handed_down_in_its_normal_form(void **state)
{
    struct catalog catalog = {0};
    const struct product_query *query = query_of(
        &catalog,
        "category_id=0193A7C0-9A3E-7CC3-98C4-DC0C0C07398F&category_scope=subtree&min_price=0&max_price=1.50"
        "&currency=EUR&status=archived,draft&sku=Tea-1&group_key=%20TEA%20&ids=" OTHER ",0193A7C0-9A3E-7CC3-98C4-"
        "DC0C0C07398F&attr.colour=dark%20green&attr.n=&created_after=2026-11-23T10:15:02.5%2B01:00"
        "&created_before=2026-12-31t23:59:59z&updated_after=2026-01-01T00:00:00.1234567-00:30&limit=7");
    const struct product_filter *filter = &query->filter;

    (void)state;
    assert_is(filter->category_id, ID);
    assert_true(filter->subtree);
    assert_is(filter->min_price, "0");
    assert_is(filter->max_price, "1.50");
    assert_is(filter->currency, "EUR");
    assert_int_equal(filter->statuses, 5);
    assert_is(filter->sku, "Tea-1");
    assert_is(filter->group_key, "TEA");
    assert_int_equal(filter->id_count, 2);
    assert_is(filter->ids[0], OTHER);
    assert_is(filter->ids[1], ID);
    assert_int_equal(filter->attribute_count, 2);
    assert_is(filter->attributes[0].key, "colour");
    assert_is(filter->attributes[0].value, "dark green");
    assert_is(filter->attributes[1].key, "n");
    assert_is(filter->attributes[1].value, "");
    assert_is(filter->created_after, "2026-11-23T09:15:02.500000Z");
    assert_is(filter->created_before, "2026-12-31T23:59:59.000000Z");
    assert_is(filter->updated_after, "2026-01-01T00:30:00.123456Z");
    assert_int_equal(query->limit, 7);
}

static void what_is_not_given_is_absent_and_newest_comes_first(void **state)
{
    struct catalog catalog = {0};
    const struct product_query *query = query_of(&catalog, "");

    (void)state;
    assert_null(query->filter.category_id.data);
    assert_int_equal(query->filter.statuses, 0);
    assert_int_equal(product_filter_statuses(&query->filter), 2);
    assert_int_equal(query->sort, SORT_CREATED_AT);
    assert_false(query->ascending);
    assert_int_equal(query->limit, LIST_LIMIT_DEFAULT);
}

static void orders_are_read_with_their_direction(void **state)
{
    static const struct {
        const char *parameter;
        enum product_sort sort;
        bool ascending;
    } rows[] = {
        {"sort=created_at", SORT_CREATED_AT, true},
        {"sort=-created_at", SORT_CREATED_AT, false},
        {"sort=updated_at", SORT_UPDATED_AT, true},
        {"sort=-updated_at", SORT_UPDATED_AT, false},
        {"sort=price", SORT_PRICE, true},
        {"sort=-price", SORT_PRICE, false},
        {"sort=name", SORT_NAME, true},
        {"sort=-name", SORT_NAME, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct catalog catalog = {0};
        const struct product_query *query = query_of(&catalog, rows[i].parameter);
        assert_int_equal(query->sort, rows[i].sort);
        assert_int_equal(query->ascending, rows[i].ascending);
    }
}

static void a_value_that_is_none_is_named_with_its_rule(void **state)
{
    static const struct {
        const char *parameters;
        const char *named;
        const char *code;
    } rows[] = {
        {"category_scope=subtree", "category_scope", "alone"},
        {"category_id=" ID "&category_scope=tree", "category_scope", "unknown_value"},
        {"currency=eur", "currency", "currency"},
        {"currency=", "currency", "currency"},
        {"status=", "status", "status"},
        {"status=active,", "status", "status"},
        {"status=Active", "status", "did you mean \\\"active\\\"?"},
        {"sku=-x", "sku", "sku"},
        {"group_key=%20", "group_key", "blank"},
        {"ids=", "ids", "uuid"},
        {"ids=" ID ",x", "ids", "number 2 is none"},
        {"attr.=1", "attr.", "attribute_key"},
        {"attr.Colour=1", "attr.Colour", "attribute_key"},
        {"attr=1", "attr", "unknown_parameter"},
        {"created_after=2026-11-23", "created_after", "timestamp"},
        {"created_after=2026-11-23T09:15:02+01:00", "created_after", "%2B"},
        {"updated_after=2026-02-30T00:00:00Z", "updated_after", "timestamp"},
        {"created_after=2026-01-02T00:00:00Z&created_before=2026-01-02T01:00:00%2B01:00", "created_before",
         "empty_range"},
        {"sort=", "sort", "unknown_value"},
        {"sort=prise", "sort", "did you mean \\\"price\\\"?"},
        {"sort=price,name", "sort", "unknown_value"},
        {"sort=--price", "sort", "unknown_value"},
        {"fields=", "fields", "unknown_field"},
        {"fields=id,nam", "fields", "did you mean \\\"name\\\"?"},
        {"expand=brand", "expand", "unknown_value"},
        {"expand=", "expand", "unknown_value"},
        {"catgory_id=" ID, "catgory_id", "did you mean \\\"category_id\\\"?"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct catalog catalog = {0};
        char target[512];
        char member[64];
        (void)snprintf(target, sizeof target, LIST "?%s", rows[i].parameters);
        struct exchange *exchange = serve(&catalog, "GET", target, NULL, NULL);
        if (exchange->response.status != 400) {
            fail_msg("%s is taken", target);
        }
        (void)snprintf(member, sizeof member, "\"parameter\":\"%s\"", rows[i].named);
        assert_contains(body_of(exchange), member);
        assert_contains(body_of(exchange), rows[i].code);
        assert_int_equal(catalog.calls, 0);
    }
}

static void all_faults_come_at_once_and_in_bounds(void **state)
{
    static const char *const named[] = {"category_id", "min_price", "max_price",     "currency",       "status",
                                        "sku",         "group_key", "ids",           "created_after",  "created_before",
                                        "attr.A",      "sort",      "updated_after", "limit",          "fields",
                                        "expand",      "cursor",    "colour",        "category_scope", "attr.i"};
    struct catalog catalog = {0};
    struct exchange *exchange =
        serve(&catalog, "GET",
              LIST "?category_id=1&min_price=x&max_price=y&currency=z&status=q&sku=!&group_key=&ids=1&created_after=1&"
                   "created_before=2"
                   "&updated_after=3&attr.A=1&sort=x&limit=0&fields=x&expand=x&cursor=x&colour=red&category_scope=x"
                   "&attr.a=1&attr.b=1&attr.c=1&attr.d=1&attr.e=1&attr.f=1&attr.g=1&attr.h=1&attr.i=1",
              NULL, NULL);

    (void)state;
    assert_int_equal(exchange->response.status, 400);
    for (size_t i = 0; i < COUNT_OF(named); i++) {
        char member[64];
        (void)snprintf(member, sizeof member, "\"parameter\":\"%s\"", named[i]);
        assert_contains(body_of(exchange), member);
    }
}

static void ids_are_bounded(void **state)
{
    struct catalog catalog = {0};
    char parameters[LIST_IDS_MAX * 40 + 60];
    char *end = stpcpy(parameters, "ids=" ID);
    char target[sizeof parameters + 60];

    (void)state;
    for (int i = 1; i < LIST_IDS_MAX; i++) {
        end = stpcpy(end, "," ID);
    }
    assert_int_equal(query_of(&catalog, parameters)->filter.id_count, LIST_IDS_MAX);
    (void)stpcpy(end, "," ID);
    (void)snprintf(target, sizeof target, LIST "?%s", parameters);
    struct exchange *exchange = serve(&catalog, "GET", target, NULL, NULL);
    assert_int_equal(exchange->response.status, 400);
    assert_contains(body_of(exchange), "must be at most 100 UUIDs");
}

static struct cursor place(const char *key)
{
    struct cursor cursor = {.key_length = strlen(key), .id = ID};
    memcpy(cursor.key, key, cursor.key_length);
    return cursor;
}

/* The target of the link with that relation, terminated. */
static void link_of(struct exchange *exchange, const char *relation, char target[2048])
{
    const char *headers = arena_string(exchange->scope.arena, strbuf_text(&exchange->response.headers));
    const char *end = strstr(headers, relation);

    assert_non_null(end);
    const char *start = end;
    while (start > headers && *start != '<') {
        start--;
    }
    (void)snprintf(target, 2048, "%.*s", (int)(strchr(start, '>') - start - 1), start + 1);
}

static void a_page_in_the_middle_leads_both_ways(void **state)
{
    struct catalog catalog = {.more = true, .next = place("12.50")};
    char next[2048];
    char previous[2048];

    (void)state;
    link_of(
        serve(&catalog, "GET", LIST "?sort=price&ids=" ID "," OTHER "&created_after=2026-01-01T00:00:00Z", NULL, NULL),
        "rel=\"next\"", next);
    assert_contains(next, "sort=price&ids=" ID "," OTHER "&created_after=2026-01-01T00:00:00Z&cursor=");
    link_of(serve(&catalog, "GET", next, NULL, NULL), "rel=\"prev\"", previous);
    assert_is(cursor_key(&catalog.product_query.cursor), "12.50");
    assert_false(catalog.product_query.cursor.backward);
    assert_int_equal(serve(&catalog, "GET", previous, NULL, NULL)->response.status, 200);
    assert_true(catalog.product_query.cursor.backward);
}

static void a_cursor_belongs_to_its_filters_and_its_order(void **state)
{
    struct catalog catalog = {.more = true, .next = place("12.50")};
    char next[2048];
    char other[2400];

    (void)state;
    link_of(serve(&catalog, "GET", LIST "?sort=price", NULL, NULL), "rel=\"next\"", next);
    const char *cursor = strstr(next, "cursor=");
    static const char *const others[] = {"sort=-price",
                                         "sort=name",
                                         "sort=price&status=draft",
                                         "sort=price&attr.a=1",
                                         "sort=price&currency=EUR",
                                         "sort=price&updated_after=2026-01-01T00:00:00Z"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        (void)snprintf(other, sizeof other, LIST "?%s&%s", others[i], cursor);
        struct exchange *exchange = serve(&catalog, "GET", other, NULL, NULL);
        assert_int_equal(exchange->response.status, 400);
        assert_contains(body_of(exchange), "other filters or another order");
    }
    (void)snprintf(other, sizeof other, LIST "?fields=id&limit=3&sort=price&%s", cursor);
    assert_int_equal(serve(&catalog, "GET", other, NULL, NULL)->response.status, 200);
}

/* A cursor made by hand must not bring what the database cannot read. */
static void a_key_that_is_none_of_its_order_is_refused(void **state)
{
    static const struct {
        const char *sort;
        const char *key;
    } rows[] = {
        {"created_at", "12.50"}, {"updated_at", "yesterday"}, {"price", "NaN"}, {"price", "1e5"}, {"name", "\xff"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct catalog catalog = {.more = true, .next = place(rows[i].key)};
        char target[256];
        char next[2048];
        (void)snprintf(target, sizeof target, LIST "?sort=%s", rows[i].sort);
        link_of(serve(&catalog, "GET", target, NULL, NULL), "rel=\"next\"", next);
        struct exchange *exchange = serve(&catalog, "GET", next, NULL, NULL);
        assert_int_equal(exchange->response.status, 400);
        assert_contains(body_of(exchange), "must be taken unchanged");
    }
}

static void parameters_too_long_for_the_links_are_refused_at_once(void **state)
{
    static char target[16000];
    struct catalog catalog = {.more = true, .next = place("12.50")};
    char *end = stpcpy(target, LIST "?sort=price");

    (void)state;
    for (char key = 'a'; key < 'i'; key++) {
        end += snprintf(end, 20, "&attr.%c=", key);
        memset(end, '!', 225);
        end += 225;
        *end = '\0';
    }
    struct exchange *exchange = serve(&catalog, "GET", target, NULL, NULL);
    assert_int_equal(exchange->response.status, 400);
    assert_int_equal(catalog.calls, 0);
    end[-225] = '\0';
    assert_int_equal(serve(&catalog, "GET", target, NULL, NULL)->response.status, 200);
}

static void a_count_is_told_where_it_was_asked_for(void **state)
{
    static const char *const exact[] = {"HTTP_PREFER=return=minimal, Count = \"exact\"", NULL};
    static const char *const estimated[] = {"HTTP_PREFER=count=estimated", NULL};
    static const char *const other[] = {"HTTP_PREFER=count=all", NULL};
    struct catalog catalog = {.more = true, .next = place("2026-11-23T09:15:02.123456Z"), .total = 12345};

    (void)state;
    struct exchange *exchange = serve(&catalog, "GET", LIST, exact, NULL);
    assert_is(header_of(exchange, "X-Total-Count"), "12345");
    assert_is(header_of(exchange, "Preference-Applied"), "count=exact");
    assert_int_equal(catalog.counted, PRODUCT_COUNT_EXACT);
    exchange = serve(&catalog, "GET", LIST, estimated, NULL);
    assert_is(header_of(exchange, "Preference-Applied"), "count=estimated");
    assert_int_equal(catalog.counted, PRODUCT_COUNT_ESTIMATED);
    exchange = serve(&catalog, "GET", LIST, other, NULL);
    assert_null(header_of(exchange, "X-Total-Count").data);

    catalog.count_status = STATUS_DEADLINE;
    exchange = serve(&catalog, "GET", LIST, exact, NULL);
    assert_int_equal(exchange->response.status, 504);
    assert_contains(body_of(exchange), "count=estimated");

    /* The only page tells by itself. */
    catalog.more = false;
    catalog.count = 2;
    exchange = serve(&catalog, "GET", LIST, exact, NULL);
    assert_is(header_of(exchange, "X-Total-Count"), "2");

    /* But not where only the newest were ranked. */
    catalog.count_status = STATUS_OK;
    catalog.note.newest_only = true;
    exchange = serve(&catalog, "GET", LIST, exact, NULL);
    assert_is(header_of(exchange, "X-Total-Count"), "12345");
}

/* --- parts --- */

static const char whole[] =
    "{\"id\":\"" ID
    "\",\"sku\":null,\"name\":\"a \\\"},\\\\\",\"description\":null,\"price\":\"1.50\",\"currency\":\"EUR\","
    "\"category_id\":\"" OTHER
    "\",\"status\":\"active\",\"attributes\":{\"k\": [\"}\", \"]\"], \"n\": 1.0},\"images\":[],"
    "\"group_key\":null,\"version\":3,\"created_at\":\"2026-11-23T09:15:02.123456Z\",\"updated_at\":\"2026-11-23T09:15:"
    "02.123456Z\"}";

static void one_is_shown_in_part_with_a_tag_of_its_own(void **state)
{
    struct catalog catalog = {.view = {.version = 3, .json = text_of(whole)}};
    struct exchange *exchange = serve(&catalog, "GET", LIST "/" ID "?fields=attributes,name,version", NULL, NULL);

    (void)state;
    assert_string_equal(body_of(exchange),
                        "{\"name\":\"a \\\"},\\\\\",\"attributes\":{\"k\": [\"}\", \"]\"], \"n\": 1.0},\"version\":3}");
    assert_is(header_of(exchange, "ETag"), "\"3-f904\"");

    static const char *const full[] = {"HTTP_IF_NONE_MATCH=\"3\"", NULL};
    static const char *const part[] = {"HTTP_IF_NONE_MATCH=W/\"3-f904-gzip\"", NULL};
    assert_int_equal(serve(&catalog, "GET", LIST "/" ID "?fields=name,attributes,version", full, NULL)->response.status,
                     200);
    exchange = serve(&catalog, "GET", LIST "/" ID "?fields=name,attributes,version", part, NULL);
    assert_int_equal(exchange->response.status, 304);
    assert_int_equal(response_body(&exchange->response).length, 0);
    assert_int_equal(serve(&catalog, "GET", LIST "/" ID, part, NULL)->response.status, 200);
}

static void one_is_shown_with_its_category(void **state)
{
    struct catalog catalog = {.view = {.version = 3, .json = text_of(whole)}};
    record_set(&catalog.category, CATEGORY_ID, TEXT(OTHER));
    record_set(&catalog.category, CATEGORY_NAME, TEXT("Tea"));
    record_set(&catalog.category, CATEGORY_VERSION, TEXT("7"));
    struct exchange *exchange = serve(&catalog, "GET", LIST "/" ID "?fields=id&expand=category", NULL, NULL);

    (void)state;
    assert_contains(body_of(exchange), "{\"id\":\"" ID "\",\"category\":{\"id\":\"" OTHER "\",");
    assert_is(header_of(exchange, "ETag"), "\"3-f1-c7\"");
    catalog.category = (struct record){0};
    exchange = serve(&catalog, "GET", LIST "/" ID "?fields=id&expand=category", NULL, NULL);
    assert_string_equal(body_of(exchange), "{\"id\":\"" ID "\",\"category\":null}");
    /* Every field is the product as it always is. */
    exchange = serve(&catalog, "GET",
                     LIST "/" ID "?fields=updated_at,created_at,version,group_key,images,attributes,status,category_id,"
                          "currency,price,description,name,sku,id",
                     NULL, NULL);
    assert_string_equal(body_of(exchange), whole);
    assert_is(header_of(exchange, "ETag"), "\"3\"");
}

static void a_list_shows_what_was_asked_for(void **state)
{
    struct catalog catalog = {.count = 2};
    for (size_t i = 0; i < 2; i++) {
        record_set(&catalog.records[i], PRODUCT_ID, TEXT(ID));
        record_set(&catalog.records[i], PRODUCT_NAME, TEXT("\"x\""));
        record_set(&catalog.records[i], PRODUCT_CATEGORY_ID, i == 0 ? TEXT(OTHER) : TEXT(ID));
        record_set(&catalog.records[i], PRODUCT_VERSION, TEXT("4"));
    }
    record_set(&catalog.category, CATEGORY_ID, TEXT(OTHER));

    (void)state;
    assert_string_equal(
        body_of(serve(&catalog, "GET", LIST "?fields=version,name,sku", NULL, NULL)),
        "[{\"sku\":null,\"name\":\"\\\"x\\\"\",\"version\":4},{\"sku\":null,\"name\":\"\\\"x\\\"\",\"version\":4}]");
    const char *body = body_of(serve(&catalog, "GET", LIST "?fields=version&expand=category", NULL, NULL));
    assert_contains(body, "[{\"version\":4,\"category\":{\"id\":\"" OTHER "\",");
    assert_contains(body, "{\"version\":4,\"category\":null}]");
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
        cmocka_unit_test(every_filter_is_handed_down_in_its_normal_form),
        cmocka_unit_test(what_is_not_given_is_absent_and_newest_comes_first),
        cmocka_unit_test(orders_are_read_with_their_direction),
        cmocka_unit_test(a_value_that_is_none_is_named_with_its_rule),
        cmocka_unit_test(all_faults_come_at_once_and_in_bounds),
        cmocka_unit_test(ids_are_bounded),
        cmocka_unit_test(a_page_in_the_middle_leads_both_ways),
        cmocka_unit_test(a_cursor_belongs_to_its_filters_and_its_order),
        cmocka_unit_test(a_key_that_is_none_of_its_order_is_refused),
        cmocka_unit_test(parameters_too_long_for_the_links_are_refused_at_once),
        cmocka_unit_test(a_count_is_told_where_it_was_asked_for),
        cmocka_unit_test(one_is_shown_in_part_with_a_tag_of_its_own),
        cmocka_unit_test(one_is_shown_with_its_category),
        cmocka_unit_test(a_list_shows_what_was_asked_for),
    };

    return cmocka_run_group_tests(tests, NULL, teardown);
}

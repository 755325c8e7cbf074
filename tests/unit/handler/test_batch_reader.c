/* Tests of the reading of batches (batch_reader.h), of its looks into documents (json/value.h), and of the answers. */
#include "fake_catalog.h"

#include "../base/check.h"

#include "json/parse.h"
#include "json/value.h"

#include <stdio.h>
#include <string.h>

#define ID "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f"
#define BATCH "/api/v1/products/batch"
#define PRODUCT "{\"name\":\"Tea\",\"price\":\"1\",\"category_id\":\"" ID "\"}"

static struct exchange *post_to(struct catalog *catalog, const char *uri, const char *body)
{
    static const char *const headers[] = {"CONTENT_TYPE=application/json", NULL};
    return serve(catalog, "POST", uri, headers, body);
}

static struct exchange *post(struct catalog *catalog, const char *body)
{
    return post_to(catalog, BATCH, body);
}

static struct catalog fresh_catalog(void)
{
    return (struct catalog){.view = {.version = 3, .json = TEXT("{\"the\":\"product\"}")}};
}

/* --- values --- */

static void pieces_of_a_document_are_told_apart(void **state)
{
    struct arena *arena = arena_new(1024);
    struct json_object *document = NULL;
    struct json_object *value = NULL;
    struct faults faults;

    (void)state;
    faults_init(&faults, arena);
    assert_int_equal(json_parse(TEXT("{\"list\":[1,null,\"x\"],\"nothing\":null,\"text\":\"a\\u0062\",\"lists\":7}"),
                                &faults, &document),
                     STATUS_OK);
    assert_true(json_is_object(document));
    assert_false(json_is_array(document) || json_is_object(NULL) || json_is_array(NULL));
    assert_true(json_member(document, "list", &value));
    assert_true(json_is_array(value));
    assert_int_equal(json_length(value), 3);
    assert_null(json_item(value, 1));
    assert_text(json_string(json_item(value, 2)), "x");
    assert_text(json_string(json_item(value, 0)), NULL);
    assert_text(json_string(NULL), NULL);
    assert_true(json_member(document, "nothing", &value));
    assert_null(value);
    assert_true(json_member(document, "text", &value));
    assert_text(json_string(value), "ab");
    assert_false(json_member(document, "absent", &value));
    assert_text(json_string(value), "ab");
    json_check_members(document, (const char *const[]){"list", "nothing"}, 2, "/at", &faults);
    assert_int_equal(faults.count, 2);
    assert_string_equal(faults.item[0].where, "/at/text");
    assert_string_equal(faults.item[1].where, "/at/lists");
    assert_non_null(strstr(faults.item[1].detail, "did you mean \"list\"?"));
    arena_free(arena);
}

/* --- operations --- */

static void each_kind_is_read(void **state)
{
    struct catalog catalog = fresh_catalog();
    struct exchange *exchange =
        post(&catalog, "[{\"op\":\"create\",\"product\":" PRODUCT "},"
                       "{\"op\":\"update\",\"id\":\"0193A7C0-9a3e-7cc3-98c4-dc0c0c07398f\",\"patch\":{}},"
                       "{\"op\":\"upsert\",\"sku\":\"Tea-1\",\"product\":" PRODUCT "},"
                       "{\"op\":\"delete\",\"id\":\"" ID "\",\"if_match\":\"3\"}]");
    const struct batch_operation *operations = catalog.batch.operations;

    (void)state;
    assert_int_equal(exchange->response.status, 200);
    assert_int_equal(catalog.batch.count, 4);
    assert_false(catalog.batch.atomic);
    assert_int_equal(operations[0].kind, BATCH_CREATE);
    assert_text(operations[0].input.value[PRODUCT_NAME], "Tea");
    assert_int_equal(operations[1].kind, BATCH_UPDATE);
    assert_text(operations[1].id, ID);
    assert_non_null(operations[1].patch);
    assert_false(operations[1].expectation.match);
    assert_int_equal(operations[2].kind, BATCH_UPSERT);
    assert_text(operations[2].sku, "Tea-1");
    assert_text(operations[2].input.value[PRODUCT_SKU], "Tea-1");
    assert_int_equal(operations[3].kind, BATCH_DELETE);
    assert_true(operations[3].expectation.match);
    assert_int_equal(operations[3].expectation.versions[0], 3);
    assert_non_null(strstr(body_of(exchange), "[{\"status\":200,\"product\":{\"the\":\"product\"}},"));
    assert_non_null(strstr(body_of(exchange), ",{\"status\":204}]"));
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(operations[i].given_fault_count, 0);
    }
}

static void if_match_is_a_list_of_tags_or_a_version(void **state)
{
    static const struct {
        const char *json;
        bool good;
        bool any;
        size_t count;
    } rows[] = {
        {"\"3\"", true, false, 1},
        {"\"\\\"3\\\"\"", true, false, 1},
        {"\"W/\\\"3-gzip\\\", \\\"4\\\"\"", true, false, 2},
        {"\"\\\"x\\\"\"", true, false, 0},
        {"\"*\"", true, true, 0},
        {"\"0\"", false, false, 0},
        {"\"99999999999999999999\"", false, false, 0},
        {"\"-1\"", false, false, 0},
        {"\"\"", false, false, 0},
        {"\"x\"", false, false, 0},
        {"3", false, false, 0},
        {"null", false, false, 0},
        {"[\"3\"]", false, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        static const char *const kinds[] = {"\"op\":\"update\",\"id\":\"" ID "\",\"patch\":[]",
                                            "\"op\":\"delete\",\"id\":\"" ID "\"",
                                            "\"op\":\"upsert\",\"sku\":\"s\",\"product\":" PRODUCT};
        for (size_t kind = 0; kind < COUNT_OF(kinds); kind++) {
            struct catalog catalog = fresh_catalog();
            char body[400];
            (void)snprintf(body, sizeof(body), "[{%s,\"if_match\":%s}]", kinds[kind], rows[i].json);
            assert_int_equal(post(&catalog, body)->response.status, 200);
            const struct batch_operation *operation = &catalog.batch.operations[0];
            assert_row((operation->given_fault_count == 0) == rows[i].good, body);
            assert_row(operation->expectation.any == rows[i].any, body);
            assert_row(operation->expectation.version_count == rows[i].count, body);
            assert_row(rows[i].good || strcmp(operation->given_faults[0].where, "/if_match") == 0, body);
        }
    }
}

static void the_parameters_are_those_of_a_batch(void **state)
{
    static const char body[] = "[{\"op\":\"create\",\"product\":" PRODUCT "}]";
    struct catalog catalog = fresh_catalog();

    (void)state;
    assert_int_equal(post_to(&catalog, BATCH "?atomic=true&dry_run=true", body)->response.status, 200);
    assert_true(catalog.batch.atomic && catalog.options.dry_run);
    catalog.calls = 0;
    assert_int_equal(post_to(&catalog, BATCH "?atomic=1", body)->response.status, 400);
    assert_int_equal(post_to(&catalog, BATCH "?fields=id", body)->response.status, 400);
    assert_int_equal(catalog.calls, 0);
}

static void the_array_has_bounds(void **state)
{
    static const char *const bodies[] = {"{}", "[]", "null", "\"x\""};
    static char many[1001 * 3 + 2];
    struct catalog catalog = fresh_catalog();
    size_t length = 0;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct exchange *exchange = post(&catalog, bodies[i]);
        assert_int_equal(exchange->response.status, 400);
        assert_non_null(strstr(body_of(exchange), "must be an array of 1 to 1000 operations"));
    }
    for (size_t i = 0; i < 1001; i++) {
        length += (size_t)snprintf(many + length, sizeof(many) - length, "%c{}", i == 0 ? '[' : ',');
    }
    (void)snprintf(many + length, sizeof(many) - length, "]");
    assert_int_equal(post(&catalog, many)->response.status, 400);
    assert_int_equal(catalog.calls, 0);
    (void)snprintf(many + length - 3, 2, "]");
    assert_int_equal(post(&catalog, many)->response.status, 200);
    assert_int_equal(catalog.batch.count, 1000);
}

/* --- versions that must be told, and answers --- */

static void a_version_can_be_required_of_each_operation(void **state)
{
    static const struct {
        const char *body;
        int status;
    } rows[] = {
        {"[{\"op\":\"create\",\"product\":" PRODUCT "}]", 200},
        {"[{\"op\":\"update\",\"id\":\"" ID "\",\"patch\":{}}]", 428},
        {"[{\"op\":\"update\",\"id\":\"" ID "\",\"patch\":{},\"if_match\":\"*\"}]", 200},
        {"[{\"op\":\"delete\",\"id\":\"" ID "\"}]", 428},
        {"[{\"op\":\"upsert\",\"sku\":\"s\",\"product\":" PRODUCT "}]", 428},
        {"[{\"op\":\"delete\"}]", 200}, /* what is wrong is told before what is missing */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct catalog catalog = fresh_catalog();
        catalog.require_if_match = true;
        assert_row(post(&catalog, rows[i].body)->response.status == rows[i].status, rows[i].body);
        assert_int_equal(catalog.calls, rows[i].status == 200);
    }
}

static void what_became_of_it_is_told_as_of_any_write(void **state)
{
    static const char body[] = "[{\"op\":\"create\",\"product\":" PRODUCT "}]";
    static const char *const headers[] = {"CONTENT_TYPE=application/json", "HTTP_IDEMPOTENCY_KEY=k",
                                          "HTTP_PREFER=return=minimal", NULL};
    struct catalog catalog = fresh_catalog();
    struct exchange *exchange;

    (void)state;
    catalog.result.created = true;
    catalog.result.id = TEXT(ID);
    exchange = serve(&catalog, "POST", BATCH, headers, body);
    assert_string_equal(body_of(exchange), "[{\"status\":201,\"id\":\"" ID "\",\"version\":3}]");
    assert_text(header_of(exchange, "Preference-Applied"), "return=minimal");
    assert_true(text_starts_with(catalog.options.request, TEXT("return=minimal\nPOST " BATCH)));
    catalog.status = STATUS_UNCERTAIN;
    exchange = serve(&catalog, "POST", BATCH, headers, body);
    assert_int_equal(exchange->response.status, 503);
    assert_non_null(strstr(body_of(exchange), "again with the same Idempotency-Key"));
    assert_non_null(strstr(body_of(post(&catalog, body)), "Look before you send it again"));
    catalog.status = STATUS_TOO_LARGE;
    assert_int_equal(post(&catalog, body)->response.status, 413);
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
        cmocka_unit_test(pieces_of_a_document_are_told_apart),
        cmocka_unit_test(each_kind_is_read),
        cmocka_unit_test(if_match_is_a_list_of_tags_or_a_version),
        cmocka_unit_test(the_parameters_are_those_of_a_batch),
        cmocka_unit_test(the_array_has_bounds),
        cmocka_unit_test(a_version_can_be_required_of_each_operation),
        cmocka_unit_test(what_became_of_it_is_told_as_of_any_write),
    };
    return cmocka_run_group_tests(tests, NULL, end);
}

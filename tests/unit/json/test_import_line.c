/* Tests of json/import_line.h. */
#include "json/import_line.h"

#include "../base/check.h"
#include "json/parse.h"

#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static struct faults faults;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(4096);
    faults_init(&faults, arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct json_object *parse(struct text text)
{
    struct json_object *document = NULL;

    assert_int_equal(json_parse(text, &faults, &document), STATUS_OK);
    return document;
}

static struct import_object read(struct text text)
{
    struct import_object line;

    json_read_import_object(parse(text), &line, &faults);
    return line;
}

static void members_go_where_they_belong(void **state)
{
    const struct import_object line = read(
        TEXT("{\"id\":\"0193A7C0-9A3E-7CC3-98C4-DC0C0C07398F\",\"sku\":\"A\",\"price\":1.50,\"category\":\"tea\","
             "\"attr.a\":1,\"attr.b\":null,\"description\":null,\"version\":7,\"created_at\":5,\"updated_at\":null,"
             "\"_error\":{\"x\":1}}"));

    (void)state;
    assert_int_equal(faults.count, 0);
    assert_text(line.id, "0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f");
    assert_text(line.input.value[PRODUCT_PRICE], "1.50");
    assert_text(line.category, "tea");
    assert_true(record_has(&line.input, PRODUCT_DESCRIPTION) && !record_has(&line.input, PRODUCT_NAME));
    assert_false(record_has(&line.input, PRODUCT_VERSION) || record_has(&line.input, PRODUCT_ID));
    assert_non_null(line.attributes);
    assert_false(line.is_end);
}

static void faults_are_told_all_at_once(void **state)
{
    (void)state;
    (void)read(TEXT("{\"id\":7,\"category\":[],\"price\":\"x\",\"colour\":1,\"name\":null}"));
    assert_int_equal(faults.count, 5);
    (void)read(TEXT("[1]"));
    assert_int_equal(faults.count, 6);
    assert_string_equal(faults.item[5].where, "");
}

static void the_end_of_an_export_is_no_product(void **state)
{
    (void)state;
    assert_true(read(TEXT("{\"cursor\":\"1.2\",\"count\":3}")).is_end);
    assert_false(read(TEXT("{\"cursor\":\"1.2\",\"count\":3,\"sku\":\"A\"}")).is_end);
}

static void attributes_are_merged_one_by_one(void **state)
{
    const struct import_object line = read(TEXT("{\"attr.a\":null,\"attr.b\":[\"x\"],\"attr.n\":1.50}"));
    struct text merged = TEXT_ABSENT;

    (void)state;
    assert_true(json_merge_attributes(TEXT("{\"a\":1,\"c\":true}"), line.attributes, &merged, &faults));
    assert_text(merged, "{\"c\":true,\"b\":[\"x\"],\"n\":1.50}");
    assert_true(json_merge_attributes(TEXT_ABSENT, line.attributes, &merged, &faults));
    assert_text(merged, "{\"b\":[\"x\"],\"n\":1.50}");
    const struct import_object bad = read(TEXT("{\"attr.A\":1}"));
    assert_false(json_merge_attributes(TEXT("{}"), bad.attributes, &merged, &faults));
    assert_string_equal(faults.item[0].where, "/attributes/A");
}

static void a_failed_line_comes_back_as_it_was(void **state)
{
    static const struct fault fault = {FAULT_IN_BODY, "/price", "not_positive", "must be greater than zero"};
    const struct import_verdict verdict = {.line = 3, .faults = &fault, .fault_count = 1};
    struct strbuf out;

    (void)state;
    strbuf_init(&out, 1000);
    json_write_import_error(&out, parse(TEXT("{\"price\": 0.00, \"_error\": {}, \"a\\\"b\": [1e2, \"/\\u00fc\"]}")),
                            TEXT(""), &verdict);
    assert_text(
        strbuf_text(&out),
        "{\"price\":0.00,\"a\\\"b\":[1e2,\"/\xc3\xbc\"],\"_error\":{\"line\":3,\"faults\":[{\"pointer\":\"/price\","
        "\"code\":\"not_positive\",\"detail\":\"must be greater than zero\"}]}}");
    strbuf_clear(&out, 0);
    json_write_import_error(&out, NULL, TEXT("{no"), &verdict);
    assert_true(text_starts_with(strbuf_text(&out), TEXT("{\"_line\":\"{no\",\"_error\":{\"line\":3,")));
    strbuf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(members_go_where_they_belong, set_up, tear_down),
        cmocka_unit_test_setup_teardown(faults_are_told_all_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_of_an_export_is_no_product, set_up, tear_down),
        cmocka_unit_test_setup_teardown(attributes_are_merged_one_by_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_failed_line_comes_back_as_it_was, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of json/change.h. */
#include "json/change.h"

#include "../base/check.h"

#include <string.h>

static const struct change change = {
    .cursor = {17, 3},
    .type = {"product.updated", 15},
    .id = {"0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f", 36},
    .version = {"2", 1},
    .at = {"2026-11-23T09:15:02.123456Z", 27},
    .data = {"{\"a\":\r\n1,\"b\":\"\\n\"}", 18},
};

#define HEAD                                                                                                           \
    "{\"cursor\":\"17.3\",\"type\":\"product.updated\",\"id\":\"0193a7c0-9a3e-7cc3-98c4-dc0c0c07398f\",\"version\":2," \
    "\"at\":\"2026-11-23T09:15:02.123456Z\",\"data\":"

static void assert_written(void (*write)(struct strbuf *, const struct change *), const char *expected)
{
    struct strbuf out;

    strbuf_init(&out, 4096);
    strbuf_append_text(&out, TEXT("x\n"));
    write(&out, &change);
    assert_int_equal(out.length, strlen(expected) + 2);
    assert_memory_equal(out.data, "x\n", 2);
    assert_memory_equal(out.data + 2, expected, strlen(expected));
    strbuf_free(&out);
}

static void data_goes_out_as_it_is(void **state)
{
    (void)state;
    assert_written(json_write_change, HEAD "{\"a\":\r\n1,\"b\":\"\\n\"}}");
}

static void a_line_has_no_end_within(void **state)
{
    (void)state;
    assert_written(json_write_change_line, HEAD "{\"a\":  1,\"b\":\"\\n\"}}");
}

static void an_event_is_a_block_of_three_lines(void **state)
{
    (void)state;
    assert_written(json_write_change_event,
                   "id: 17.3\nevent: product.updated\ndata: " HEAD "{\"a\":  1,\"b\":\"\\n\"}}\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_goes_out_as_it_is),
        cmocka_unit_test(a_line_has_no_end_within),
        cmocka_unit_test(an_event_is_a_block_of_three_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

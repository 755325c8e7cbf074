/* Tests of csv/reader.h: what records come of a text, however it is cut into parts. */
#include "csv/reader.h"

#include "../base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What came: values in brackets, quoted ones with an apostrophe before; "!" before a record with a flaw. */
static struct strbuf got;
static uint64_t lines[32];
static size_t count;
static size_t stop_after; /* 0: never */

static bool take(void *context, const struct csv_record *record)
{
    (void)context;
    strbuf_append_text(&got, record->flaw != NULL ? TEXT("!") : TEXT(""));
    for (size_t i = 0; i < record->count; i++) {
        strbuf_append_text(&got, record->values[i].quoted ? TEXT("'[") : TEXT("["));
        strbuf_append_text(&got, record->values[i].text);
        strbuf_append_char(&got, ']');
    }
    strbuf_append_char(&got, '\n');
    lines[count++ % 32] = record->line;
    return stop_after == 0 || count < stop_after;
}

/* Reads the text in parts of step bytes. */
static bool read_in(struct text text, size_t step)
{
    struct csv_reader *reader = csv_reader_new(take, NULL);
    bool going = true;

    strbuf_clear(&got, 1024);
    count = 0;
    for (size_t at = 0; at < text.length && going; at += step) {
        const size_t length = text.length - at < step ? text.length - at : step;
        going = csv_reader_feed(reader, (struct text){.data = text.data + at, .length = length});
    }
    going = going && csv_reader_end(reader);
    csv_reader_free(reader);
    return going;
}

static int set_up(void **state)
{
    (void)state;
    stop_after = 0;
    strbuf_init(&got, 1 << 22);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    strbuf_free(&got);
    return 0;
}

static void records_come_however_they_are_cut(void **state)
{
    const struct {
        struct text text;
        const char *records;
    } rows[] = {
        {TEXT("a,b\n1,2\n"), "[a][b]\n[1][2]\n"},
        {TEXT("a,b\r\n1,2"), "[a][b]\n[1][2]\n"},
        {TEXT("a\r1\r\r\n2\r"), "[a]\n[1]\n[2]\n"},
        {TEXT("\xef\xbb\xbfsku,x\n"), "[sku][x]\n"},
        {TEXT("\xef\xbb,x\n"), "[\xef\xbb][x]\n"},
        {TEXT("\"a\",\"b \"\"c\"\"\",\"\"\n"), "'[a]'[b \"c\"]'[]\n"},
        {TEXT("a,b\n\"x\ny\",\"1\r\n2\"\nz,\n"), "[a][b]\n'[x\ny]'[1\r\n2]\n[z][]\n"},
        {TEXT("a;b,c\n1,0;2\n"), "[a][b,c]\n[1,0][2]\n"},
        {TEXT("a\tb\n1;2\t3\n"), "[a][b]\n[1;2][3]\n"},
        {TEXT("\"a,b\";c\n1,2;3\n"), "'[a,b][c]\n[1,2][3]\n"},
        {TEXT("a\n\n\r\n\"\"\n,\nb"), "[a]\n'[]\n[][]\n[b]\n"},
        {TEXT("5\" nail,a\"b\n"), "[5\" nail][a\"b]\n"},
        {TEXT("\"a\"b,c\nd\n"), "!'[ab][c]\n[d]\n"},
        {TEXT("a,\"b\nc"), "![a]'[b\nc]\n"},
        {TEXT("a,\""), "![a]'[]\n"},
        {TEXT("a,b\n1,\"\""), "[a][b]\n[1]'[]\n"},
        {TEXT(""), ""},
        {TEXT(" a , b\n"), "[ a ][ b]\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t step = 1; step <= 12; step++) {
            assert_true(read_in(rows[i].text, step));
            assert_text(got.data != NULL ? strbuf_text(&got) : TEXT(""), rows[i].records);
        }
    }
}

static void lines_are_counted_inside_of_quotes_too(void **state)
{
    (void)state;
    assert_true(read_in(TEXT("a\r\n\"b\r\nc\nd\"\n\nlast\n"), 3));
    assert_int_equal(count, 3);
    assert_int_equal(lines[0], 1);
    assert_int_equal(lines[1], 2);
    assert_int_equal(lines[2], 6);
}

static void the_sink_ends_it(void **state)
{
    (void)state;
    stop_after = 2;
    assert_false(read_in(TEXT("a\nb\nc\nd\n"), 100));
    assert_int_equal(count, 2);
}

/* A quote that is not closed must not take the memory for the rest of the file, nor the rest of the file. */
static void what_is_too_large_is_one_faulty_record(void **state)
{
    const size_t length = CSV_RECORD_MAX + 1000;
    char *text = malloc(length + 100);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', length);
    text[0] = '"';
    memcpy(text + length, "\nnext,one\n", 11);
    assert_true(read_in((struct text){.data = text, .length = length + 10}, 65536));
    assert_int_equal(count, 2);
    assert_true(got.data[0] == '!');
    assert_memory_equal(got.data + got.length - 12, "[next][one]\n", 12);
    for (size_t i = 0; i < CSV_VALUES_MAX + 10; i++) {
        text[i] = ',';
    }
    memcpy(text + CSV_VALUES_MAX + 10, "\nb\n", 3);
    assert_true(read_in((struct text){.data = text, .length = CSV_VALUES_MAX + 13}, 100));
    assert_int_equal(count, 2);
    assert_true(got.data[0] == '!');
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(records_come_however_they_are_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_are_counted_inside_of_quotes_too, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_sink_ends_it, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_too_large_is_one_faulty_record, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

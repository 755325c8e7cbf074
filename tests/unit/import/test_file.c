/* Tests of import/file.h: what lines come of a file, and how columns become members. */
#include "import/file.h"

#include "../base/check.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

static struct strbuf got;    /* contents, one a line; "!" before one with a flaw */
static struct faults faults; /* of the columns */
static struct arena *arena;
static uint64_t numbers, last_line;
static enum import_format format;

static bool take(void *context, const struct import_line *line)
{
    (void)context;
    assert_int_equal(line->number, numbers + 1);
    numbers = line->number;
    last_line = line->line;
    strbuf_append_text(&got, line->flaw.data != NULL ? TEXT("!") : TEXT(""));
    strbuf_append_text(&got, line->content);
    strbuf_append_char(&got, '\n');
    return true;
}

static bool read_with(const struct import_file_options *options, struct text text, size_t step)
{
    struct import_file *file = import_file_new(options, take, NULL);
    bool going = true;

    strbuf_clear(&got, 1024);
    faults_init(&faults, arena);
    numbers = 0;
    for (size_t at = 0; at < text.length && going; at += step) {
        const size_t length = text.length - at < step ? text.length - at : step;
        going = import_file_feed(file, (struct text){.data = text.data + at, .length = length});
    }
    going = going && import_file_end(file);
    format = import_file_format(file);
    assert_int_equal(import_file_lines(file), numbers);
    import_file_faults(file, &faults);
    import_file_free(file);
    return going;
}

static const char *contents(void)
{
    return got.data != NULL ? arena_string(arena, strbuf_text(&got)) : "";
}

static int set_up(void **state)
{
    (void)state;
    arena = arena_new(4096);
    strbuf_init(&got, 1 << 22);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    strbuf_free(&got);
    arena_free(arena);
    return 0;
}

static void ndjson_is_cut_into_lines(void **state)
{
    const struct {
        struct text text;
        const char *lines;
    } rows[] = {
        {TEXT("{\"a\":1}\n{\"b\":2}"), "{\"a\":1}\n{\"b\":2}\n"},
        {TEXT("\xef\xbb\xbf {}\r\n\r\n\n  \n[]\n"), "{}\n[]\n"},
        {TEXT("\xef\xbb{}\n"), "!\xef\xbf\xbd\xef\xbf\xbd{}\n"},
        {TEXT("a\0b\n\xff\n"), "!a\xef\xbf\xbd"
                               "b\n!\xef\xbf\xbd\n"},
        {TEXT(""), ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (size_t step = 1; step < 10; step++) {
            assert_true(read_with(&(struct import_file_options){.format = IMPORT_NDJSON}, rows[i].text, step));
            assert_string_equal(contents(), rows[i].lines);
        }
    }
}

static void a_line_that_is_too_long_has_a_flaw_and_no_memory(void **state)
{
    const size_t length = 3 * IMPORT_LINE_MAX;
    char *text = malloc(length + 10);

    (void)state;
    assert_non_null(text);
    memset(text, 'x', length);
    memcpy(text, "{\"sku\":", 7);
    memcpy(text + length, "\n{}\n", 4);
    assert_true(read_with(&(struct import_file_options){.format = IMPORT_NDJSON},
                          (struct text){.data = text, .length = length + 4}, 65536));
    assert_int_equal(numbers, 2);
    /* Its beginning tells which it was. */
    assert_true(got.length < 1000 && strncmp(got.data, "!{\"sku\":xxx", 11) == 0);
    free(text);
}

static void columns_become_members(void **state)
{
    const struct {
        struct text text;
        const char *lines;
    } rows[] = {
        {TEXT("sku,name,price\nA,B,1.50\n"), "{\"sku\":\"A\",\"name\":\"B\",\"price\":\"1.50\"}\n"},
        {TEXT("SKU,Category-ID,group key\nA,x,\n"), "{\"sku\":\"A\",\"category_id\":\"x\",\"group_key\":null}\n"},
        {TEXT("sku,name,price,description\nA,,,\nB,\"\",\"\",\"\"\n"),
         "{\"sku\":\"A\",\"description\":null}\n{\"sku\":\"B\",\"description\":\"\"}\n"},
        {TEXT("version,created_at,updated_at,id,_error\n1,x,y,i,z\n"), "{\"id\":\"i\"}\n"},
        {TEXT("attr.a,attr.b,attr.c,attr.d,attr.e\n1,true,007,,\"\"\n-1.5,\"\"\"q\"\"\",\"[\"\"x\"\"]\",x y,null\n"),
         "{\"attr.a\":1,\"attr.b\":true,\"attr.c\":\"007\",\"attr.d\":null,\"attr.e\":\"\"}\n"
         "{\"attr.a\":-1.5,\"attr.b\":\"q\",\"attr.c\":[\"x\"],\"attr.d\":\"x y\",\"attr.e\":\"null\"}\n"},
        {TEXT("attributes,images\n\"{\"\"a\"\":1.50}\",https://a/b|https://c/d  "
              "https://e/f\n{broken,\"[\"\"x\"\"]\"\n,\n"),
         "{\"attributes\":{\"a\":1.50},\"images\":[\"https://a/b\",\"https://c/d\",\"https://e/f\"]}\n"
         "{\"attributes\":\"{broken\",\"images\":[\"x\"]}\n{}\n"},
        {TEXT("category\nGreen tea\n\"\"\n"), "{\"category\":\"Green tea\"}\n{}\n"},
        {TEXT("sku,name\nA\nB,C,D\nE,F\n"), "!{\"sku\":\"A\"}\n!{\"sku\":\"B\",\"name\":\"C\"}\n"
                                            "{\"sku\":\"E\",\"name\":\"F\"}\n"},
        {TEXT("sku,name\nA,\xff\n"), "!{\"sku\":\"A\",\"name\":\"\xef\xbf\xbd\"}\n"},
        {TEXT("sku,price\nA,1\n# cursor=1.2 count=1\n\"# cursor=\",2\n"),
         "{\"sku\":\"A\",\"price\":\"1\"}\n{\"sku\":\"# cursor=\",\"price\":\"2\"}\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_true(read_with(&(struct import_file_options){.format = IMPORT_CSV}, rows[i].text, 5));
        assert_string_equal(contents(), rows[i].lines);
        assert_int_equal(format, IMPORT_CSV);
    }
}

static void columns_are_mapped(void **state)
{
    const struct import_column_map maps[] = {{TEXT("Artikel Nr"), TEXT("sku")},
                                             {TEXT("preis"), TEXT("price")},
                                             {TEXT("name"), TEXT("attr.title")},
                                             {TEXT("Lager"), TEXT("")}};
    const struct import_file_options options = {.format = IMPORT_CSV, .maps = maps, .map_count = COUNT_OF(maps)};

    (void)state;
    assert_true(read_with(&options, TEXT("artikel-nr,PREIS,Name,Lager\nA,1,x,9\n"), 100));
    assert_string_equal(contents(), "{\"sku\":\"A\",\"price\":\"1\",\"attr.title\":\"x\"}\n");
    assert_false(read_with(&options, TEXT("artikel_nr,PREIS,Name\nA,1,x\n"), 100));
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.item[0].where, "map.Lager");
}

static void columns_that_are_none_are_told_all_at_once(void **state)
{
    (void)state;
    assert_false(
        read_with(&(struct import_file_options){.format = IMPORT_CSV}, TEXT("skuu,price,colour,Price\nA,1,x,2\n"), 1));
    assert_int_equal(numbers, 0);
    assert_int_equal(faults.count, 3);
    assert_string_equal(faults.item[0].code, "unknown_column");
    assert_non_null(strstr(faults.item[0].detail, "did you mean \"sku\"?"));
    assert_string_equal(faults.item[1].code, "unknown_column");
    assert_string_equal(faults.item[2].code, "repeated_column");
    assert_false(read_with(&(struct import_file_options){.format = IMPORT_CSV}, TEXT("\"sku"), 1));
    assert_true(import_field_known(TEXT("price")) && import_field_known(TEXT("attr.a")) &&
                import_field_known(TEXT("")));
    assert_false(import_field_known(TEXT("attr.A")) || import_field_known(TEXT("prise")) ||
                 import_field_known(TEXT("attr.")));
}

static void what_is_no_text_is_told_once(void **state)
{
    const struct text texts[] = {
        TEXT("\xff\xfes\0k\0u\0,\0p\0r\0i\0c\0e\0\n\0A\0,\0001\0\n\0"), /* UTF-16 */
        TEXT("\0s\0k\0u\0,\0p\0r\0i\0c\0e\0\n"),
        TEXT("sku,gr\xf6\xdf"
             "e\nA,1\n"),                     /* Latin-1 */
        TEXT("\x1f\x8b\x08\0\0\0,;\nxx\n"),   /* gzip */
        TEXT("PK\x03\x04\x14\0\x06\0\x08\n"), /* a workbook */
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        assert_false(read_with(&(struct import_file_options){.format = IMPORT_CSV}, texts[i], 3));
        assert_int_equal(numbers, 0);
        assert_int_equal(faults.count, 1);
        assert_string_equal(faults.item[0].code, "encoding");
    }
    /* A line end in a name is odd, and text. */
    assert_false(read_with(&(struct import_file_options){.format = IMPORT_CSV}, TEXT("\"sku\nold\",price\nA,1\n"), 3));
    assert_string_equal(faults.item[0].code, "unknown_column");
}

/* --- Shopify --- */

#define HEAD                                                                                                           \
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Option2 Name,Option2 Value,"       \
    "Variant SKU,Variant Price,Image Src,Variant Image,Status\n"

static void variants_of_a_handle_share_what_the_first_record_has(void **state)
{
    (void)state;
    assert_true(read_with(&(struct import_file_options){.format = IMPORT_CSV},
                          TEXT(HEAD "t,Tea,<p>x</p>,V,Kind,\"a, b\",true,Size,S,Pack,Tin,'A,1.5,https://i/1,,active\n"
                                    "t,,,,,,,,M,,Bag,B,2,https://i/2,https://i/v,\n"
                                    "t,,,,,,,,,,,,,https://i/3,,\n"
                                    "u,Cup,,,,,false,Title,Default Title,,,,3,,,\n"),
                          7));
    assert_int_equal(format, IMPORT_SHOPIFY);
    assert_string_equal(
        contents(),
        "{\"sku\":\"A\",\"name\":\"Tea - S / "
        "Tin\",\"description\":\"<p>x</p>\",\"price\":\"1.5\",\"category\":\"Kind\","
        "\"status\":\"active\",\"attributes\":{\"size\":\"S\",\"pack\":\"Tin\",\"vendor\":\"V\",\"product_type\":"
        "\"Kind\","
        "\"tags\":[\"a\",\"b\"]},\"images\":[\"https://i/1\",\"https://i/2\",\"https://i/3\"],\"group_key\":\"t\"}\n"
        "{\"sku\":\"B\",\"name\":\"Tea - M / Bag\",\"description\":\"<p>x</p>\",\"price\":\"2\",\"category\":\"Kind\","
        "\"status\":\"active\",\"attributes\":{\"size\":\"M\",\"pack\":\"Bag\",\"vendor\":\"V\",\"product_type\":"
        "\"Kind\","
        "\"tags\":[\"a\",\"b\"]},\"images\":[\"https://i/v\",\"https://i/1\",\"https://i/2\",\"https://i/3\"],"
        "\"group_key\":\"t\"}\n"
        "{\"name\":\"Cup\",\"description\":null,\"price\":\"3\",\"status\":\"draft\",\"attributes\":{},\"images\":[],"
        "\"group_key\":\"u\"}\n");
    assert_int_equal(last_line, 5);
}

static void shopifys_type_is_no_category_where_the_import_has_one(void **state)
{
    (void)state;
    assert_true(read_with(&(struct import_file_options){.format = IMPORT_CSV, .has_category = true},
                          TEXT(HEAD "t,Tea,,,Kind,,,,,,,A,1,,,\n"), 100));
    assert_null(strstr(contents(), "\"category\""));
    assert_non_null(strstr(contents(), "\"product_type\":\"Kind\""));
}

static void long_handles_and_names_of_options_are_made_to_fit(void **state)
{
    (void)state;
    assert_true(
        read_with(&(struct import_file_options){.format = IMPORT_CSV},
                  TEXT(HEAD "a-handle-that-is-longer-than-a-group-key-may-be-and-so-has-to-be-cut-somewhere,T,,,,,,"
                            "\"Gr\xc3\xb6\xc3\x9f"
                            "e / Size\",L,vendor,mine,A,1,,,\n"),
                  100));
    assert_non_null(strstr(contents(), "\"group_key\":\"a-handle-that-is-longer-than-a-group-key-may-be-"));
    assert_non_null(strstr(contents(), "\"attributes\":{\"gr_e_size\":\"L\",\"vendor\":\"mine\"}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ndjson_is_cut_into_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_line_that_is_too_long_has_a_flaw_and_no_memory, set_up, tear_down),
        cmocka_unit_test_setup_teardown(columns_become_members, set_up, tear_down),
        cmocka_unit_test_setup_teardown(columns_are_mapped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_no_text_is_told_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(columns_that_are_none_are_told_all_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(variants_of_a_handle_share_what_the_first_record_has, set_up, tear_down),
        cmocka_unit_test_setup_teardown(shopifys_type_is_no_category_where_the_import_has_one, set_up, tear_down),
        cmocka_unit_test_setup_teardown(long_handles_and_names_of_options_are_made_to_fit, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Tests of csv/writer.h, against a reader of RFC 4180 of their own. */
#include "csv/writer.h"

#include "../base/check.h"
#include "domain/product.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALL ((UINT32_C(1) << PRODUCT_FIELD_COUNT) - 1)
#define BIT(field) (UINT32_C(1) << (field))

static struct strbuf out;

static int set_up(void **state)
{
    (void)state;
    strbuf_init(&out, 1 << 20);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    strbuf_free(&out);
    return 0;
}

static void names_come_in_the_order_of_the_schema(void **state)
{
    (void)state;
    csv_write_names(&out, &product_schema, ALL);
    assert_text(strbuf_text(&out), "id,sku,name,description,price,currency,category_id,status,attributes,images,"
                                   "group_key,version,created_at,updated_at\r\n");
    strbuf_clear(&out, 0);
    csv_write_names(&out, &product_schema, BIT(PRODUCT_PRICE) | BIT(PRODUCT_ID));
    assert_text(strbuf_text(&out), "id,price\r\n");
}

/* One value between two others, as it is written. */
static void quotes_stand_where_they_are_needed(void **state)
{
    static const struct {
        const char *value;
        const char *written;
    } rows[] = {
        {"plain", "plain"},
        {"two words", "two words"},
        {"a,b", "\"a,b\""},
        {"a\"b", "\"a\"\"b\""},
        {"\"", "\"\"\"\""},
        {"\"\"", "\"\"\"\"\"\""},
        {"a\nb", "\"a\nb\""},
        {"a\rb", "\"a\rb\""},
        {"a\tb", "a\tb"},
        {" a", "\" a\""},
        {"a ", "\"a \""},
        {"\ta", "\"\ta\""},
        {"#a", "\"#a\""},
        {"a#", "a#"},
        {"", "\"\""},
        {NULL, ""},
        /* Exact: a formula is data as everything else. */
        {"=1+1", "=1+1"},
        {"+1", "+1"},
        {"-1", "-1"},
        {"@a", "@a"},
        {"gr\xC3\xBCn \xE2\x80\xA8", "gr\xC3\xBCn \xE2\x80\xA8"},
        {"{\"a\": [1, 2]}", "\"{\"\"a\"\": [1, 2]}\""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct record record = {0};
        char wanted[128];

        record_set(&record, PRODUCT_SKU, TEXT("s"));
        record_set(&record, PRODUCT_NAME, text_of(rows[i].value));
        record_set(&record, PRODUCT_PRICE, TEXT("1.50"));
        (void)snprintf(wanted, sizeof wanted, "s,%s,1.50\r\n", rows[i].written);
        strbuf_clear(&out, 0);
        csv_write_record(&out, &product_schema, &record, BIT(PRODUCT_SKU) | BIT(PRODUCT_NAME) | BIT(PRODUCT_PRICE));
        assert_text(strbuf_text(&out), wanted);
    }
}

static void no_line_is_empty(void **state)
{
    const struct record nothing = {0};

    (void)state;
    csv_write_record(&out, &product_schema, &nothing, BIT(PRODUCT_SKU));
    assert_text(strbuf_text(&out), "\"\"\r\n");
    strbuf_clear(&out, 0);
    csv_write_record(&out, &product_schema, &nothing, BIT(PRODUCT_SKU) | BIT(PRODUCT_NAME));
    assert_text(strbuf_text(&out), ",\r\n");
    strbuf_clear(&out, 0);
    csv_write_record(&out, &product_schema, &nothing, ALL);
    assert_text(strbuf_text(&out), ",,,,,,,,,,,,,\r\n");
}

/* Reads one field of RFC 4180 at *at, which it then stands behind; false where the text is not of that form. */
static bool read_field(const char **at, const char *end, char value[64], bool *quoted)
{
    size_t length = 0;

    *quoted = *at < end && **at == '"';
    *at += *quoted;
    while (*at < end && length < 63) {
        if (*quoted && **at == '"') {
            if (*at + 1 == end || (*at)[1] != '"') {
                (*at)++;
                break;
            }
            (*at)++;
        } else if (!*quoted && (**at == ',' || **at == '\r' || **at == '"' || **at == '\n')) {
            break;
        }
        value[length++] = *(*at)++;
    }
    value[length] = '\0';
    return *at < end && (**at == ',' || **at == '\r');
}

/* Any bytes come back as they were. */
static void whatever_is_written_is_read(void **state)
{
    static const char alphabet[] = "a\"\",,\r\n #\t=";

    (void)state;
    srand(4180);
    for (unsigned round = 0; round < 20000; round++) {
        char values[3][8] = {0};
        struct record record = {0};

        for (size_t i = 0; i < 3; i++) {
            const int length = rand() % 7;
            for (int j = 0; j < length; j++) {
                values[i][j] = alphabet[(size_t)rand() % (sizeof alphabet - 1)];
            }
            if (length > 0 || rand() % 2 == 0) {
                record_set(&record, PRODUCT_SKU + i, text_of(values[i]));
            }
        }
        strbuf_clear(&out, 1024);
        csv_write_record(&out, &product_schema, &record,
                         BIT(PRODUCT_SKU) | BIT(PRODUCT_NAME) | BIT(PRODUCT_DESCRIPTION));
        const char *at = out.data;
        const char *end = out.data + out.length;
        for (size_t i = 0; i < 3; i++) {
            char read[64];
            bool quoted = false;

            assert_true(read_field(&at, end, read, &quoted));
            assert_string_equal(read, values[i]);
            assert_int_equal(record.value[PRODUCT_SKU + i].data == NULL, read[0] == '\0' && !quoted);
            assert_int_equal(*at, i == 2 ? '\r' : ',');
            at++;
        }
        assert_ptr_equal(at + 1, end);
        assert_int_equal(*at, '\n');
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(names_come_in_the_order_of_the_schema),
        TEST(quotes_stand_where_they_are_needed),
        TEST(no_line_is_empty),
        TEST(whatever_is_written_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

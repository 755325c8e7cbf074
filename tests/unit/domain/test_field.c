/* Tests of domain/field.h, against the fields of a product and of a category. */
#include "domain/field.h"

#include "domain/category.h"
#include "domain/product.h"

#include "../base/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct faults faults;

static int make_faults(void **state)
{
    *state = arena_new(4096);
    faults_init(&faults, *state);
    return 0;
}

static int free_faults(void **state)
{
    arena_free(*state);
    return 0;
}

#define PRODUCT(field) (&product_schema.fields[field])
#define CATEGORY(field) (&category_schema.fields[field])

/* Takes the value as it is, or as normal. */
static void assert_takes(const struct field *field, const char *value, const char *normal)
{
    struct text text = text_of(value);
    if (!field_check(field, &text, "/x", &faults)) {
        fail_msg("%s \"%.80s\": %s", field->name, value, faults.item[faults.count - 1].detail);
    }
    assert_text(text, normal);
    assert_int_equal(faults.count, 0);
}

/* Refuses it with one fault of that code, whose detail is a clause with the words in it; the value stays. */
static void assert_refuses(const struct field *field, struct text value, const char *code, const char *words)
{
    struct text text = value;
    if (field_check(field, &text, "/x", &faults)) {
        fail_msg("%s takes \"%.80s\"", field->name, value.data);
    }
    assert_ptr_equal(text.data, value.data);
    assert_int_equal(text.length, value.length);
    assert_int_equal(faults.count, 1);
    const struct fault *fault = &faults.item[0];
    assert_int_equal(fault->place, FAULT_IN_BODY);
    assert_string_equal(fault->where, "/x");
    assert_string_equal(fault->code, code);
    assert_int_equal(strncmp(fault->detail, "must ", 5), 0);
    if (strstr(fault->detail, words) == NULL) {
        fail_msg("\"%s\" is not in \"%s\"", words, fault->detail);
    }
    faults.count = 0;
}

/* count times the unit, terminated. */
static const char *repeat(struct arena *arena, const char *unit, size_t count)
{
    size_t step = strlen(unit);
    char *out = arena_alloc(arena, step * count + 1);
    for (size_t i = 0; i < count; i++) {
        memcpy(out + i * step, unit, step);
    }
    return out;
}

static void uuids_are_lower_cased(void **state)
{
    (void)state;
    const struct field *field = PRODUCT(PRODUCT_CATEGORY_ID);
    assert_takes(field, "0193ABCD-EF01-7ABC-8DEF-0123456789AB", "0193abcd-ef01-7abc-8def-0123456789ab");
    assert_refuses(field, TEXT(""), "uuid", "8-4-4-4-12");
    assert_refuses(field, TEXT("tea"), "uuid", "UUID");
    assert_refuses(field, TEXT("0193abcdef017abc8def0123456789ab"), "uuid", "UUID");
}

static void names_are_trimmed(void **state)
{
    (void)state;
    const struct field *field = PRODUCT(PRODUCT_NAME);
    assert_takes(field, "Green tea", "Green tea");
    assert_takes(field, " \t\n\xC2\xA0Green  tea\xE3\x80\x80\r\n", "Green  tea");
    assert_takes(field, "\xF0\x9F\x8D\xB5", "\xF0\x9F\x8D\xB5");
    assert_refuses(field, TEXT(""), "blank", "blank");
    assert_refuses(field, TEXT(" \t\xE2\x80\x83\n"), "blank", "blank");
}

static void names_have_no_control_characters(void **state)
{
    (void)state;
    const struct field *field = PRODUCT(PRODUCT_NAME);
    assert_refuses(field, TEXT("a\nb"), "control_character", "U+000A");
    assert_refuses(field, TEXT("a\tb"), "control_character", "U+0009");
    assert_refuses(field, TEXT("a\0b"), "control_character", "U+0000");
    assert_refuses(field,
                   TEXT("a\x7F"
                        "b"),
                   "control_character", "U+007F");
    assert_refuses(field,
                   TEXT("a\xC2\x85"
                        "b"),
                   "control_character", "U+0085");
    assert_takes(field,
                 "a\xC2\xA0"
                 "b",
                 "a\xC2\xA0"
                 "b");
}

/* 200 code points, whatever their bytes, counted once trimmed. */
static void names_are_counted_in_code_points(void **state)
{
    struct arena *arena = *state;
    const struct field *field = PRODUCT(PRODUCT_NAME);
    static const char *const units[] = {"a", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9F\x8D\xB5"};
    for (size_t i = 0; i < COUNT_OF(units); i++) {
        const char *most = repeat(arena, units[i], 200);
        assert_takes(field, most, most);
        assert_takes(field, arena_printf(arena, " %s ", most).data, most);
        assert_refuses(field, text_of(repeat(arena, units[i], 201)), "too_long",
                       "must be at most 200 characters, has 201");
    }
    assert_refuses(PRODUCT(PRODUCT_GROUP_KEY), text_of(repeat(arena, "k", 65)), "too_long", "at most 64 ");
    assert_refuses(CATEGORY(CATEGORY_NAME), text_of(repeat(arena, "k", 201)), "too_long", "at most 200 ");
}

static void prose_keeps_its_lines(void **state)
{
    struct arena *arena = *state;
    const struct field *field = PRODUCT(PRODUCT_DESCRIPTION);
    assert_takes(field, "", "");
    assert_takes(field, " a\n\tb \n", " a\n\tb \n");
    assert_refuses(field, TEXT("a\r\nb"), "control_character", "other than line feed and tab, has U+000D");
    assert_refuses(field, TEXT("a\x1B[2J"), "control_character", "U+001B");
    assert_takes(field, repeat(arena, "\xC3\xBC", 10000), repeat(arena, "\xC3\xBC", 10000));
    assert_refuses(field, text_of(repeat(arena, "a", 10001)), "too_long",
                   "must be at most 10000 characters, has 10001");
}

static void skus_have_their_alphabet(void **state)
{
    struct arena *arena = *state;
    const struct field *field = PRODUCT(PRODUCT_SKU);
    static const char *const taken[] = {"A", "0", "TEA-100", "tea_100.b", "a-", "a.."};
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        assert_takes(field, taken[i], taken[i]);
    }
    static const char *const refused[] = {"",          "-a", ".a", "_a", "a b", "a/b", "a\n", "\xC3\xBC",
                                          "a\xC3\xBC", "a@", "a[", "a`", "a{",  "a:",  " a"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_refuses(field, text_of(refused[i]), "sku", "1 to 64");
    }
    assert_takes(field, repeat(arena, "a", 64), repeat(arena, "a", 64));
    assert_refuses(field, text_of(repeat(arena, "a", 65)), "sku", "1 to 64");
    assert_refuses(field, TEXT("a\0"), "sku", "1 to 64");
}

static void slugs_are_words_with_hyphens(void **state)
{
    struct arena *arena = *state;
    const struct field *field = CATEGORY(CATEGORY_SLUG);
    static const char *const taken[] = {"a", "0", "green-tea", "a-1-b", "100"};
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        assert_takes(field, taken[i], taken[i]);
    }
    static const char *const refused[] = {"", "-", "-a", "a-", "a--b", "A", "a_b", "a b", "\xC3\xBC", "a.b", "a/"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_refuses(field, text_of(refused[i]), "slug", "green-tea");
    }
    assert_takes(field, repeat(arena, "a", 100), repeat(arena, "a", 100));
    assert_refuses(field, text_of(repeat(arena, "a", 101)), "too_long", "at most 100 characters, has 101");
}

static void prices_keep_their_digits(void **state)
{
    (void)state;
    const struct field *field = PRODUCT(PRODUCT_PRICE);
    assert_takes(field, "19.90", "19.90");
    assert_refuses(field, TEXT("0.00"), "not_positive", "greater than zero");
    assert_refuses(field, TEXT("1e3"), "malformed", "plain decimal");
    assert_refuses(field, TEXT("01"), "leading_zero", "zero");
    assert_refuses(field, TEXT("123456789012345"), "too_large", "14 digits before");
    assert_refuses(field, TEXT("1.23456"), "too_precise", "4 digits after");
}

static void currencies_are_of_iso_4217(void **state)
{
    (void)state;
    const struct field *field = PRODUCT(PRODUCT_CURRENCY);
    assert_takes(field, "EUR", "EUR");
    assert_refuses(field, TEXT("eur"), "currency", "capitals");
    assert_refuses(field, TEXT("ZZZ"), "currency", "ISO 4217");
    assert_refuses(field, TEXT(""), "currency", "ISO 4217");
}

static void a_status_is_one_of_the_list(void **state)
{
    (void)state;
    const struct field *field = PRODUCT(PRODUCT_STATUS);
    for (size_t i = 0; i < product_status_count; i++) {
        assert_takes(field, product_statuses[i], product_statuses[i]);
        assert_refuses(field, TEXT("gone"), "status", product_statuses[i]);
    }
    assert_refuses(field, TEXT("Active"), "status", "must be one of draft, active, archived");
    assert_refuses(field, TEXT(""), "status", "one of");
}

static void integers_have_no_sign_or_fraction(void **state)
{
    (void)state;
    const struct field *field = CATEGORY(CATEGORY_POSITION);
    static const char *const taken[] = {"0", "7", "2147483647"};
    for (size_t i = 0; i < COUNT_OF(taken); i++) {
        assert_takes(field, taken[i], taken[i]);
    }
    static const char *const refused[] = {"",  "-1", "-0", "1.0", "1e2", "007", "2147483648", "99999999999999999999999",
                                          " 1"};
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        assert_refuses(field, text_of(refused[i]), "integer", "from 0 to 2147483647");
    }
}

static void timestamps_are_in_utc(void **state)
{
    (void)state;
    const struct field *field = PRODUCT(PRODUCT_CREATED_AT);
    assert_takes(field, "2026-11-23T09:15:02.123456Z", "2026-11-23T09:15:02.123456Z");
    assert_refuses(field, TEXT("2026-11-23T09:15:02Z"), "timestamp", "2026-11-23T09:15:02.123456Z");
    assert_refuses(field, TEXT("yesterday"), "timestamp", "UTC");
}

static void what_json_checks_is_left_alone(void **state)
{
    (void)state;
    assert_takes(PRODUCT(PRODUCT_ATTRIBUTES), "{\"a\":1}", "{\"a\":1}");
    assert_takes(PRODUCT(PRODUCT_IMAGES), "[]", "[]");
}

static void values_are_set_and_given(void **state)
{
    (void)state;
    struct record record = {0};
    record_set(&record, PRODUCT_SKU, TEXT_ABSENT);
    record_set(&record, PRODUCT_UPDATED_AT, TEXT("x"));
    assert_true(record_has(&record, PRODUCT_SKU));
    assert_true(record_has(&record, PRODUCT_UPDATED_AT));
    assert_false(record_has(&record, PRODUCT_NAME));
    assert_text(record.value[PRODUCT_SKU], NULL);
    assert_text(record.value[PRODUCT_UPDATED_AT], "x");
}

static void an_empty_product_lacks_what_is_required(void **state)
{
    (void)state;
    struct record record = {0};
    record_complete(&product_schema, &record, "EUR", &faults);
    static const char *const missing[] = {"/name", "/price", "/category_id"};
    assert_int_equal(faults.count, COUNT_OF(missing));
    for (size_t i = 0; i < COUNT_OF(missing); i++) {
        assert_string_equal(faults.item[i].where, missing[i]);
        assert_string_equal(faults.item[i].code, "required");
    }
}

static void a_product_is_completed_with_defaults(void **state)
{
    (void)state;
    struct record record = {0};
    record_set(&record, PRODUCT_NAME, TEXT("Green tea"));
    record_set(&record, PRODUCT_PRICE, TEXT("1"));
    record_set(&record, PRODUCT_CATEGORY_ID, TEXT("0193abcd-ef01-7abc-8def-0123456789ab"));
    uint32_t given = record.given;
    record_complete(&product_schema, &record, "EUR", &faults);
    assert_int_equal(faults.count, 0);
    assert_int_equal(record.given, given); /* a default was not in the body */
    static const char *const want[PRODUCT_FIELD_COUNT] = {
        [PRODUCT_NAME] = "Green tea", [PRODUCT_PRICE] = "1",
        [PRODUCT_CURRENCY] = "EUR",   [PRODUCT_CATEGORY_ID] = "0193abcd-ef01-7abc-8def-0123456789ab",
        [PRODUCT_STATUS] = "active",  [PRODUCT_ATTRIBUTES] = "{}",
        [PRODUCT_IMAGES] = "[]",
    };
    for (size_t i = 0; i < PRODUCT_FIELD_COUNT; i++) {
        assert_text(record.value[i], want[i]);
    }
}

static void what_was_given_is_kept(void **state)
{
    (void)state;
    struct record record = {0};
    for (size_t i = 0; i < PRODUCT_FIELD_COUNT; i++) {
        record_set(&record, i, TEXT("given"));
    }
    record_complete(&product_schema, &record, "EUR", &faults);
    assert_int_equal(faults.count, 0);
    for (size_t i = 0; i < PRODUCT_FIELD_COUNT; i++) {
        assert_text(record.value[i], "given");
    }
}

static void a_category_needs_a_name_only(void **state)
{
    (void)state;
    struct record record = {0};
    record_complete(&category_schema, &record, "EUR", &faults);
    assert_int_equal(faults.count, 1);
    assert_string_equal(faults.item[0].where, "/name");
    assert_text(record.value[CATEGORY_POSITION], "0");
    assert_text(record.value[CATEGORY_PARENT_ID], NULL);
    assert_text(record.value[CATEGORY_SLUG], NULL);
    assert_text(record.value[CATEGORY_VERSION], NULL);
}

static void the_version_of_a_record_is_its_field(void **state)
{
    struct record record = {0};

    (void)state;
    assert_int_equal(record_version(&record, PRODUCT_VERSION), 0);
    record_set(&record, PRODUCT_VERSION, TEXT("12"));
    assert_int_equal(record_version(&record, PRODUCT_VERSION), 12);
    record_set(&record, PRODUCT_VERSION, TEXT("twelve"));
    assert_int_equal(record_version(&record, PRODUCT_VERSION), 0);
}

#define WITH_FAULTS(test) cmocka_unit_test_setup_teardown(test, make_faults, free_faults)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_FAULTS(uuids_are_lower_cased),
        WITH_FAULTS(names_are_trimmed),
        WITH_FAULTS(names_have_no_control_characters),
        WITH_FAULTS(names_are_counted_in_code_points),
        WITH_FAULTS(prose_keeps_its_lines),
        WITH_FAULTS(skus_have_their_alphabet),
        WITH_FAULTS(slugs_are_words_with_hyphens),
        WITH_FAULTS(prices_keep_their_digits),
        WITH_FAULTS(currencies_are_of_iso_4217),
        WITH_FAULTS(a_status_is_one_of_the_list),
        WITH_FAULTS(integers_have_no_sign_or_fraction),
        WITH_FAULTS(timestamps_are_in_utc),
        WITH_FAULTS(what_json_checks_is_left_alone),
        WITH_FAULTS(values_are_set_and_given),
        WITH_FAULTS(an_empty_product_lacks_what_is_required),
        WITH_FAULTS(a_product_is_completed_with_defaults),
        WITH_FAULTS(what_was_given_is_kept),
        WITH_FAULTS(a_category_needs_a_name_only),
        cmocka_unit_test(the_version_of_a_record_is_its_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

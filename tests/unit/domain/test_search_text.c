/* Tests of domain/search_text.h. */
#include "domain/search_text.h"

#include "../base/check.h"

#include <stdio.h>
#include <string.h>

/* The terms as one line: [word], [-word], ["phrase"], [word*]. */
static const char *shown(const char *text)
{
    static char line[4096];
    struct search_text search;
    size_t length = 0;

    enum search_fault fault = search_text_read(text_of(text), &search);
    if (fault != SEARCH_OK) {
        return search_fault_code(fault);
    }
    line[0] = '\0';
    for (size_t i = 0; i < search.count; i++) {
        const struct search_term *term = &search.term[i];
        const char *quote = term->phrase ? "\"" : "";

        length += (size_t)snprintf(line + length, sizeof line - length, "[%s%s%.*s%s%s]", term->excluded ? "-" : "",
                                   quote, TEXT_PRINT(term->text), quote, term->prefix ? "*" : "");
    }
    return line;
}

static void reads_terms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *terms;
    } rows[] = {
        {"tea", "[tea*]"},
        {"green tea", "[green][tea*]"},
        {"  green\t tea\n", "[green][tea*]"},
        {"green\xC2\xA0tea\xE3\x80\x80", "[green][tea*]"}, /* no-break space, ideographic space */
        {"\"green tea\"", "[\"green tea\"]"},
        {"\"green tea\" uji", "[\"green tea\"][uji*]"},
        {"uji \"green tea\"", "[uji][\"green tea\"]"},
        {"uji\"green tea\"now", "[uji][\"green tea\"][now*]"},
        {"\"green tea", "[\"green tea\"]"},
        {"green\"", "[green*]"},
        {"\xE2\x80\x9Cgreen tea\xE2\x80\x9D", "[\"green tea\"]"},
        {"\xE2\x80\x9Egreen tea\xE2\x80\x9C uji", "[\"green tea\"][uji*]"},
        {"tea -green", "[tea][-green]"},
        {"-green tea", "[-green][tea*]"},
        {"-\"green tea\" uji", "[-\"green tea\"][uji*]"},
        {"-green", "[-green]"},
        {"--green", "[--green]"},
        {"cast-iron", "[cast-iron*]"},
        {"TEA-100", "[TEA-100*]"},
        {"tea - green", "[tea][green*]"},
        {"tea -", "[tea*]"},
        {"tea \"\" \"  \" -\"\"", "[tea*]"},
        {"tea & green | !x (y) :* <->", "[tea][green][!x][(y)*]"},
        {"it's 100% \\", "[it's][100%*]"},
        {"Gr\xC3\xBCn", "[Gr\xC3\xBCn*]"},
        {"\xE7\xBB\xBF\xE8\x8C\xB6", "[\xE7\xBB\xBF\xE8\x8C\xB6*]"},
        {"7", "[7*]"},
        {"\x01tea\x7F"
         "green\x1F",
         "[tea][green*]"},
        {"", "without_word"},
        {"   ", "without_word"},
        {"-", "without_word"},
        {"\"", "without_word"},
        {"\"!?\" -* ()", "without_word"},
        {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16", "[1][2][3][4][5][6][7][8][9][10][11][12][13][14][15][16*]"},
        {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 ! ?", "[1][2][3][4][5][6][7][8][9][10][11][12][13][14][15][16*]"},
        {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17", "too_many"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strcmp(shown(rows[i].text), rows[i].terms) != 0) {
            fail_msg("row \"%s\": %s, not %s", rows[i].text, shown(rows[i].text), rows[i].terms);
        }
    }
}

static void counts_characters_and_not_bytes(void **state)
{
    (void)state;
    char text[2 * SEARCH_LENGTH_MAX + 3];
    struct search_text search;

    for (size_t i = 0; i <= SEARCH_LENGTH_MAX; i++) {
        memcpy(text + 2 * i, "\xC3\xBC", 3);
    }
    struct text most = {.data = text, .length = (size_t)2 * SEARCH_LENGTH_MAX};
    assert_int_equal(search_text_read(most, &search), SEARCH_OK);
    assert_int_equal(search.count, 1);
    assert_true(text_equal(search.term[0].text, most));
    most.length += 2;
    assert_int_equal(search_text_read(most, &search), SEARCH_TOO_LONG);
}

static void takes_bytes_that_are_not_text(void **state)
{
    (void)state;
    struct search_text search;

    assert_int_equal(search_text_read((struct text){.data = "\xFF \xE2\x80", .length = 4}, &search), SEARCH_OK);
    assert_int_equal(search.count, 2);
    assert_int_equal(search_text_read(TEXT_ABSENT, &search), SEARCH_WITHOUT_WORD);
}

static void faults_say_how_to_mend_them(void **state)
{
    (void)state;
    for (unsigned fault = SEARCH_OK; fault < SEARCH_FAULT_COUNT; fault++) {
        assert_true(strlen(search_fault_code(fault)) > 0);
        assert_true(strlen(search_fault_detail(fault)) > 0);
    }
    char number[8];
    (void)snprintf(number, sizeof number, "%d", SEARCH_LENGTH_MAX);
    assert_non_null(strstr(search_fault_detail(SEARCH_TOO_LONG), number));
    (void)snprintf(number, sizeof number, "%d", SEARCH_TERMS_MAX);
    assert_non_null(strstr(search_fault_detail(SEARCH_TOO_MANY), number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_terms),
        cmocka_unit_test(counts_characters_and_not_bytes),
        cmocka_unit_test(takes_bytes_that_are_not_text),
        cmocka_unit_test(faults_say_how_to_mend_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

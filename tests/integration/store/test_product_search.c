/* Tests of store/product_search.h: what words find, and how they are spelt. */
#include "store/product_search.h"

#include "../database.h"

#define TEA "01900000-0000-7000-8000-000000000001"

/* Names and descriptions of products; their skus are SKU-1, SKU-2 and so on. */
static const char *const goods[][2] = {
    {"Organic Uji green tea, 100 g", "Hand-picked in spring."},
    {"Smoky Yunnan black tea, 250 g", "A favourite of our customers, like green tea."},
    {"Gr\xC3\xBCner Tee Stra\xC3\x9F"
     "enfest",
     "Caf\xC3\xA9 Cr\xC3\xA8me br\xC3\xBBl\xC3\xA9"
     "e, \xC3\x98resund, \xC5\x81\xC3\xB3"
     "d\xC5\xBA"},
    {"Forged ash-handled hammer, 320 mm", NULL},
    {"\xCE\xA4\xCF\x83\xCE\xAC\xCE\xB9 \xCF\x80\xCF\x81\xCE\xAC\xCF\x83\xCE\xB9\xCE\xBD\xCE\xBF\xCF\x82", NULL},
    {"\xD0\xA7\xD0\xB0\xD0\xB9 \xD0\xB7\xD0\xB5\xD0\xBB\xD1\x91\xD0\xBD\xD1\x8B\xD0\xB9", "R2-D2 & C3PO 1.5e3 it's"},
    {"\xE7\xBB\xBF\xE8\x8C\xB6 \xEF\xBC\xB4\xEF\xBC\xA5\xEF\xBC\xA1", "Teatime\xE2\x84\xA2 O\xE2\x80\x99Neill"},
};

static int set_up(void **state)
{
    (void)catalogue_set_up(state);
    run_sql(*state, "INSERT INTO category (id, name, slug) VALUES ('" TEA "', 'Tea', 'tea')");
    return 0;
}

#define CHANGED(type)                                                                                                  \
    " RETURNING id) INSERT INTO change (type, id, version, at, data) SELECT 'product." type                            \
    "', id, 1, now(), '{}' FROM made"

/* As every writer does: with a row in the feed. */
static void put(struct database *database, size_t number, const char *name, const char *description)
{
    const struct text values[] = {arena_printf(database->scope.arena, "01910000-0000-7000-8000-%012zx", number),
                                  arena_printf(database->scope.arena, "SKU-%zu", number), text_of(name),
                                  text_of(description)};
    struct pg_result *result = NULL;

    assert_int_equal(pg_exec(database->pg, &database->scope, "put",
                             "WITH made AS (INSERT INTO product (id, sku, name, description, price, currency, "
                             "category_id, status, attributes, images) VALUES ($1, $2, $3, $4, 1, 'EUR', '" TEA
                             "', 'active', '{}', '[]')" CHANGED("created"),
                             false, values, COUNT_OF(values), &result),
                     STATUS_OK);
}

static int stock(void **state)
{
    (void)database_reset(state);
    run_sql(*state, "TRUNCATE product, search_word, change");
    for (size_t i = 0; i < COUNT_OF(goods); i++) {
        put(*state, i + 1, goods[i][0], goods[i][1]);
    }
    return 0;
}

static struct product_search plan(struct database *database, const char *text)
{
    struct product_search search;
    enum status status = product_search_plan(database->pg, &database->scope, text_of(text), &search);

    assert_row(status == STATUS_OK, text);
    return search;
}

/* The numbers of what is found, in order: "1 2". */
static const char *found(struct database *database, const char *text)
{
    struct product_search search = plan(database, text);
    struct pg_result *result = NULL;

    if (search.spread == SEARCH_NOWHERE) {
        return "";
    }
    assert_int_equal(pg_exec(database->pg, &database->scope, "found",
                             "SELECT string_agg(substr(sku, 5), ' ' ORDER BY sku) FROM product "
                             "WHERE deleted_at IS NULL AND search @@ $1::tsquery",
                             true, &search.match, 1, &result),
                     STATUS_OK);
    return arena_string(database->scope.arena, pg_value(result, 0, 0));
}

/* --- words --- */

static void words_find(void **state)
{
    static const char *const rows[][2] = {
        {"green", "1 2"},
        {"GREEN Tea", "1 2"},
        {"tea green uji", "1"},
        {"\"green tea\"", "1 2"},
        {"\"tea green\"", ""},
        {"\"black tea\" customers", "2"},
        {"tea -black", "1 7"},
        {"tea -\"black tea\"", "1 7"},
        {"-tea", "3 4 5 6"}, /* 7 has it in full width */
        {"hand picked", "1"},
        {"hand-picked", "1"},
        {"ash-handled", "4"},
        {"handled-ash", ""},
        {"SKU-4", "4"},
        {"sku 4", "4"},
        {"ham", "4"},
        {"ham forged", ""}, /* only the last word may go on */
        {"forged ham", "4"},
        {"\"forged ash handled ham\"", ""},
        {"gruner", "3"},
        {"GR\xC3\x9CNER", "3"},
        {"gru\xCC\x88ner", "3"}, /* the accent as a character of its own */
        {"strassenfest", "3"},
        {"Stra\xC3\x9F", "3"},
        {"creme brulee", "3"},
        {"oresund lodz", "3"},
        {"\xCE\xA4\xCE\xA3\xCE\x91\xCE\x99", "5"},
        {"\xCF\x80\xCF\x81\xCE\xB1\xCF\x83\xCE\xB9\xCE\xBD\xCE\xBF\xCF\x83", "5"},
        {"\xD0\x97\xD0\x95\xD0\x9B\xD0\x95\xD0\x9D\xD0\xAB\xD0\x99", "6"},
        {"r2-d2", "6"},
        {"1.5e3", "6"},
        {"it's", "6"},
        {"\xE7\xBB\xBF", "7"},
        {"tea", "1 2 7"},
        {"teatime", "7"},
        {"o'neill", "7"},
        {"favourit", "2"},
        {"nothingofthekindatall", ""},
        {"\xE2\x82\xAC", ""},
        {"tea \xE2\x82\xAC", "1 2 7"},
        {"-\xE2\x82\xAC", ""},
        {"' OR 1=1; -- & | ! <-> :* (", ""},
        {"tea & !black", "2"},
    };
    struct database *database = *state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *got = found(database, rows[i][0]);
        if (strcmp(got, rows[i][1]) != 0) {
            fail_msg("row \"%s\": %s, not %s", rows[i][0], got, rows[i][1]);
        }
    }
}

/* What is stored and what is asked for go through the same function, whatever its characters. */
static void a_product_is_found_by_each_of_its_words(void **state)
{
    struct database *database = *state;
    for (size_t i = 0; i < COUNT_OF(goods); i++) {
        for (size_t field = 0; field < 2; field++) {
            struct text rest = text_of(goods[i][field]);
            while (rest.data != NULL) {
                struct text word = text_split(rest, ' ', &rest);
                const char *text = arena_string(database->scope.arena, word);
                if (strcmp(text, "&") != 0) {
                    const char *got = arena_printf(database->scope.arena, " %s ", found(database, text)).data;
                    const char *want = arena_printf(database->scope.arena, " %zu ", i + 1).data;
                    assert_row(strstr(got, want) != NULL, text);
                }
            }
        }
    }
}

static void words_follow_their_product(void **state)
{
    struct database *database = *state;
    run_sql(database, "UPDATE product SET name = 'Oolong', description = NULL WHERE sku = 'SKU-1'");
    assert_string_equal(found(database, "uji"), "");
    assert_string_equal(found(database, "oolong"), "1");
    run_sql(database, "UPDATE product SET deleted_at = now() WHERE sku = 'SKU-1'");
    assert_string_equal(found(database, "oolong"), "");
}

/* --- spelling --- */

static void assert_spelling(struct database *database, const char *text, const char *given, const char *used)
{
    struct product_search search = plan(database, text);
    assert_row(search.note.spelling_count == (given != NULL ? 1 : 0), text);
    if (given != NULL) {
        assert_text(search.note.spelling[0].given, given);
        assert_text(search.note.spelling[0].used, used);
    }
}

static void misspelt_words_find_where_nothing_else_does(void **state)
{
    struct database *database = *state;
    assert_string_equal(found(database, "hamer"), "4");
    assert_spelling(database, "hamer", "hamer", "hammer");
    assert_string_equal(found(database, "Forgde h\xC3\xA1mmmer"), "4");
    assert_string_equal(found(database, "\"ash hanlded\""), "4");
    assert_string_equal(found(database, "yunan -green"), "");
    assert_string_equal(found(database, "yunan tea -uji"), "2");
    /* An unfinished word is no misspelt one, and one that is known is left alone. */
    assert_spelling(database, "grene", "grene", "green");
    assert_spelling(database, "hamm", NULL, NULL);
    assert_spelling(database, "green", NULL, NULL);
    assert_spelling(database, "black hammer", NULL, NULL);
    assert_string_equal(found(database, "black hammer"), "");
    /* Codes and short words are not guessed. */
    assert_spelling(database, "SKU-44", NULL, NULL);
    assert_spelling(database, "tae", NULL, NULL);
    assert_spelling(database, "zzzzqqqq", NULL, NULL);
}

static const char *known(struct database *database, const char *words)
{
    return ask(database, arena_printf(database->scope.arena,
                                      "SELECT coalesce(string_agg(word, ' ' ORDER BY word), '') FROM search_word "
                                      "WHERE word = ANY ('{%s}')",
                                      words)
                             .data);
}

static void describe(struct database *database, const char *description)
{
    run_sql(database,
            arena_printf(database->scope.arena,
                         "WITH made AS (UPDATE product SET description = '%s' WHERE sku = 'SKU-1'" CHANGED("updated"),
                         description)
                .data);
}

/* Writers learn nothing; who goes through the feed learns each word once, in as many steps as the bound makes of it. */
static void words_are_learnt_from_the_feed(void **state)
{
    struct database *database = *state;
    assert_string_equal(known(database, "hammer,green"), "");
    assert_string_equal(ask(database, "SELECT search_learn(5)"), "5");
    assert_string_equal(ask(database, "SELECT search_learn(5)"), "2");
    assert_string_equal(ask(database, "SELECT search_learn(5)"), "0");
    put(database, 50, "Another hammer", NULL);
    assert_string_equal(ask(database, "SELECT search_learn(5)"), "1");
    assert_string_equal(known(database, "hammer,green,another"), "another green hammer");
    describe(database, "Secateurs");
    assert_string_equal(known(database, "secateurs"), "");
}

/* No runner is needed, and what was deleted in the meantime is not learnt. */
static void a_search_that_finds_nothing_learns_first(void **state)
{
    struct database *database = *state;
    describe(database, "Secateurs");
    assert_string_equal(found(database, "secateurs"), "1");
    assert_string_equal(known(database, "secateurs"), "");
    assert_string_equal(found(database, "secatuers"), "1");
    assert_string_equal(known(database, "secateurs"), "secateurs");
    put(database, 51, "Trellis", NULL);
    run_sql(database, "UPDATE product SET deleted_at = now() WHERE sku = 'SKU-51'");
    assert_string_equal(found(database, "trelils"), "");
    assert_string_equal(known(database, "trellis"), "");
}

static void a_session_that_may_not_write_learns_nothing(void **state)
{
    struct database *database = *state;
    run_sql(database, "SET default_transaction_read_only = on");
    assert_string_equal(found(database, "hamemr"), "");
    assert_string_equal(ask(database, "SELECT search_learn(5)"), "0");
    run_sql(database, "SET default_transaction_read_only = off");
    assert_string_equal(ask(database, "SELECT search_learn(5)"), "5");
}

/* A batch at a time, from the first word to the last; not again before the pause is over. */
static void words_that_no_product_has_are_forgotten(void **state)
{
    struct database *database = *state;
    static const char forget[] = "SELECT forgotten || ' ' || more FROM search_forget(4, interval '1 hour')";
    unsigned batches = 0;
    unsigned forgotten = 0;
    const char *answer = NULL;

    assert_string_equal(ask(database, "SELECT search_learn(100)"), "7");
    describe(database, "Secateurs");
    assert_string_equal(ask(database, "SELECT search_learn(100)"), "1");
    assert_string_equal(ask(database, forget), "0 false");
    run_sql(database, "UPDATE search_sweep SET began_at = now() - interval '2 hours'");
    run_sql(database, "UPDATE product SET deleted_at = now() WHERE sku = 'SKU-4'");
    const unsigned long before = strtoul(ask(database, "SELECT count(*) FROM search_word"), NULL, 10);
    do {
        answer = ask(database, forget);
        forgotten += (unsigned)(answer[0] - '0');
        batches++;
    } while (strstr(answer, "true") != NULL);
    assert_int_equal(batches, before / 4 + 1);
    /* "hand", "picked", "spring" of what was described anew; "forged", "handled", "hammer" of what was deleted. */
    assert_int_equal(forgotten, 6);
    assert_string_equal(known(database, "hand,picked,spring,forged,handled,hammer"), "");
    assert_string_equal(ask(database, "SELECT count(*) FROM unnest(tsvector_to_array((SELECT search FROM product WHERE "
                                      "sku = 'SKU-2'))) lexeme WHERE length(lexeme) >= 4 AND lexeme !~ '[0-9]' AND "
                                      "lexeme NOT IN (SELECT word FROM search_word)"),
                        "0");
    assert_string_equal(ask(database, forget), "0 false");
    /* What was forgotten is not what a word is mended to, and is known again when a product has it again. */
    assert_spelling(database, "hamemr", NULL, NULL);
    run_sql(database, "WITH made AS (UPDATE product SET deleted_at = NULL WHERE sku = 'SKU-4'" CHANGED("restored"));
    assert_spelling(database, "hamemr", "hamemr", "hammer");
}

/* Words that the planner knows to be common are kept without a look, and others looked up by their index. */
static void a_sweep_reads_no_more_than_a_product_for_a_word(void **state)
{
    struct database *database = *state;
    run_sql(database, "INSERT INTO product (id, name, price, currency, category_id, status, attributes, images) "
                      "SELECT gen_random_uuid(), 'Common ' || translate(n::text, '0123456789', 'abcdefghij') || "
                      "'xyz', 1, 'EUR', '" TEA "', 'active', '{}', '[]' FROM generate_series(1, 3000) n;"
                      "INSERT INTO search_word (word) SELECT 'aaaa' || translate(n::text, '0123456789', 'abcdefghij') "
                      "FROM generate_series(1, 200) n;"
                      "SELECT search_learn_from(array_agg(search)) FROM product; ANALYZE product;"
                      "UPDATE search_sweep SET word = '', began_at = now() - interval '2 hours';"
                      "SELECT pg_stat_force_next_flush()");
    static const char read[] = "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables "
                               "WHERE relid = 'product'::regclass";
    const unsigned long before = strtoul(ask(database, read), NULL, 10);
    assert_string_equal(ask(database, "SELECT forgotten || ' ' || more FROM search_forget(1000, interval '1 hour')"),
                        "200 true");
    run_sql(database, "SELECT pg_stat_force_next_flush()");
    assert_in_range(strtoul(ask(database, read), NULL, 10) - before, 1, 2000);
}

/* Text of ASCII is folded by a shorter way than other text, but to the same words in the same places: every character of it,
 * between letters and digits and beside other gaps. */
static void ascii_has_the_words_of_any_other_way(void **state)
{
    static const char differs[] =
        "WITH piece AS (SELECT string_agg(chr((1 + (n * n * 31 + n * 7919) % 127)::integer), '' ORDER BY n) AS text, n "
        "/ 23 AS at "
        "FROM generate_series(1::bigint, 23000) n GROUP BY n / 23 UNION ALL "
        "SELECT 'Ab' || chr(a) || gap || '1c' || gap || 'D' || chr(a), 0 "
        "FROM generate_series(1, 127) a, regexp_split_to_table(' -_.:/@+&', '') gap), "
        "folded AS (SELECT text, to_tsvector('pg_catalog.simple', search_fold(text)) AS words FROM piece) "
        "SELECT count(*) FROM folded "
        "WHERE search_vector(text, text, text) IS DISTINCT FROM "
        "setweight(words, 'A') || setweight(words, 'B') || setweight(words, 'D') "
        "OR search_vector(text, NULL, NULL) IS DISTINCT FROM setweight(words, 'A') "
        "OR search_vector(text, NULL, text) IS DISTINCT FROM setweight(words, 'A') || setweight(words, 'D') "
        "OR strip(search_vector(text || ' ' || chr(233), NULL, NULL)) <> strip(words || to_tsvector('simple', 'e'))";
    assert_string_equal(ask(*state, differs), "0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(words_find, stock),
        cmocka_unit_test_setup(a_product_is_found_by_each_of_its_words, stock),
        cmocka_unit_test_setup(words_follow_their_product, stock),
        cmocka_unit_test(ascii_has_the_words_of_any_other_way),
        cmocka_unit_test_setup(misspelt_words_find_where_nothing_else_does, stock),
        cmocka_unit_test_setup(words_are_learnt_from_the_feed, stock),
        cmocka_unit_test_setup(a_search_that_finds_nothing_learns_first, stock),
        cmocka_unit_test_setup(a_session_that_may_not_write_learns_nothing, stock),
        cmocka_unit_test_setup(words_that_no_product_has_are_forgotten, stock),
        cmocka_unit_test_setup(a_sweep_reads_no_more_than_a_product_for_a_word, stock),
    };
    return cmocka_run_group_tests(tests, set_up, database_tear_down);
}
